"""Integer convolution and pooling of maps, exact: products of integers in floating point through BLAS.

A float64 holds every integer below 2^53, a float32 those below 2^24: a sum of products below that comes out exact in
whatever order it is added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw.int8 import fixed_point
from hw.neurons.words import Array, Integers

ELEMENTS = 1 << 22  # of the unfolded windows at a time: 32 MB
EXACT = 1 << 53
EXACT_SINGLE = 1 << 24


@dataclass(frozen=True)
class Window:
    """A window sliding over maps (height, width): size, stride and zeros added (top, bottom, left, right)."""

    size: tuple[int, int]
    stride: tuple[int, int]
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    def places(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of windows; ValueError when there is none."""
        top, bottom, left, right = self.pads
        rows = (height + top + bottom - self.size[0]) // self.stride[0] + 1
        columns = (width + left + right - self.size[1]) // self.stride[1] + 1
        if rows < 1 or columns < 1:
            raise ValueError(f"window {self.size} does not fit into a map of {height} x {width} with pads {self.pads}")
        return rows, columns


def windows(x: Array, window: Window) -> Array:
    """View (rows, channels, places down, places across, *size) of maps (rows, channels, height, width)."""
    rows, columns = window.places(*x.shape[-2:])
    top, bottom, left, right = window.pads
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    slid = np.lib.stride_tricks.sliding_window_view(padded, window.size, (2, 3))
    view: Array = slid[:, :, :: window.stride[0], :: window.stride[1]][:, :, :rows, :columns]
    return view


def convolve(x: Integers, kernel: Integers, window: Window) -> Integers:
    """Weighted sums of windows (cross-correlation): (rows, channels, h, w) with (filters, channels, kh, kw).

    returns (rows, filters, places down, places across), exact. Raises ValueError when sums could leave 2^53.
    """
    filters, depth = len(kernel), math.prod(kernel.shape[1:])
    single = check_exact(x, kernel.reshape(filters, depth).T) < EXACT_SINGLE
    real: type[np.floating[Any]] = np.float32 if single else np.float64
    down, across = window.places(*x.shape[-2:])
    weights = kernel.reshape(filters, depth).astype(real)
    sums = np.empty((len(x), filters, down, across), np.int64)
    step = max(ELEMENTS // (down * across * depth), 1)
    for start in range(0, len(x), step):
        part = windows(x[start : start + step].astype(real), window)
        unfolded = part.transpose(0, 1, 4, 5, 2, 3).reshape(len(part), depth, down * across)
        sums[start : start + step] = (weights @ unfolded).reshape(len(part), filters, down, across)
    return sums


def product(x: Integers, weights: Integers) -> Integers:
    """x (..., inputs) times (inputs, outputs), exact. Raises ValueError when sums could leave 2^53."""
    check_exact(x, weights)
    return fixed_point.product(x, weights)


def check_exact(x: Integers, weights: Integers) -> int:
    """The largest |x| times the largest sum of |weights| of a column; ValueError when it reaches 2^53."""
    worst = int(np.abs(x).max(initial=0)) * int(np.abs(weights).sum(axis=0).max(initial=0))
    if worst >= EXACT:
        raise ValueError(f"integer sums can reach {worst}, expected less than 2^53; lower a shift or the inputs")
    return worst


def same(height: int, width: int, size: tuple[int, int], stride: tuple[int, int]) -> tuple[int, int, int, int]:
    """Zeros (top, bottom, left, right) that give ceil(extent / stride) windows, the odd one at the end."""
    sides = []
    for extent, k, s in zip((height, width), size, stride, strict=True):
        total = max((-(-extent // s) - 1) * s + k - extent, 0)
        sides += [total // 2, total - total // 2]
    return sides[0], sides[1], sides[2], sides[3]
