"""Surrogates made of straight pieces, and of waves.

Each curve beside the function it is the derivative of; where it is used stands with its value.
"""

from __future__ import annotations

import math
from typing import Any

from spikenet.neurons import primitives as f
from spikenet.neurons.surrogate_record import Surrogate, as_wide


def _inverse(value: float) -> float:
    """Reach of a curve whose support is one over its value."""
    return 1.0 / value


def _unit(value: float) -> float:
    """Reach of a curve whose support does not depend on its value."""
    return 1.0


def _area(u: Any, half_width: Any) -> Any:
    """The integral from 0 to u of max(0, 1 - |u| / half_width)."""
    inside = f.maximum(1.0 - f.absolute(u) / half_width, 0.0)
    area = 0.5 * half_width * (1.0 - inside * inside)
    return f.where(u >= 0.0, area, -area)


def _quadratic_derivative(u: Any, alpha: Any) -> Any:
    return alpha * f.maximum(1.0 - alpha * f.absolute(u), 0.0)


def _quadratic_smooth(u: Any, alpha: Any) -> Any:
    return 0.5 + alpha * _area(u, 1.0 / alpha)


def _low_triangle_derivative(u: Any, height: Any) -> Any:
    return height * f.maximum(1.0 - f.absolute(u), 0.0)


def _low_triangle_smooth(u: Any, height: Any) -> Any:
    return 0.5 + height * _area(u, 1.0)


DAMPING = 0.3  # Bellec et al. 2020 (Nature Communications 11:3625), gamma_pd


def _eprop_derivative(u: Any, threshold: Any) -> Any:
    return DAMPING / threshold * f.maximum(1.0 - f.absolute(u) / threshold, 0.0)


def _eprop_smooth(u: Any, threshold: Any) -> Any:
    return 0.5 + DAMPING / threshold * _area(u, threshold)


LEAK = 0.01  # of SpikingJelly's PiecewiseLeakyReLU


def _leaky_box_derivative(u: Any, half_width: Any) -> Any:
    return f.where(f.absolute(u) <= half_width, 0.5 / half_width, LEAK)


def _leaky_box_smooth(u: Any, half_width: Any) -> Any:
    inside = f.minimum(f.maximum(u, -half_width), half_width)
    return 0.5 + 0.5 * inside / half_width + LEAK * (u - inside)


def _straight_derivative(u: Any, slope: Any) -> Any:
    return slope + 0.0 * u


def _straight_smooth(u: Any, slope: Any) -> Any:
    return slope * u + 0.5


def _wave_derivative(u: Any, period: Any) -> Any:
    return 4.0 / period * f.cos(2.0 * math.pi * _within(u, period))


def _wave_smooth(u: Any, period: Any) -> Any:
    return 0.5 + (2.0 / math.pi) * f.sin(2.0 * math.pi * _within(u, period))


def _within(u: Any, period: Any) -> Any:
    """u in periods, without the whole ones: for large u a sine loses its way."""
    turns = u / period
    return turns - f.floor(turns)


ALL = (
    # alpha (1 - alpha |u|) for |u| <= 1 / alpha, SpikingJelly's PiecewiseQuadratic: a triangle of area 1
    Surrogate("piecewise_quadratic", "alpha", 1.0, _quadratic_derivative, _quadratic_smooth, _inverse),
    # height max(0, 1 - |u|), Norse's triangle
    Surrogate("low_triangle", "height", 0.3, _low_triangle_derivative, _low_triangle_smooth, _unit),
    # 0.3 / threshold max(0, 1 - |u| / threshold), the pseudo-derivative of e-prop, Bellec et al. 2020
    Surrogate("eprop", "threshold", 1.0, _eprop_derivative, _eprop_smooth, as_wide),
    # 1 / (2 half_width) inside, 0.01 outside, SpikingJelly's PiecewiseLeakyReLU
    Surrogate("leaky_box", "half_width", 1.0, _leaky_box_derivative, _leaky_box_smooth),
    # slope, the straight-through estimator of Bengio et al. 2013 (arXiv:1308.3432)
    Surrogate("straight_through", "slope", 1.0, _straight_derivative, _straight_smooth),
    # 4 / period cos(2 pi u / period), the first term of SpikingJelly's SquarewaveFourierSeries (n = 2)
    Surrogate("fourier", "period", 8.0, _wave_derivative, _wave_smooth),
)
