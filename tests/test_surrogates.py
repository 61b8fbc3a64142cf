"""Every surrogate is the derivative of its smooth function, has the published formula and is finite everywhere."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikenet.neurons import surrogate
from spikenet.neurons.surrogate import USUAL as ALL
from spikenet.neurons.surrogate import Surrogate

CURVES = [*ALL, *(s(width) for s in ALL for width in (0.3, 7.0))]
EVERY = pytest.mark.parametrize("curve", ALL, ids=lambda s: s.name)


def with_width(curve: Surrogate) -> str:
    return f"{curve.name}-{curve.value:g}"


def kinks(curve: Surrogate) -> np.ndarray:
    return np.array([0.0, curve.support, -curve.support])


def points(curve: Surrogate) -> np.ndarray:
    """Around the threshold on the curve's own scale, none within a difference of a kink."""
    scale = curve.value if curve.parameter in ("half_width", "sigma") else 1 / curve.value
    u = np.concatenate([np.linspace(-4.03, 4.01, 81) * scale, np.linspace(-2.03, 2.01, 41)])
    return u[np.abs(u[:, None] - kinks(curve)).min(axis=1) > 1e-3 * scale]


def largest_error(curve: Surrogate) -> float:
    """Of the derivative against central differences of the smooth function, relative to its peak."""
    u = points(curve)
    step = 1e-5 * (curve.value if curve.parameter in ("half_width", "sigma") else 1 / curve.value)
    numeric = (curve.smooth(u + step) - curve.smooth(u - step)) / (2 * step)
    return float(np.abs(curve.derivative(u) - numeric).max() / curve.derivative(0.0))


@pytest.mark.parametrize("curve", CURVES, ids=with_width)
def test_derivative_is_the_derivative_of_the_smooth_function(curve):
    assert largest_error(curve) < 1e-7


@EVERY
def test_a_derivative_off_by_a_tenth_of_a_percent_is_noticed(curve):
    spoilt = replace(curve, derivative_at=lambda u, width: 1.001 * curve.derivative_at(u, width))
    assert largest_error(spoilt) > 1e-4


FORMULAS = {  # as published, at width w
    "atan": lambda u, w: (w / 2) / (1 + (math.pi * w * u / 2) ** 2),  # Fang et al. 2021
    "fast_sigmoid": lambda u, w: 1 / (1 + w * abs(u)) ** 2,  # Zenke & Ganguli 2018
    "super_spike": lambda u, w: 1 / (1 + w * abs(u)) ** 2,
    "sigmoid": lambda u, w: w * math.exp(-w * u) / (1 + math.exp(-w * u)) ** 2,
    "triangle": lambda u, w: max(0.0, 1 - abs(u) / w),  # Bellec et al. 2018
    "box": lambda u, w: 1 / (2 * w) if abs(u) < w else 0.0,
    "gaussian": lambda u, w: math.exp(-((u / w) ** 2) / 2) / (w * math.sqrt(2 * math.pi)),
}


@pytest.mark.parametrize("curve", CURVES, ids=with_width)
@pytest.mark.parametrize("u", [0.0, 0.01, -0.01, 0.2, -0.2, 0.8, -0.8, 3.0])
def test_formula(curve, u):
    assert curve.derivative(u) == pytest.approx(FORMULAS[curve.name](u, curve.value), rel=1e-12)


def test_every_curve_has_a_formula_here():
    assert {s.name for s in ALL} == FORMULAS.keys()
    assert all(getattr(surrogate, s.name) is s for s in ALL)


AREA = {  # between -inf and inf, at width w: the height of the smooth function
    "fast_sigmoid": lambda w: 2 / w,
    "super_spike": lambda w: 2 / w,
    "triangle": lambda w: w,
}


@pytest.mark.parametrize("curve", CURVES, ids=with_width)
def test_smooth_function_rises_through_one_half_by_the_area_of_its_derivative(curve):
    u = np.linspace(-3, 3, 999)
    smooth = curve.smooth(u)
    assert curve.smooth(0.0) == 0.5
    assert (np.diff(smooth) >= 0).all()
    np.testing.assert_allclose(smooth + smooth[::-1], 1, rtol=1e-12)
    height = curve.smooth(1e9) - curve.smooth(-1e9)
    assert height == pytest.approx(AREA.get(curve.name, lambda w: 1.0)(curve.value), rel=1e-6)


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_up_to_1e30(curve, dtype):
    magnitude = np.logspace(-30, 30, 241, dtype=dtype)
    u = np.concatenate([-magnitude, magnitude, [0]]).astype(dtype)
    with np.errstate(all="raise"):  # nor does anything warn on the way
        derivative, smooth = curve.derivative(u), curve.smooth(u)
    assert derivative.dtype == smooth.dtype == dtype
    assert np.isfinite(derivative).all()
    assert np.isfinite(smooth).all()
    assert (derivative >= 0).all()
    assert derivative.max() == pytest.approx(derivative[-1], rel=1e-6)
    assert derivative[240] == derivative[481] == pytest.approx(0, abs=1e-25)  # at -1e30 and 1e30


@pytest.mark.parametrize("curve", CURVES, ids=with_width)
@given(beyond=st.floats(1.0, 1e6))
def test_exactly_zero_beyond_the_support(curve, beyond):
    if math.isinf(curve.support):
        assert curve.derivative(0.5 * curve.value if curve.parameter == "sigma" else 0.5 / curve.value) > 0
    else:
        assert curve.derivative(curve.support * beyond) == curve.derivative(-curve.support * beyond) == 0
        assert curve.derivative(curve.support * 0.999) > 0


@EVERY
def test_another_width(curve):
    other = curve(3.0)
    assert other.value == 3.0
    assert (other.name, other.parameter) == (curve.name, curve.parameter)
    assert other.derivative(0.1) != curve.derivative(0.1)
    assert curve.value != 3.0


@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf])
def test_width_that_is_not_positive(bad):
    with pytest.raises(ValueError, match=r"atan\(alpha\): expected a"):
        surrogate.atan(bad)


@pytest.mark.parametrize("bad", ["wide", None, [1.0, 2.0]])
def test_width_that_is_no_number(bad):
    with pytest.raises(TypeError, match=r"box\(half_width\): expected a number"):
        surrogate.box(bad)


def test_a_curve_is_shown_as_it_is_written():
    assert repr(surrogate.fast_sigmoid(25)) == "fast_sigmoid(slope=25)"
