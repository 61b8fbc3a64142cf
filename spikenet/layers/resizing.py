"""Maps brought to another size: global and adaptive pooling, upsampling by repetition or linearly in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.layers.pointwise import Pointwise
from spikenet.layers.sliding import Extent, extents, shape_text

Weights = Callable[[int, int], Array]


def GlobalAvgPool1d() -> Pointwise:
    """The mean of every channel: (..., channels, length) to (..., channels)."""
    return _global("GlobalAvgPool1d", 1, graph.mean)


def GlobalAvgPool2d() -> Pointwise:
    """The mean of every channel: (..., channels, height, width) to (..., channels)."""
    return _global("GlobalAvgPool2d", 2, graph.mean)


def GlobalMaxPool1d() -> Pointwise:
    """The largest number of every channel: (..., channels, length) to (..., channels)."""
    return _global("GlobalMaxPool1d", 1, graph.max)


def GlobalMaxPool2d() -> Pointwise:
    """The largest number of every channel: (..., channels, height, width) to (..., channels)."""
    return _global("GlobalMaxPool2d", 2, graph.max)


def GlobalSumPool2d() -> Pointwise:
    """The sum of every channel, of spikes their number: (..., channels, height, width) to (..., channels)."""
    return _global("GlobalSumPool2d", 2, graph.sum)


def AdaptiveAvgPool1d(size: Extent) -> Pointwise:
    """(..., channels, any length) to (..., channels, size); otherwise as AdaptiveAvgPool2d."""
    return _resized("AdaptiveAvgPool1d", 1, size, _bin_means)


def AdaptiveAvgPool2d(size: Extent) -> Pointwise:
    """Means over as many windows as `size` says, whatever the input's: (..., height, width) to (..., *size).

    size: a number or a pair. Window k of n along an axis of length L goes from floor(k L / n) to ceil((k + 1) L / n).
    """
    return _resized("AdaptiveAvgPool2d", 2, size, _bin_means)


def AdaptiveMaxPool2d(size: Extent) -> Pointwise:
    """The largest number of each window, windows as in AdaptiveAvgPool2d; the gradient goes to the first of them."""
    checked = extents("AdaptiveMaxPool2d: size", size, 2)
    function = partial(_adaptive_max, checked)
    return Pointwise("AdaptiveMaxPool2d", function, {"size": list(checked)}, axes=3, keeps_shape=False)


def Upsample1d(factor: Extent) -> Pointwise:
    """Every number `factor` times: (..., length) to (..., length * factor)."""
    return _upsample("Upsample1d", 1, factor)


def Upsample2d(factor: Extent) -> Pointwise:
    """Every pixel as a block of factor x factor: (..., height, width) to (..., height * factor, width * factor)."""
    return _upsample("Upsample2d", 2, factor)


def BilinearUpsample2d(factor: Extent) -> Pointwise:
    """As Upsample2d, with straight lines between the centres of the pixels, and the border held."""
    factors = extents("BilinearUpsample2d: factor", factor, 2)
    function = partial(_bilinear, factors)
    return Pointwise("BilinearUpsample2d", function, {"factor": list(factors)}, axes=2, keeps_shape=False)


def _global(kind: str, n_axes: int, reduce: Callable[..., Tensor]) -> Pointwise:
    return Pointwise(kind, partial(_reduced, kind, n_axes, reduce), axes=n_axes + 1, keeps_shape=False)


def _reduced(kind: str, n_axes: int, reduce: Callable[..., Tensor], x: Tensor) -> Tensor:
    _check_maps(kind, x, n_axes)
    return reduce(x, axis=tuple(range(-n_axes, 0)))


def _check_maps(kind: str, x: Tensor, n_axes: int) -> None:
    if x.ndim <= n_axes or not min(x.shape[x.ndim - n_axes :]):
        raise ValueError(f"{kind}: expected input (..., channels, {shape_text(n_axes)}), not empty, got {x.shape}")


def _resized(kind: str, n_axes: int, size: Extent, weights: Weights) -> Pointwise:
    checked = extents(f"{kind}: size", size, n_axes)
    function = partial(_weighted, kind, checked, weights)
    return Pointwise(kind, function, {"size": list(checked)}, axes=n_axes + 1, keeps_shape=False)


def _weighted(kind: str, size: tuple[int, ...], weights: Weights, x: Tensor) -> Tensor:
    """Every new place along an axis is a weighted sum of the old ones, one axis after the other."""
    _check_maps(kind, x, len(size))
    y = graph.matmul(x, weights(x.shape[-1], size[-1]).T.astype(x.dtype))
    return y if len(size) == 1 else graph.matmul(weights(x.shape[-2], size[0]).astype(x.dtype), y)


def _bilinear(factors: tuple[int, ...], x: Tensor) -> Tensor:
    _check_maps("BilinearUpsample2d", x, 2)
    size = tuple(n * f for n, f in zip(x.shape[-2:], factors, strict=True))
    return _weighted("BilinearUpsample2d", size, line_weights, x)


def _upsample(kind: str, n_axes: int, factor: Extent) -> Pointwise:
    factors = extents(f"{kind}: factor", factor, n_axes)
    return Pointwise(kind, partial(_repeated, kind, factors), {"factor": list(factors)}, axes=n_axes, keeps_shape=False)


def _repeated(kind: str, factors: tuple[int, ...], x: Tensor) -> Tensor:
    n_axes = len(factors)
    _check_maps(kind, x, n_axes)
    lead, sizes = x.shape[: x.ndim - n_axes], x.shape[x.ndim - n_axes :]
    apart = x.reshape(*lead, *(m for n in sizes for m in (n, 1)))
    pairs = tuple(m for n, f in zip(sizes, factors, strict=True) for m in (n, f))
    whole = tuple(n * f for n, f in zip(sizes, factors, strict=True))
    return graph.broadcast_to(apart, (*lead, *pairs)).reshape(*lead, *whole)


def bins(n: int, n_out: int) -> list[tuple[int, int]]:
    """Begin and end of each of n_out windows along an axis of length n."""
    return [(k * n // n_out, -(-(k + 1) * n // n_out)) for k in range(n_out)]


@cache
def _bin_means(n: int, n_out: int) -> Array:
    weights = np.zeros((n_out, n))
    for row, (start, stop) in zip(weights, bins(n, n_out), strict=True):
        row[start:stop] = 1 / (stop - start)
    return weights


@cache
def line_weights(n: int, n_out: int) -> Array:
    centres = np.clip((np.arange(n_out) + 0.5) * (n / n_out) - 0.5, 0, n - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(n))))


def _adaptive_max(size: tuple[int, ...], x: Tensor) -> Tensor:
    _check_maps("AdaptiveMaxPool2d", x, 2)
    height, width = x.shape[-2:]
    lead = x.shape[:-2]
    flat = x.data.reshape(-1, height, width)
    place = np.empty((len(flat), *size), np.int64)
    for i, (top, bottom) in enumerate(bins(height, size[0])):
        for j, (left, right) in enumerate(bins(width, size[1])):
            block = flat[:, top:bottom, left:right].reshape(len(flat), -1)
            row, column = np.divmod(block.argmax(axis=1), right - left)
            place[:, i, j] = (row + top) * width + column + left
    rows = np.arange(len(flat))[:, None, None]

    def vjp(g: Any) -> tuple[Any]:
        g_x = np.zeros((len(flat), height * width), x.dtype)
        np.add.at(g_x, (rows, place), g.reshape(place.shape))
        return (g_x.reshape(x.shape),)

    y = flat.reshape(len(flat), -1)[rows, place]
    return Tensor(y.reshape(*lead, *size), (x,), vjp, operation="adaptive_max_pool")
