"""Integer arithmetic of a quantised net: grids, exact integer products, scaling by an integer multiplier.

A grid is the affine map  value = scale * (integer - zero)  with integers 0..255, which holds 0 exactly. Everything
here is exact: integers in, integers out, no rounding but the documented one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import finite_number, positive

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

LARGEST = 255
ACCUMULATOR = 2**31 - 1  # int32
MANTISSA_BITS = 31


@dataclass(frozen=True)
class Grid:
    """Unsigned 8-bit affine grid: value = scale * (integer - zero)."""

    scale: float
    zero: int

    def to_integers(self, values: Array) -> Integers:
        """Nearest grid points, saturating; halves go up."""
        q = np.floor(np.asarray(values, np.float64) / self.scale + 0.5) + self.zero
        integers: Integers = np.clip(q, 0, LARGEST).astype(np.int64)
        return integers

    def to_values(self, integers: Integers) -> npt.NDArray[np.float64]:
        return self.scale * (integers.astype(np.float64) - self.zero)


def grid(low: float, high: float) -> Grid:
    """Grid over [low, high] widened to contain 0.

    A range with nothing but 0 (below float32's smallest normal number), as of a layer that was silent, becomes [0, 1].
    Raises ValueError when an end is not finite or the range overflows.
    """
    low, high = min(finite_number("grid low", low), 0.0), max(finite_number("grid high", high), 0.0)
    if high - low < np.finfo(np.float32).tiny:
        low, high = 0.0, 1.0
    scale = (high - low) / LARGEST
    if not math.isfinite(scale):
        raise ValueError(f"grid: range [{low}, {high}] has no step that fits a float")
    return Grid(scale, math.floor(-low / scale + 0.5))


def product(x: Integers, weight: Integers) -> Integers:
    """`x @ weight` of integers, exactly, through a float64 product.

    Every partial sum is an integer of magnitude at most max|x| * sum|weight|; below 2^53 float64 holds each of them
    exactly, in whatever order BLAS adds. The caller has checked that sums fit int32, which is far below.
    """
    return (x.astype(np.float64) @ weight.astype(np.float64)).astype(np.int64)


@dataclass(frozen=True)
class Multiplier:
    """Positive factors, one a channel, each as mantissa * 2^-shift with a mantissa of 31 bits."""

    mantissa: Integers
    shift: Integers

    def __call__(self, sums: Integers) -> Integers:
        """sums * factor rounded to the nearest integer, halves up: (sum * mantissa + 2^(shift-1)) >> shift.

        `sums` within int32: the product then stays within 62 bits.
        """
        return (sums * self.mantissa + (np.int64(1) << (self.shift - 1))) >> self.shift


def multiplier(factors: Array) -> Multiplier:
    """The multiplier nearest to `factors` (channels,), relative error at most 2^-31; ValueError outside (0, 2^30)."""
    mantissas, shifts = [], []
    for k, factor in enumerate(np.asarray(factors, np.float64).ravel()):
        fraction, exponent = math.frexp(positive(f"multiplier of channel {k}", factor))  # fraction in [0.5, 1)
        mantissa, shift = round(fraction * 2**MANTISSA_BITS), MANTISSA_BITS - exponent
        if mantissa == 2**MANTISSA_BITS:
            mantissa, shift = mantissa // 2, shift - 1
        if shift < 1:
            raise ValueError(f"multiplier of channel {k}: expected a factor < 2^30, got {factor}")
        surplus = max(shift - 62, 0)  # so small that the result is 0 anyway; keep the shift within 64 bits
        mantissas.append(mantissa >> min(surplus, MANTISSA_BITS))
        shifts.append(min(shift, 62))
    return Multiplier(np.array(mantissas, np.int64), np.array(shifts, np.int64))
