"""Conv1d and Conv2d: every output a weighted sum of a window of the input, the same weights everywhere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.kernels.filters import Filters
from spikenet.kernels.window import Window
from spikenet.layers.layer import State, Training, entering, refuse_state
from spikenet.layers.sliding import Extent, check_maps, sizes_of, window_of
from spikenet.layers.weighted import uniform_weights


class Convolution:
    """A convolution along the last axes; made by Conv1d() and Conv2d() below."""

    def __init__(
        self,
        kind: str,
        n_axes: int,
        n_in: int,
        n_out: int,
        kernel_size: Extent,
        stride: Extent,
        padding: Extent,
        dilation: Extent,
        groups: int,
        bias: bool,
        seed: int | np.random.Generator | None,
    ) -> None:
        self.kind, self.n_axes = kind, n_axes
        self.sizes = sizes_of(kind, n_axes, n_in, n_out, kernel_size, stride, padding, dilation, groups)
        self.n_in, self.n_out, self.kernel_size, self.stride, self.padding, self.dilation, self.groups = self.sizes
        shape = (self.n_out, self.n_in // self.groups, *self.kernel_size)
        self.weight, self.bias = uniform_weights(kind, shape, math.prod(shape[1:]), self.n_out, bias, seed)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x, shape = self.checked(x)
        return convolve(x, self.weight, self.bias, shape, self.n_axes)

    def checked(self, x: TensorLike) -> tuple[Tensor, Filters]:
        """(the input, the sizes of the convolution on it); ValueError and TypeError as for a call."""
        x = entering(self, x)
        check_maps(self.kind, x, self.n_in, self.n_axes, self.weight)
        return x, self.filters_on(x.shape)

    def filters_on(self, shape: tuple[int, ...]) -> Filters:
        """The sizes of the convolution on an input of this shape; ValueError when the window does not fit."""
        window = window_of(self.kind, shape, self.kernel_size, self.stride, self.padding, self.dilation)
        return Filters(self.n_in, self.n_out, self.groups, window)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def config(self) -> dict[str, Any]:
        return self.sizes.config(bias=self.bias is not None)

    def __repr__(self) -> str:
        defaults = {"stride": 1, "padding": 0, "dilation": 1}
        more = [f"{n}={getattr(self, n)}" for n, d in defaults.items() if set(getattr(self, n)) != {d}]
        more += [f"groups={self.groups}"] if self.groups > 1 else []
        return f"{self.kind}({', '.join([f'{self.n_in}, {self.n_out}, {self.kernel_size}', *more])})"


def Conv1d(
    n_in: int,
    n_out: int,
    kernel_size: Extent,
    *,
    stride: Extent = 1,
    padding: Extent = 0,
    dilation: Extent = 1,
    groups: int = 1,
    bias: bool = True,
    seed: int | np.random.Generator | None = None,
) -> Convolution:
    """(..., n_in, length) to (..., n_out, places of the window); otherwise as Conv2d, sizes being one number."""
    return Convolution("Conv1d", 1, n_in, n_out, kernel_size, stride, padding, dilation, groups, bias, seed)


def Conv2d(
    n_in: int,
    n_out: int,
    kernel_size: Extent,
    *,
    stride: Extent = 1,
    padding: Extent = 0,
    dilation: Extent = 1,
    groups: int = 1,
    bias: bool = True,
    seed: int | np.random.Generator | None = None,
) -> Convolution:
    """(steps, batch, n_in, height, width) to (steps, batch, n_out, ...); any leading axes, also (batch, n_in, ...).

    n_in, n_out : channels and filters, >= 1
    kernel_size : of the window; like stride, padding and dilation a number, or a pair (along height, along width)
    stride      : from one window to the next, >= 1
    padding     : border of zeros on each side, >= 0
    dilation    : from one place of the window to the next, >= 1
    groups      : channels and filters in so many groups that don't see each other; divides both
    bias        : whether there is one
    seed        : an int, a numpy Generator, or None for fresh entropy
    weight      : (n_out, n_in / groups, kernel height, kernel width), bias: (n_out,); both start uniform in
                  +-1/sqrt(weights of a filter), as torch's do

    As in torch, windows are not mirrored (cross-correlation), and what is left beyond the last whole stride is not
    seen. Raises ValueError when the window does not fit into the padded input.
    """
    return Convolution("Conv2d", 2, n_in, n_out, kernel_size, stride, padding, dilation, groups, bias, seed)


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, shape: Filters, n_axes: int, pooling: Window | None = None
) -> Tensor:
    """The convolution of x (..., channels, and the last `n_axes` axes); input that repeats in time once.

    pooling: the result is the largest of it under each of these windows, and it is not written out itself
    """
    from spikenet.kernels import conv_routes  # when first used: a kernel costs milliseconds to import
    from spikenet.kernels.placed import Placed

    if x.repeated is not None and x.ndim > n_axes + 1:
        return repeat(convolve(x.repeated, weight, bias, shape, n_axes, pooling), len(x))
    leading = x.shape[: x.ndim - n_axes - 1]
    rows = math.prod(leading)

    def pictures() -> Any:
        return np.ascontiguousarray(x.data.reshape(rows, shape.n_x))

    w = np.ascontiguousarray(weight.data.reshape(shape.n_out, shape.depth))
    plus = None if bias is None else bias.data
    events = x.events
    if events is not None and events.columns.shape != (rows, shape.n_x):
        events = None  # listed for other rows than pictures
    elif events is None and x.vjp is None and not x.requires_grad:
        events = conv_routes.events_in(pictures(), shape)  # data: black pixels, silent channels
    place = np.empty(0, np.uint8)
    if pooling is None:
        y = conv_routes.forward(pictures, events, w, plus, shape)
    else:
        y, place = conv_routes.largest(pictures, events, w, plus, shape, pooling)

    def vjp(g: Any) -> tuple[Any, ...]:
        g_rows = np.ascontiguousarray(g.reshape(rows, y.shape[1]))
        g_y = g_rows if pooling is None else Placed(g_rows, place, pooling)
        g_x = g_weight = g_bias = None
        if x.requires_grad:
            g_x = conv_routes.input_gradient(g_y, w, _wanted(x, rows, shape), shape).reshape(x.shape)
        if weight.requires_grad or (bias is not None and bias.requires_grad):
            g_weight, g_bias = conv_routes.weight_gradient(pictures, events, g_y, shape)
            g_weight = g_weight.reshape(weight.shape)
        return (g_x, g_weight) if bias is None else (g_x, g_weight, g_bias)

    parents = (x, weight) if bias is None else (x, weight, bias)
    out = (shape.window if pooling is None else pooling).out[2 - n_axes :]
    name = "convolve" if pooling is None else "convolve, max_pool"
    return Tensor(y.reshape(*leading, shape.n_out, *out), parents, vjp, operation=name)


def _wanted(x: Tensor, rows: int, shape: Filters) -> Any:
    """Where a gradient of x has an effect, when listed for whole pictures."""
    wanted = x.wanted
    return None if wanted is None or wanted.columns.shape != (rows, shape.n_x) else wanted
