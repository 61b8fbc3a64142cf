"""Surrogate gradients: what stands for the derivative of a spike, each beside the function it is the derivative of.

A spike is a step of u = v - threshold, whose derivative is zero almost everywhere; in the adjoint a surrogate takes its
place. The smooth twin replaces the spike itself in gradient checks: with it finite differences make sense, and
they must agree with the adjoint that uses the surrogate.

The idea: Neftci, Mostafa & Zenke 2019 (IEEE Signal Processing Magazine 36(6):51-63); each curve's own source stands
beside it. All are finite for |u| up to 1e30 in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikenet.errors import positive
from spikenet.neurons import primitives as f

Curve = Callable[[Any, Any], Any]


def everywhere(value: float) -> float:
    """Reach of a curve with tails."""
    return math.inf


def as_wide(value: float) -> float:
    """Reach of a curve whose width is its support."""
    return value


@dataclass(frozen=True)
class Surrogate:
    """One curve with one width. Calling it gives the same curve at another width: ``fast_sigmoid(slope)``.

    name       : the curve's name
    parameter  : what `value` is called, e.g. "slope" (1/u) or "half_width" (u)
    value      : > 0, in or per unit of the membrane
    derivative : (u, value) -> d spike / d u
    smooth     : (u, value) -> the function `derivative` is the derivative of
    reach      : value -> the |u| beyond which `derivative` is exactly 0; infinite for curves with tails
    """

    name: str
    parameter: str
    value: float
    derivative_at: Curve
    smooth_at: Curve
    reach: Callable[[float], float] = everywhere

    def __call__(self, value: float) -> Surrogate:
        return replace(self, value=positive(f"{self.name}({self.parameter})", value))

    def derivative(self, u: Any) -> Any:
        """d spike / d u at u (number or array)."""
        with _quiet():
            return self.derivative_at(u, self.value)

    def smooth(self, u: Any) -> Any:
        """The smooth twin of the spike at u (number or array)."""
        with _quiet():
            return self.smooth_at(u, self.value)

    @property
    def support(self) -> float:
        """The |u| beyond which the derivative is exactly 0 (inf for curves with tails)."""
        return self.reach(self.value)


def _quiet() -> np.errstate:
    """Far from the threshold a square overflows on its way to a derivative of 0: nothing to warn of."""
    return np.errstate(over="ignore", under="ignore")


def _atan_derivative(u: Any, alpha: Any) -> Any:
    scaled = (math.pi / 2) * alpha * u
    return (alpha / 2) / (1.0 + scaled * scaled)


def _atan_smooth(u: Any, alpha: Any) -> Any:
    return f.atan((math.pi / 2) * alpha * u) / math.pi + 0.5


def _fast_sigmoid_derivative(u: Any, slope: Any) -> Any:
    inverse = 1.0 / (1.0 + slope * f.absolute(u))  # squared last: the denominator's square would overflow first
    return inverse * inverse


def _fast_sigmoid_smooth(u: Any, slope: Any) -> Any:
    return u / (1.0 + slope * f.absolute(u)) + 0.5


def _sigmoid_derivative(u: Any, slope: Any) -> Any:
    small = f.exp(-f.absolute(slope * u))  # symmetric in u, so the exponential never overflows
    return slope * small / ((1.0 + small) * (1.0 + small))


def _sigmoid_smooth(u: Any, slope: Any) -> Any:
    return f.sigmoid(slope * u)


def _triangle_derivative(u: Any, half_width: Any) -> Any:
    return f.maximum(1.0 - f.absolute(u) / half_width, 0.0)


def _triangle_smooth(u: Any, half_width: Any) -> Any:
    inside = f.maximum(1.0 - f.absolute(u) / half_width, 0.0)
    area = 0.5 * half_width * (1.0 - inside * inside)  # between 0 and |u|
    return 0.5 + f.where(u >= 0.0, area, -area)


def _box_derivative(u: Any, half_width: Any) -> Any:
    return f.where(f.absolute(u) < half_width, 0.5 / half_width, 0.0)


def _box_smooth(u: Any, half_width: Any) -> Any:
    ramp = 0.5 + 0.5 * u / half_width
    return f.where(u >= half_width, 1.0, f.where(u <= -half_width, 0.0, ramp))


def _gaussian_derivative(u: Any, sigma: Any) -> Any:
    scaled = u / sigma
    return f.exp(-0.5 * scaled * scaled) / (sigma * math.sqrt(2 * math.pi))


def _gaussian_smooth(u: Any, sigma: Any) -> Any:
    return 0.5 + 0.5 * f.erf(u / sigma * math.sqrt(0.5))


# (alpha/2) / (1 + (pi alpha u / 2)^2), Fang et al. 2021 (ICCV, arXiv:2007.05785), alpha as in snnTorch.
atan = Surrogate("atan", "alpha", 2.0, _atan_derivative, _atan_smooth)
# 1 / (1 + slope |u|)^2, Zenke & Ganguli 2018 (Neural Computation 30(6):1514-1541), at snnTorch's usual steepness.
fast_sigmoid = Surrogate("fast_sigmoid", "slope", 25.0, _fast_sigmoid_derivative, _fast_sigmoid_smooth)
# The same curve under the paper's name, at the steepness of Norse's `super`.
super_spike = Surrogate("super_spike", "slope", 100.0, _fast_sigmoid_derivative, _fast_sigmoid_smooth)
# slope s (1 - s) with s = sigmoid(slope u), in the form that never overflows.
sigmoid = Surrogate("sigmoid", "slope", 4.0, _sigmoid_derivative, _sigmoid_smooth)
# max(0, 1 - |u| / half_width), Bellec et al. 2018 (NeurIPS, arXiv:1803.09574). Compact: exactly 0 beyond half_width.
triangle = Surrogate("triangle", "half_width", 0.5, _triangle_derivative, _triangle_smooth, as_wide)
# 1 / (2 half_width) inside, 0 outside; its smooth twin is the piecewise-linear ramp.
box = Surrogate("box", "half_width", 0.5, _box_derivative, _box_smooth, as_wide)
# Normal density of standard deviation sigma.
gaussian = Surrogate("gaussian", "sigma", 0.5, _gaussian_derivative, _gaussian_smooth)

ALL = (atan, fast_sigmoid, super_spike, sigmoid, triangle, box, gaussian)
