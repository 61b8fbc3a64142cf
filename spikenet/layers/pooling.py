"""MaxPool, AvgPool and SumPool along one or two axes: one number for every window of a map."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.kernels.events import Events, found
from spikenet.kernels.window import Window
from spikenet.layers.layer import State, Training, as_input, refuse_state
from spikenet.layers.sliding import Extent, extents, shape_text, window_of

Pool = Callable[[Tensor, Window, int], Tensor]


class Pooling:
    """A pooling along the last axes; made by MaxPool2d(), AvgPool2d(), SumPool2d() and their 1d below."""

    def __init__(
        self, kind: str, function: Pool, n_axes: int, kernel_size: Extent, stride: Extent | None, padding: Extent
    ) -> None:
        self.kind, self.function, self.n_axes = kind, function, n_axes
        self.kernel_size = extents(f"{kind}: kernel_size", kernel_size, n_axes)
        self.stride = self.kernel_size if stride is None else extents(f"{kind}: stride", stride, n_axes)
        self.padding = extents(f"{kind}: padding", padding, n_axes, least=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(
                f"{kind}: padding: expected at most half the window {self.kernel_size}, got {self.padding}"
            )

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = as_input(self.kind, x)
        if x.ndim <= self.n_axes:
            raise ValueError(f"{self.kind}: expected input (..., channels, {shape_text(self.n_axes)}), got {x.shape}")
        if x.dtype.kind == "c":
            raise TypeError(f"{self.kind}: expected float32 or float64, got {x.dtype}")
        return pooled(self.function, x, self.window_on(x.shape), self.n_axes)

    def window_on(self, shape: tuple[int, ...]) -> Window:
        """The window on an input of this shape; ValueError when it does not fit."""
        return window_of(self.kind, shape, self.kernel_size, self.stride, self.padding, (1,) * self.n_axes)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return {name: list(getattr(self, name)) for name in ("kernel_size", "stride", "padding")}

    def __repr__(self) -> str:
        more = [f"stride={self.stride}"] if self.stride != self.kernel_size else []
        more += [f"padding={self.padding}"] if any(self.padding) else []
        return f"{self.kind}({', '.join([str(self.kernel_size), *more])})"


def MaxPool1d(kernel_size: Extent, *, stride: Extent | None = None, padding: Extent = 0) -> Pooling:
    """(..., channels, length) to (..., channels, windows); otherwise as MaxPool2d, sizes being one number."""
    return Pooling("MaxPool1d", max_pool, 1, kernel_size, stride, padding)


def MaxPool2d(kernel_size: Extent, *, stride: Extent | None = None, padding: Extent = 0) -> Pooling:
    """The largest number under each window of (..., channels, height, width); of spikes, whether any fired.

    kernel_size: of the window; like stride and padding a number, or a pair (along height, along width)
    stride     : from one window to the next, >= 1; the window's size when left out
    padding    : border on each side that is never the largest, at most half the window

    The gradient goes to the first of the largest, row by row, as in torch. Raises ValueError when the window does not
    fit into the padded input.
    """
    return Pooling("MaxPool2d", max_pool, 2, kernel_size, stride, padding)


def SumPool1d(kernel_size: Extent, *, stride: Extent | None = None, padding: Extent = 0) -> Pooling:
    """(..., channels, length) to (..., channels, windows); otherwise as SumPool2d, sizes being one number."""
    return Pooling("SumPool1d", sum_pool, 1, kernel_size, stride, padding)


def SumPool2d(kernel_size: Extent, *, stride: Extent | None = None, padding: Extent = 0) -> Pooling:
    """The sum of the numbers under each window of (..., channels, height, width); of spikes, how many fired.

    Arguments as in MaxPool2d; the border counts as zeros.
    """
    return Pooling("SumPool2d", sum_pool, 2, kernel_size, stride, padding)


def AvgPool1d(kernel_size: Extent, *, stride: Extent | None = None, padding: Extent = 0) -> Pooling:
    """(..., channels, length) to (..., channels, windows); otherwise as AvgPool2d, sizes being one number."""
    return Pooling("AvgPool1d", average_pool, 1, kernel_size, stride, padding)


def AvgPool2d(kernel_size: Extent, *, stride: Extent | None = None, padding: Extent = 0) -> Pooling:
    """The mean of the numbers under each window of (..., channels, height, width).

    Arguments as in MaxPool2d; the border counts as zeros and into the number of places, as torch's does.
    """
    return Pooling("AvgPool2d", average_pool, 2, kernel_size, stride, padding)


def pooled(function: Pool, x: Tensor, window: Window, n_axes: int) -> Tensor:
    """`function` of x, computed once for input that repeats in time."""
    if x.repeated is not None and x.ndim > n_axes + 1:
        return repeat(pooled(function, x.repeated, window, n_axes), len(x))
    return function(x, window, n_axes)


def max_pool(x: Tensor, window: Window, n_axes: int) -> Tensor:
    """The largest numbers; of spikes that are listed, by their events, which the result lists too."""
    from spikenet.kernels import pool, pool_events  # when first used: a kernel costs milliseconds to import

    rows, channels = _rows_channels(x, n_axes)
    listed = x.events if x.events is not None and len(x.events.counts) == rows else None
    if listed is not None and listed.binary:
        largest, place, fired = pool_events.fired(listed, window, x.dtype)
        events: Events | None = fired
    else:
        largest, place = pool.largest(_pictures(x, rows), channels, window)
        events = None if listed is None else found(largest)

    def vjp(g: Array) -> tuple[Array]:
        return (pool.back(_gradient(g, rows), place, channels, window).reshape(x.shape),)

    y = Tensor(largest.reshape(_pooled_shape(x, window, n_axes)), (x,), vjp, operation="max_pool")
    y.events = events
    return y


def sum_pool(x: Tensor, window: Window, n_axes: int) -> Tensor:
    """The sums; of an input whose events are listed the result's are too."""
    from spikenet.kernels import pool  # when first used: a kernel costs milliseconds to import

    rows, channels = _rows_channels(x, n_axes)
    totals = pool.sums(_pictures(x, rows), channels, window)

    def vjp(g: Array) -> tuple[Array]:
        return (pool.back(_gradient(g, rows), None, channels, window).reshape(x.shape),)

    y = Tensor(totals.reshape(_pooled_shape(x, window, n_axes)), (x,), vjp, operation="sum_pool")
    y.events = found(totals) if x.events is not None and len(x.events.counts) == rows else None
    return y


def average_pool(x: Tensor, window: Window, n_axes: int) -> Tensor:
    """The sums divided by the number of places."""
    total = sum_pool(x, window, n_axes)
    y = total * (1 / window.n_taps)
    y.events = total.events
    return y


def _rows_channels(x: Tensor, n_axes: int) -> tuple[int, int]:
    """(pictures, channels of each)."""
    return math.prod(x.shape[: x.ndim - n_axes - 1]), x.shape[x.ndim - n_axes - 1]


def _pictures(x: Tensor, rows: int) -> Array:
    return np.ascontiguousarray(x.data).reshape(rows, math.prod(x.shape) // max(rows, 1))


def _gradient(g: Array, rows: int) -> Array:
    return np.ascontiguousarray(g).reshape(rows, g.size // max(rows, 1))


def _pooled_shape(x: Tensor, window: Window, n_axes: int) -> tuple[int, ...]:
    return (*x.shape[: x.ndim - n_axes], *window.out[2 - n_axes :])
