"""What a surrogate is: a curve with one width, and the function it is the derivative of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spikenet.errors import finite_number

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
    value      : > `above`, in or per unit of the membrane
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
    above: float = 0.0

    def __call__(self, value: float) -> Surrogate:
        number = finite_number(f"{self.name}({self.parameter})", value)
        if number <= self.above:
            raise ValueError(f"{self.name}({self.parameter}): expected a number > {self.above:g}, got {number}")
        return replace(self, value=number)

    def __repr__(self) -> str:
        return f"{self.name}({self.parameter}={self.value:g})"

    def derivative(self, u: Any) -> Any:
        """d spike / d u at u (number or array)."""
        with _quiet():
            return _of_type(u, self.derivative_at(u, self.value))

    def smooth(self, u: Any) -> Any:
        """The smooth twin of the spike at u (number or array)."""
        with _quiet():
            return _of_type(u, self.smooth_at(u, self.value))

    @property
    def support(self) -> float:
        """The |u| beyond which the derivative is exactly 0 (inf for curves with tails)."""
        return self.reach(self.value)


def _of_type(u: Any, value: Any) -> Any:
    """`value` in the float type of the array u: where two numbers are chosen from, numpy takes float64."""
    if not isinstance(u, (np.ndarray, np.generic)):
        return value
    return np.asarray(value, np.result_type(u, np.float32))[()]


def _quiet() -> np.errstate:
    """Far from the threshold a square overflows on its way to a derivative of 0: nothing to warn of."""
    return np.errstate(over="ignore", under="ignore")
