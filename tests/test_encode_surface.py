"""What all encoders share: the constant one, the way they are called, what they refuse."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from spikenet.encode import (
    BSA,
    AdaptiveDelta,
    Constant,
    Delta,
    LatencyLIF,
    LatencyLinear,
    LatencyLog,
    Phase,
    Poisson,
    RankOrder,
    Rate,
    StepForward,
)

SIGNAL = [Delta(0.1, steps=5), StepForward(0.1, steps=5), BSA((0.2, 0.1), steps=5), AdaptiveDelta(0.1, 0.1, steps=5)]
NUMBER = [Rate(5, 0.5), LatencyLinear(5), LatencyLog(5), Poisson(5, 100.0), RankOrder(5)]
ENCODERS = [Constant(5), *NUMBER, LatencyLIF(5), *SIGNAL]
UNIT = [*NUMBER, Phase(5)]


def argument(encoder, batch=3):
    """An input the encoder takes: (batch, 2), or (5, batch, 2) where time comes with the signal."""
    return np.full((5, batch, 2) if encoder in SIGNAL else (batch, 2), 0.5, np.float32)


def test_constant_is_a_view_that_takes_no_memory():
    x = np.arange(6, dtype=np.float32).reshape(2, 3) - 2
    current = Constant(1000)(x)
    assert current.shape == (1000, 2, 3)
    assert current.strides[0] == 0
    assert np.shares_memory(current, x)
    assert not current.flags.writeable
    assert (current == x).all()


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_common_form(encoder):
    spikes = encoder(argument(encoder), index=np.array([5, 0, 9]), seed=3)
    assert spikes.shape == (encoder.steps, 3, 2) == (5, 3, 2)
    assert spikes.dtype == np.float32


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_config_makes_the_encoder_again_from_json(encoder):
    again = type(encoder)(**json.loads(json.dumps(encoder.config())))
    assert again == encoder
    with pytest.raises(dataclasses.FrozenInstanceError):
        encoder.steps = 7


def test_config_is_plain_even_from_numpy_numbers():
    json.dumps(Rate(np.int64(3), np.float32(0.5)).config())
    json.dumps(Delta(np.float32(1), signed=np.bool_(True), steps=np.int32(3)).config())


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_whole_numbers_become_float32(encoder):
    assert encoder(np.ones(argument(encoder).shape, int)).dtype == np.float32


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refuses_what_is_not_finite(encoder, bad):
    x = argument(encoder)
    x[1, 1] = bad
    with pytest.raises(ValueError, match=rf"{type(encoder).__name__}: x: expected finite.*{bad} at index \(1, 1"):
        encoder(x)


@pytest.mark.parametrize("encoder", UNIT, ids=repr)
@pytest.mark.parametrize("bad", [-1e-6, 1.000001, 255.0])
def test_refuses_what_is_outside_0_to_1(encoder, bad):
    x = argument(encoder)
    x[2, 0] = bad
    with pytest.raises(ValueError, match=r"in \[0, 1\], got .* at index \(2, 0\); scale"):
        encoder(x)


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_refuses_shapes_without_a_batch_or_empty(encoder):
    x = argument(encoder)
    with pytest.raises(ValueError, match=r"add the missing axis"):
        encoder(x[0])
    with pytest.raises(ValueError, match="at least one number"):
        encoder(x[..., :0])
    with pytest.raises(ValueError, match="at least one number"):
        encoder(argument(encoder, batch=0))


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize("x", [[["a"]], [[1j]], None, object()], ids=repr)
def test_refuses_what_is_no_number(encoder, x):
    with pytest.raises(TypeError, match="array of real numbers"):
        encoder(x)


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        ([0, 1], ValueError, r"index \(3,\).*got \(2,\)"),
        ([[0], [1], [2]], ValueError, r"got \(3, 1\)"),
        (4, ValueError, r"got \(\)"),
        ([0, -1, 2], ValueError, "got -1"),
        (np.array([0, 2**63, 1], np.uint64), ValueError, "got 9223372036854775808"),
        ([0.0, 1.0, 2.0], TypeError, "float64"),
        ([True, False, True], TypeError, "bool"),
    ],
)
def test_refuses_an_index(encoder, index, error, words):
    with pytest.raises(error, match=words):
        encoder(argument(encoder), index=index)


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**64, ValueError), (1.0, TypeError), (None, TypeError), (True, TypeError)]
)
def test_refuses_a_seed(encoder, seed, error):
    with pytest.raises(error, match=f"{type(encoder).__name__}: seed"):
        encoder(argument(encoder), seed=seed)


@pytest.mark.parametrize("kind", [Constant, Rate, LatencyLinear, LatencyLog, lambda steps: Delta(1, steps=steps)])
@pytest.mark.parametrize(("steps", "error"), [(0, ValueError), (-3, ValueError), (2.0, TypeError), (True, TypeError)])
def test_refuses_steps(kind, steps, error):
    with pytest.raises(error, match="steps"):
        kind(steps)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Rate(5, gain=0), ValueError, "gain.*got 0"),
        (lambda: Rate(5, gain=-1), ValueError, "gain.*got -1"),
        (lambda: Rate(5, gain=np.nan), ValueError, "gain.*got nan"),
        (lambda: Rate(5, gain="high"), TypeError, "gain.*'high'"),
        (lambda: LatencyLinear(5, threshold=1), ValueError, "threshold.*got 1"),
        (lambda: LatencyLinear(5, threshold=-0.1), ValueError, "threshold.*got -0.1"),
        (lambda: LatencyLinear(5, threshold=np.inf), ValueError, "threshold.*got inf"),
        (lambda: LatencyLog(5, threshold=0), ValueError, "threshold.*got 0"),
        (lambda: LatencyLog(5, threshold=1), ValueError, "threshold.*got 1"),
        (lambda: LatencyLog(5, least_excess=0), ValueError, "least_excess.*got 0"),
        (lambda: LatencyLog(5, threshold=0.9, least_excess=0.2), ValueError, r"<= 1.*0\.9 \+ 0\.2"),
        (lambda: Delta(0), ValueError, "threshold.*got 0"),
        (lambda: Delta(np.nan), ValueError, "threshold.*got nan"),
        (lambda: Delta("big"), TypeError, "threshold.*'big'"),
    ],
)
def test_refuses_a_parameter(make, error, words):
    with pytest.raises(error, match=words):
        make()
