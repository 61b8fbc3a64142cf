"""Numbers on a grid of few bits: value = scale (integer - zero), for a whole tensor or channel by channel."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values, whole
from spikenet.graph import Tensor, TensorLike, as_tensor


class Levels(NamedTuple):
    """integers within low .. high;  scale, zero: arrays that broadcast to them, or numbers

    low, high: of the grid, -127 .. 127 for symmetric int8, 0 .. 255 for affine uint8
    """

    integers: Array
    scale: Array
    zero: Array
    low: int
    high: int

    def values(self) -> Array:
        """float32 numbers on the grid."""
        return np.asarray(self.scale * (self.integers - self.zero), np.float32)

    def above_zero(self) -> Array:
        """int16 (integers - zero), what products multiply: within 9 bits and a sign."""
        return np.asarray(self.integers - self.zero).astype(np.int16)

    @property
    def stored_bytes(self) -> int:
        """Bytes when packed: integers to their bits, a float32 for each scale, a byte for each zero that can be not 0.

        `integers` themselves are int16, and so is what an IntegerNet at work holds of them.
        """
        bits = math.ceil(math.log2(self.high - self.low + 1))
        zeros = np.size(self.zero) if self.low == 0 else 0
        return math.ceil(self.integers.size * bits / 8) + 4 * np.size(self.scale) + zeros


def limits(bits: int, symmetric: bool) -> tuple[int, int]:
    """(low, high) of a grid: symmetric ones have no integer without its negative."""
    n = whole("bits", bits, least=2)
    if n > 8:
        raise ValueError(f"bits: expected at most 8, got {bits}")
    return (-(2 ** (n - 1)) + 1, 2 ** (n - 1) - 1) if symmetric else (0, 2**n - 1)


def grid_of(low: Any, high: Any, bits: int, symmetric: bool) -> tuple[Array, Array]:
    """(scale, zero) of the grid over [low, high] widened to hold 0, where 0 is exact; a range of nothing but 0: [0, 1].

    low, high: numbers, or arrays of one for each channel
    """
    first, last = limits(bits, symmetric)
    low, high = np.minimum(np.asarray(low, np.float64), 0), np.maximum(np.asarray(high, np.float64), 0)
    width = np.maximum(np.abs(low), np.abs(high)) if symmetric else high - low
    width = np.where(width < np.finfo(np.float32).tiny, 1.0, width)
    scale = width / (last if symmetric else last - first)
    zero = np.zeros_like(scale) if symmetric else np.clip(np.rint(first - low / scale), first, last)
    return scale, zero


def quantise_weights(weight: Array, *, bits: int = 8, axis: int | None = None, symmetric: bool = True) -> Levels:
    """Weights on a grid over all they take on.

    bits: 2 to 8;  axis: of the channels, each with its own grid; None for one grid for all
    A channel that is 0 everywhere gets the grid [0, 1] and stays 0. ValueError when a weight is not finite and when
    there is none, TypeError when they are complex.
    """
    if np.iscomplexobj(weight):
        raise TypeError("quantise_weights: weight: expected real numbers, got complex ones")
    w = finite_values("quantise_weights: weight", weight)
    if not w.size:
        raise ValueError(f"quantise_weights: weight: expected at least one number, got shape {w.shape}")
    others = None if axis is None else tuple(k for k in range(w.ndim) if k != axis % w.ndim)
    low, high = w.min(axis=others, keepdims=True), w.max(axis=others, keepdims=True)
    scale, zero = grid_of(low, high, bits, symmetric)
    first, last = limits(bits, symmetric)
    integers = np.clip(np.rint(w / scale) + zero, first, last).astype(np.int16)
    return Levels(integers, scale, zero, first, last)


def fake_quantise(x: TensorLike, scale: Array, zero: Array, low: int, high: int) -> Tensor:
    """x rounded to the grid and back (QDQ); the gradient passes as if nothing had happened where x is within the grid.

    Source: Bengio et al. 2013 (arXiv:1308.3432), straight-through; Jacob et al. 2018 (arXiv:1712.05877), section 3.
    """
    x = as_tensor(x)
    q = np.rint(x.data / scale) + zero
    inside = (q >= low) & (q <= high)
    y = (scale * (np.clip(q, low, high) - zero)).astype(x.dtype)
    return Tensor(y, (x,), lambda g: (g * inside,), operation="fake_quantise")
