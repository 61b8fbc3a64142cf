"""ConvTranspose1d and 2d: every input spreads a window of weights over the output, the adjoint of a convolution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.kernels.filters import Filters
from spikenet.layers.layer import State, Training, entering, refuse_state
from spikenet.layers.sliding import Extent, check_maps, extents, sizes_of, window_of
from spikenet.layers.weighted import uniform_weights


class TransposedConvolution:
    """A transposed convolution along the last axes; made by ConvTranspose1d() and ConvTranspose2d() below."""

    is_transposed = True

    def __init__(
        self,
        kind: str,
        n_axes: int,
        n_in: int,
        n_out: int,
        kernel_size: Extent,
        stride: Extent,
        padding: Extent,
        output_padding: Extent,
        dilation: Extent,
        groups: int,
        bias: bool,
        seed: int | np.random.Generator | None,
    ) -> None:
        self.kind, self.n_axes = kind, n_axes
        self.sizes = sizes_of(kind, n_axes, n_in, n_out, kernel_size, stride, padding, dilation, groups)
        self.n_in, self.n_out, self.kernel_size, self.stride, self.padding, self.dilation, self.groups = self.sizes
        self.output_padding = extents(f"{kind}: output_padding", output_padding, n_axes, least=0)
        if any(o >= max(s, d) for o, s, d in zip(self.output_padding, self.stride, self.dilation, strict=True)):
            raise ValueError(
                f"{kind}: output_padding: expected less than stride {self.stride} or dilation {self.dilation}, "
                f"got {self.output_padding}"
            )
        shape = (self.n_in, self.n_out // self.groups, *self.kernel_size)
        self.weight, self.bias = uniform_weights(kind, shape, math.prod(shape[1:]), self.n_out, bias, seed)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = entering(self, x)
        check_maps(self.kind, x, self.n_in, self.n_axes, self.weight)
        out = self.out_size(x.shape[x.ndim - self.n_axes :])
        if min(out) < 1:
            raise ValueError(f"{self.kind}: expected input that gives an output, {x.shape} would give {out}")
        shape = (*x.shape[: x.ndim - self.n_axes - 1], self.n_out, *out)
        window = window_of(self.kind, shape, self.kernel_size, self.stride, self.padding, self.dilation)
        filters = Filters(self.n_out, self.n_in, self.groups, window)
        behind = [o // s for o, s in zip(self.output_padding, self.stride, strict=True)]
        if any(behind):  # room for more windows than there are inputs: zeros, which spread nothing
            x = graph.pad(x, [(0, 0)] * (x.ndim - self.n_axes) + [(0, n) for n in behind])
        return spread(x, self.weight, self.bias, filters, shape)

    def out_size(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Of the maps that it makes of maps of this size."""
        sizes = zip(size, self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation, strict=True)
        return tuple((n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, k, s, p, o, d in sizes)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def config(self) -> dict[str, Any]:
        return self.sizes.config(output_padding=self.output_padding, bias=self.bias is not None)

    def __repr__(self) -> str:
        return f"{self.kind}({self.n_in}, {self.n_out}, {self.kernel_size}, stride={self.stride})"


def ConvTranspose1d(
    n_in: int,
    n_out: int,
    kernel_size: Extent,
    *,
    stride: Extent = 1,
    padding: Extent = 0,
    output_padding: Extent = 0,
    dilation: Extent = 1,
    groups: int = 1,
    bias: bool = True,
    seed: int | np.random.Generator | None = None,
) -> TransposedConvolution:
    """(..., n_in, length) to (..., n_out, longer); otherwise as ConvTranspose2d, sizes being one number."""
    return TransposedConvolution(
        "ConvTranspose1d", 1, n_in, n_out, kernel_size, stride, padding, output_padding, dilation, groups, bias, seed
    )


def ConvTranspose2d(
    n_in: int,
    n_out: int,
    kernel_size: Extent,
    *,
    stride: Extent = 1,
    padding: Extent = 0,
    output_padding: Extent = 0,
    dilation: Extent = 1,
    groups: int = 1,
    bias: bool = True,
    seed: int | np.random.Generator | None = None,
) -> TransposedConvolution:
    """(..., n_in, height, width) to (..., n_out, larger height, larger width): a Conv2d run from output to input.

    Sizes as in Conv2d of the same arguments, whose input this output is: height becomes
    (height - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1.
    output_padding: rows and columns added at the end, less than the stride (or the dilation): a convolution with a
                    stride has the same output for several inputs, and this says which one is meant
    weight        : (n_in, n_out / groups, kernel height, kernel width), bias (n_out,); both start uniform in
                    +-1/sqrt(n_out / groups * places of the window), as torch's do

    Raises ValueError when shapes do not fit, or when padding leaves nothing of the output.
    """
    return TransposedConvolution(
        "ConvTranspose2d", 2, n_in, n_out, kernel_size, stride, padding, output_padding, dilation, groups, bias, seed
    )


def spread(x: Tensor, weight: Tensor, bias: Tensor | None, filters: Filters, shape: tuple[int, ...]) -> Tensor:
    """The adjoint of the convolution `filters`, applied to x, plus bias; input that repeats in time counts once."""
    from spikenet.kernels import conv_routes  # when first used: a kernel costs milliseconds to import

    n_axes = weight.ndim - 2
    if x.repeated is not None and x.ndim > n_axes + 1:
        return repeat(spread(x.repeated, weight, bias, filters, shape[1:]), len(x))
    rows = math.prod(shape[: len(shape) - n_axes - 1])
    sent = np.ascontiguousarray(x.data.reshape(rows, filters.n_y))
    w = np.ascontiguousarray(weight.data.reshape(filters.n_out, filters.depth))
    y = conv_routes.input_gradient(sent, w, None, filters)

    def vjp(g: Any) -> tuple[Any, ...]:
        g_rows = np.ascontiguousarray(g.reshape(rows, filters.n_x))
        g_x = g_weight = None
        if x.requires_grad:
            g_x = conv_routes.forward(lambda: g_rows, None, w, None, filters).reshape(x.shape)
        if weight.requires_grad:
            g_weight = conv_routes.weight_gradient(lambda: g_rows, None, sent, filters)[0].reshape(weight.shape)
        return g_x, g_weight

    spreads = Tensor(y.reshape(shape), (x, weight), vjp, operation="transposed convolve")
    return spreads if bias is None else spreads + bias.reshape(len(bias), *(1,) * n_axes)
