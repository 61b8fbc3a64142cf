"""Windows row by row on maps whose channels lie together: x of (height, width, channels).

There a row of a window is one *run* of kernel width x channels numbers, on a padded map as long as on any other; where
the window is dilated along the width, each of its places is a run. Weights in the same order, (filters, places,
channels), are laid out likewise.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.filters import Filters
from spikenet.kernels.window import Window


class Runs(NamedTuple):
    """Runs of a convolution's windows, for the channels of one group.

    length : numbers of a run
    starts : (outputs,) where the window of each output begins on the padded map, int64
    offsets: (runs,) where each run begins from there, int64
    slices : (outputs * runs * 3,) int32: of each run the first of its pixels that are on the map, the one behind the
             last, and what to add to pixel * channels + channel to get the index of the weight
    """

    length: int
    starts: Array
    offsets: Array
    slices: Array


@cache
def runs_of(shape: Filters) -> Runs:
    window, channels = shape.window, shape.channels
    (height, width), n_right = window.size, window.kernel[1]
    wide = width + 2 * window.padding[1]
    long = n_right if window.dilation[1] == 1 else 1  # places of a run
    i, j = (a.reshape(-1) for a in np.mgrid[: window.out[0], : window.out[1]])
    top, left = i * window.stride[0], j * window.stride[1]
    first = np.arange(0, window.n_taps, long)
    down, right = first // n_right * window.dilation[0], first % n_right * window.dilation[1]
    y = top[:, None] + down - window.padding[0]
    x = left[:, None] + right - window.padding[1]
    low, high = np.clip(x, 0, width), np.clip(x + long, 0, width)
    low = np.where((y < 0) | (y >= height), high, low)  # no pixels
    y_on = np.clip(y, 0, height - 1)
    slices = np.stack([y_on * width + low, y_on * width + high, (first - y * width - x) * channels], axis=2)
    return Runs(
        long * channels,
        ((top * wide + left) * channels).astype(np.int64),
        ((down * wide + right) * channels).astype(np.int64),
        np.ascontiguousarray(slices, np.int32).reshape(-1),
    )


def by_place(w: Array, shape: Filters) -> Array:
    """w (filters, channels * places) as (filters, places, channels)."""
    return w.reshape(shape.n_out, shape.channels, shape.window.n_taps).transpose(0, 2, 1)


def from_by_place(w: Array, shape: Filters) -> Array:
    """The inverse."""
    turned = w.reshape(shape.n_out, shape.window.n_taps, shape.channels).transpose(0, 2, 1)
    return np.ascontiguousarray(turned).reshape(shape.n_out, shape.depth)


@cache
def members(window: Window) -> Array:
    """The pixels of each output's window, place by place, (outputs * places,) int32; `window.n_in` for the border."""
    i, j = (a.reshape(-1, 1) for a in np.mgrid[: window.out[0], : window.out[1]])
    a, b = (a.reshape(1, -1) for a in np.mgrid[: window.kernel[0], : window.kernel[1]])
    y = i * window.stride[0] - window.padding[0] + a * window.dilation[0]
    x = j * window.stride[1] - window.padding[1] + b * window.dilation[1]
    inside = (y >= 0) & (y < window.size[0]) & (x >= 0) & (x < window.size[1])
    return np.where(inside, y * window.size[1] + x, window.n_in).astype(np.int32).reshape(-1)
