"""Learning-rate schedules by hand, and gradient clipping."""

import math

import numpy as np
import pytest

from spikenet.graph import Tensor
from spikenet.kernels import optimise
from spikenet.kernels.finite import LARGE, SHARE, all_finite
from spikenet.train import optim
from spikenet.train.gradients import clip_gradients, first_not_finite


def test_step_decay_falls_at_every_multiple():
    schedule = optim.StepDecay(10, 0.5)
    assert [schedule(k) for k in (0, 9, 10, 19, 20)] == [1, 1, 0.5, 0.5, 0.25]


def test_cosine_goes_from_one_through_the_middle_to_its_floor():
    schedule = optim.Cosine(100, floor=0.2)
    assert [schedule(k) for k in (0, 50, 100, 500)] == pytest.approx([1, 0.6, 0.2, 0.2])
    assert schedule(25) == pytest.approx(0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2)


def test_warm_up_rises_then_hands_over_from_step_zero():
    schedule = optim.WarmUp(4, then=optim.StepDecay(2, 0.1))
    assert [schedule(k) for k in range(8)] == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1])
    assert optim.WarmUp(2)(100) == 1
    assert optim.Constant(0.3)(7) == 0.3


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.StepDecay(0), ValueError, "StepDecay: every"),
        (lambda: optim.StepDecay(2.5), TypeError, "StepDecay: every"),
        (lambda: optim.Cosine(10, floor=2), ValueError, "Cosine: floor"),
        (lambda: optim.WarmUp(5, then=0.1), TypeError, "expected a schedule in then, got 0.1"),
        (lambda: optim.Constant(-1), ValueError, "Constant: factor"),
    ],
)
def test_bad_schedules(make, error, message):
    with pytest.raises(error, match=message):
        make()


def parameters(*gradients):
    params = {f"p{k}": Tensor(np.zeros_like(g), requires_grad=True) for k, g in enumerate(gradients)}
    for p, g in zip(params.values(), gradients, strict=True):
        p.grad = g
    return params


def test_clipping_scales_all_gradients_to_the_norm_and_returns_the_old_one():
    params = parameters(np.array([3.0, 0.0]), np.array([[4.0]]))
    params["idle"] = Tensor(np.zeros(2), requires_grad=True)
    given = params["p0"].grad
    assert clip_gradients(params, 1.0) == 5.0
    assert np.allclose(params["p0"].grad, [0.6, 0])
    assert np.allclose(params["p1"].grad, [[0.8]])
    assert params["idle"].grad is None
    assert np.array_equal(given, [3, 0])  # a gradient is replaced, never written in
    assert clip_gradients(params, 1.5) == pytest.approx(1.0)
    assert np.allclose(params["p0"].grad, [0.6, 0])


@pytest.mark.parametrize("n", [1, 15, 33, optimise.CHUNK + 1, optimise.SERIAL + 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norm_of_any_length(n, dtype):
    g = np.random.default_rng(n).normal(size=n).astype(dtype)
    params = parameters(g)
    assert clip_gradients(params, 1e9) == pytest.approx(math.sqrt(math.fsum(float(x) ** 2 for x in g)), rel=1e-12)
    assert params["p0"].grad.dtype == dtype


@pytest.mark.parametrize("n", [1, 70, LARGE + 5, 2 * SHARE + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_number_is_found_anywhere(n, dtype, bad):
    g = np.random.default_rng(n).normal(size=n).astype(dtype)
    g[n // 2] = np.finfo(dtype).max  # the largest finite number is no infinity
    assert all_finite(g)
    assert first_not_finite(parameters(g)) is None
    for k in {0, n // 3, n - 1}:
        spoiled = g.copy()
        spoiled[k] = bad
        assert not all_finite(spoiled)
        assert first_not_finite(parameters(g, spoiled)) == "p1"


def test_bad_norm():
    with pytest.raises(ValueError, match="clip_gradients: max_norm: expected a number > 0, got 0"):
        clip_gradients({}, 0)
