"""Integer products of a convolution: its windows side by side, multiplied as a dense layer's inputs are."""

from __future__ import annotations

import numpy as np

from hw.int8.fixed_point import Integers, product
from spikenet.layers import Convolution


def window_products(x: Integers, weight: Integers, layer: Convolution) -> Integers:
    """Sums (batch, height, width, filters) of x (batch, channels, maps), exactly; the border is 0.

    weight: (channels of a group * places of the window, filters)
    """
    window = layer.filters_on(x.shape).window
    maps = x.reshape(len(x), layer.n_in, *window.size)
    border = tuple((p, p) for p in window.padding)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(window.dilation, window.kernel, strict=True))
    every = np.lib.stride_tricks.sliding_window_view(np.pad(maps, ((0, 0), (0, 0), *border)), reach, axis=(2, 3))
    (down, right), (along_y, along_x) = window.stride, window.dilation
    seen = every[:, :, ::down, ::right, ::along_y, ::along_x].transpose(0, 2, 3, 1, 4, 5)
    groups, filters = layer.groups, layer.n_out // layer.groups
    rows = seen.reshape(len(x) * window.n_out, groups, -1)
    sums = [product(rows[:, g], weight[:, g * filters : (g + 1) * filters]) for g in range(groups)]
    return np.concatenate(sums, axis=1).reshape(len(x), *window.out, layer.n_out)


def channels_first(y: Integers, n_axes: int) -> Integers:
    """(batch, height, width, channels) as a layer along `n_axes` gives it; a line is a map of height 1."""
    maps = np.ascontiguousarray(np.moveaxis(y, -1, 1))
    return maps if n_axes == 2 else maps[:, :, 0]
