"""The surrogates beyond the usual ones: published formula, derivative of their smooth function, finite everywhere."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from spikenet.graph import Tensor
from spikenet.layers import LIF
from spikenet.neurons import surrogate
from spikenet.neurons.surrogate import ALL, USUAL

NEW = [s for s in ALL if s not in USUAL]
EVERY = pytest.mark.parametrize("curve", NEW, ids=lambda s: s.name)


def normal(u, mean, sigma):
    return math.exp(-((u - mean) ** 2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))


def logistic(x):
    return 1 / (1 + math.exp(-x))


FORMULAS = {  # as the packages write them, at value w
    "tall_super_spike": lambda u, w: w / (1 + abs(u)) ** 2,
    "softsign": lambda u, w: 1 / (2 * w * (1 / w + abs(u)) ** 2),
    "exponential": lambda u, w: w / 2 * math.exp(-w * abs(u)),
    "single_exponential": lambda u, w: 1 / w * math.exp(-abs(u) / w),
    "slayer": lambda u, w: 0.1 / (2 * w) * math.exp(-abs(u) / w),
    "erf": lambda u, w: w / math.sqrt(math.pi) * math.exp(-(w**2) * u**2),
    "scaled_erf": lambda u, w: 2 / math.sqrt(math.pi) * math.exp(-((w * u) ** 2)),
    "tanh": lambda u, w: 4 / (math.exp(w * u) + math.exp(-w * u)) ** 2,
    "circle": lambda u, w: 2 * w * (1 / (2 * math.hypot(w, u)) - u**2 / (2 * math.hypot(w, u) ** 3)),
    "log_abs": lambda u, w: 1 / (1 / w + abs(u)),
    "heavy_tail": lambda u, w: (1 + 2 * abs(u) / (w - 1)) ** -w,
    "capped_inverse": lambda u, w: min(1 / abs(u), w) if u else w,
    "multi_gaussian": lambda u, w: 1.15 * normal(u, 0, w) - 0.15 * normal(u, w, 6 * w) - 0.15 * normal(u, -w, 6 * w),
    "piecewise_quadratic": lambda u, w: w - w**2 * abs(u) if abs(u) <= 1 / w else 0.0,
    "low_triangle": lambda u, w: w * max(0.0, 1 - abs(u)),
    "eprop": lambda u, w: 0.3 / w * max(0.0, 1 - abs(u) / w),
    "leaky_box": lambda u, w: 1 / (2 * w) if abs(u) <= w else 0.01,
    "straight_through": lambda u, w: w,
    "fourier": lambda u, w: 4 / w * math.cos(2 * math.pi * u / w),
    "window": lambda u, w: 1.0 if u >= -w else 0.0,
    "gate": lambda u, w: w if u > 0 else 0.0,
    "leaky_relu": lambda u, w: w if u >= 0 else 0.01,
    "s2nn": lambda u, w: w * logistic(w * u) * (1 - logistic(w * u)) if u < 0 else 1 / (u + 1),
    "log_tailed_relu": lambda u, w: w if u <= 0 else 1.0 if u <= 1 else 1 / u,
    "sparse_fast_sigmoid": lambda u, w: 1 / (1 + w * abs(u)) ** 2 if u > 1 else 0.0,
    "escape_rate": lambda u, w: 25 * math.exp(-w * abs(u - 1)),
    "graded": lambda u, w: math.exp(min(u, 0) / w),
    "periodic_exponential": lambda u, w: math.exp(-min(abs(u - k) for k in range(8)) / w),
}
JUMPS = (0.0, 1.0, 0.5, 1.5, 2.5)  # kinks and jumps that do not scale with the value, and its own: +-w, +-1/w


def points(curve):
    w = curve.value
    u = np.concatenate(
        [np.linspace(-5.03, 5.01, 101), np.linspace(-4.03, 4.01, 81) / w, np.linspace(-4.03, 4.01, 81) * w]
    )
    u = u[np.abs(u) < 7]
    kinks = np.array([*JUMPS, *(-j for j in JUMPS), w, -w, 1 / w, -1 / w])
    return u[np.abs(u[:, None] - kinks).min(axis=1) > 1e-3 / max(w, 1 / w, 1)]


def curves():
    for curve in NEW:
        yield curve
        yield curve(curve.value * 1.7)


VARIANTS = pytest.mark.parametrize("curve", list(curves()), ids=lambda s: f"{s.name}-{s.value:g}")


def test_every_curve_has_a_formula_here_and_is_found_by_its_name():
    assert {s.name for s in NEW} == FORMULAS.keys()
    assert all(getattr(surrogate, s.name) is s for s in ALL)
    assert len({s.name for s in ALL}) == len(ALL)


@VARIANTS
def test_formula(curve):
    for u in (0.013, -0.013, 0.2, -0.2, 0.8, -0.8, 1.3, 2.2, 3.1, -3.0):
        wanted = FORMULAS[curve.name](u, curve.value)
        assert curve.derivative(u) == pytest.approx(wanted, rel=1e-11, abs=1e-34), u
        assert curve.derivative(np.float64(u)) == pytest.approx(wanted, rel=1e-11, abs=1e-34)


def largest_error(curve):
    u = points(curve)
    step = 1e-5 / max(curve.value, 1 / curve.value, 1)
    numeric = (curve.smooth(u + step) - curve.smooth(u - step)) / (2 * step)
    derivative = curve.derivative(u)
    return float(np.abs(derivative - numeric).max() / np.abs(derivative).max())


@VARIANTS
def test_derivative_is_the_derivative_of_the_smooth_function(curve):
    assert largest_error(curve) < 1e-5  # of flat curves differences of numbers near 1/2 tell no more
    spoilt = replace(curve, derivative_at=lambda u, w: 1.001 * curve.derivative_at(u, w))
    assert largest_error(spoilt) > 1e-4


@VARIANTS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_up_to_1e30(curve, dtype):
    magnitude = np.logspace(-30, 30, 241, dtype=dtype)
    u = np.concatenate([-magnitude, magnitude, [0]]).astype(dtype)
    with np.errstate(all="raise"):  # nor does anything warn on the way
        derivative, smooth = curve.derivative(u), curve.smooth(u)
    assert derivative.dtype == smooth.dtype == dtype
    assert np.isfinite(derivative).all()
    assert np.isfinite(smooth).all()


@EVERY
def test_exactly_zero_beyond_the_support(curve):
    if math.isfinite(curve.support):
        assert curve.derivative(curve.support * 1.001) == curve.derivative(-curve.support * 1.001) == 0
        assert curve.derivative(curve.support * 0.99) > 0
    else:
        assert any(curve.derivative(u) for u in (-2 / curve.value, 2 / curve.value, 3.0))


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_the_adjoint_it_is_what_it_is_alone(curve, dtype, interpreted):
    """The gradient of one step of LIF is the curve, also where the membrane is at the ends of the range."""
    u = np.array([0.3, -0.4, 1.6, -1.3, 1e30, -1e30, 2e5], dtype)
    x = Tensor((u + 1)[None, None], requires_grad=True)
    LIF(surrogate=curve)(x).sum().backward()
    wanted = curve.derivative(x.data[0, 0] - dtype(1))
    assert np.isfinite(x.grad).all()
    np.testing.assert_allclose(x.grad[0, 0], wanted, rtol=1e-5 if dtype is np.float32 else 1e-12, atol=1e-34)


def test_a_value_that_is_too_small():
    with pytest.raises(ValueError, match=r"heavy_tail\(alpha\): expected a number > 1, got 1.0"):
        surrogate.heavy_tail(1.0)
