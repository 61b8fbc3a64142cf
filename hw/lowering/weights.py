"""The weights of a connection, dense or a convolution: as a matrix, and how many of them each input meets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.kinds import Connection, Weighted
from spikenet.kernels.window import Window
from spikenet.layers import Convolution
from spikenet.layers.transposed import TransposedConvolution

Array = npt.NDArray[Any]


def bias_of(layer: Weighted) -> Array | None:
    """The bias of a connection as an array, None when it has none."""
    return None if layer.bias is None else np.asarray(layer.bias.data)


def weight_matrix(layer: Connection) -> Array:
    """(weights of an output, outputs): of a convolution one column a filter, its group's channels by row and column."""
    weight = np.asarray(layer.weight.data)
    return weight.reshape(len(weight), -1).T if isinstance(layer, Convolution) else weight


def with_matrix(layer: Connection, matrix: Array) -> Array:
    """The inverse of `weight_matrix`: weights as the layer holds them."""
    return matrix.T.reshape(layer.weight.shape) if isinstance(layer, Convolution) else matrix


def fan_out(layer: Weighted, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Weights each input of a connection meets, and those of them that are not zero: two arrays (inputs,).

    shape: of one sample. A convolution's input meets a weight for every window it lies in: fewer at the border, as the
    stride says; padding is no input. One of a transposed convolution meets those that it spreads within the output.
    """
    weight = np.asarray(layer.weight.data)
    if isinstance(layer, TransposedConvolution):
        return _spreading(layer, weight, shape)
    if isinstance(layer, Convolution):
        return _of_windows(layer, weight, shape)
    inputs, nonzero = int(np.prod(shape)), np.count_nonzero(weight, axis=1).astype(np.float64)
    times = inputs // len(nonzero)  # the same weights for every place of the axes before the last
    return np.full(inputs, weight.shape[1], np.float64), np.tile(nonzero, times)


def _of_windows(layer: Convolution, weight: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    window = layer.filters_on(shape).window
    taps = weight.reshape(layer.groups, -1, layer.n_in // layer.groups, *window.kernel)
    nonzero = np.count_nonzero(taps, axis=1).reshape(layer.n_in, *window.kernel).astype(np.float64)
    every, met = np.zeros((2, layer.n_in, *window.size))
    for i, j in np.ndindex(*window.kernel):
        rows, columns = (_seen(window, axis, at) for axis, at in ((0, i), (1, j)))
        every[:, rows[:, None], columns] += layer.n_out // layer.groups
        met[:, rows[:, None], columns] += nonzero[:, i, j, None, None]
    leading = int(np.prod(shape)) // every.size  # the same weights for every place of further axes
    return np.tile(every.ravel(), leading), np.tile(met.ravel(), leading)


def _spreading(layer: TransposedConvolution, weight: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    size = shape[len(shape) - layer.n_axes :]
    each, met = np.zeros((2, layer.n_in, *size))
    per_filter = np.count_nonzero(weight, axis=1).astype(np.float64)  # (n_in, *kernel)
    axes = (size, layer.out_size(size), layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    inside = [
        np.add.outer(np.arange(n) * stride - pad, np.arange(kernel) * dilation)
        for n, _, kernel, stride, pad, dilation in zip(*axes, strict=True)
    ]
    hits = [(at >= 0) & (at < out) for at, out in zip(inside, axes[1], strict=True)]
    for tap in np.ndindex(*layer.kernel_size):
        lands = hits[0][:, tap[0]]
        if layer.n_axes == 2:
            lands = lands[:, None] & hits[1][:, tap[1]]
        each += lands * (layer.n_out // layer.groups)
        met += lands * per_filter[(slice(None), *tap)].reshape(-1, *(1,) * layer.n_axes)
    leading = int(np.prod(shape)) // each.size
    return np.tile(each.ravel(), leading), np.tile(met.ravel(), leading)


def _seen(window: Window, axis: int, at: int) -> Array:
    """Rows (axis 0) or columns that place `at` of the window lies on as it moves, without the border."""
    seen = np.arange(window.out[axis]) * window.stride[axis] + at * window.dilation[axis] - window.padding[axis]
    return seen[(seen >= 0) & (seen < window.size[axis])]
