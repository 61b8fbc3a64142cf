"""Delta: spikes where a signal changes."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.encode import Delta


def train(signal, **options):
    return Delta(1, **options)(np.array(signal, np.float32)[:, None, None])[:, 0, 0].tolist()


# The examples of snnTorch's spikegen.delta, whose signs and first step these are.
@pytest.mark.parametrize(
    ("signal", "options", "expected"),
    [
        ([1, 2, 2.9, 3, 3.9], {}, [1, 1, 0, 0, 0]),
        ([1, 2, 2.9, 3, 3.9], {"padded": True}, [0, 1, 0, 0, 0]),
        ([1, 2, 0, 2, 2.9], {"signed": True}, [1, 1, -1, 1, 0]),
        ([1, 2, 0, 2, 2.9], {"signed": True, "padded": True}, [0, 1, -1, 1, 0]),
        ([1, 2, 0, 2, 2.9], {}, [1, 1, 0, 1, 0]),
        ([-1, -3, -3.5], {"signed": True}, [-1, -1, 0]),
    ],
)
def test_golden(signal, options, expected):
    assert train(signal, **options) == expected


def test_equals_the_definition_one_value_after_the_other():
    x = np.random.default_rng(0).normal(size=(20, 3, 2, 2))
    x.flags.writeable = False
    spikes = Delta(0.7, signed=True)(x)
    for t, b, i, j in np.ndindex(x.shape):
        change = x[t, b, i, j] - (x[t - 1, b, i, j] if t else 0)
        assert spikes[t, b, i, j] == int(change >= 0.7) - int(change <= -0.7)


def test_a_falling_signal_is_the_mirror_of_a_rising_one():
    x = np.random.default_rng(1).normal(size=(30, 2, 3)).astype(np.float32)
    encoder = Delta(0.5, signed=True)
    assert np.array_equal(encoder(-x), -encoder(x))
    assert encoder(x).dtype == np.float32


def test_a_change_beyond_the_float_type_is_a_change():
    top = float(np.finfo(np.float32).max)
    assert train([top, -top], signed=True) == [1, -1]


def test_steps_catch_a_signal_with_the_batch_first():
    assert Delta(0.1, steps=7)(np.zeros((7, 2, 3))).shape == (7, 2, 3)
    with pytest.raises(ValueError, match=r"signal \(7, batch, \.\.\.\), time first, got \(2, 7, 3\)"):
        Delta(0.1, steps=7)(np.zeros((2, 7, 3)))


def test_index_counts_the_batch_not_the_steps():
    Delta(1)(np.zeros((5, 2, 1)), index=[8, 3])
    with pytest.raises(ValueError, match=r"index \(2,\)"):
        Delta(1)(np.zeros((5, 2, 1)), index=range(5))


@pytest.mark.parametrize("threshold", [1e-60, 1e60])
def test_refuses_a_threshold_outside_the_signals_type(threshold):
    with pytest.raises(ValueError, match="float32 can hold"):
        Delta(threshold)(np.zeros((5, 2, 1), np.float32))


@pytest.mark.parametrize("flag", ["signed", "padded"])
def test_flags_are_flags(flag):
    with pytest.raises(TypeError, match=f"{flag}: expected True or False, got 1"):
        Delta(0.1, **{flag: 1})
