"""The sizes of a convolution, its weights laid out in tiles, and where its windows lie on a padded map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.tile import LANE_BYTES, ROWS
from spikenet.kernels.window import Window


@dataclass(frozen=True)
class Filters:
    """A convolution of `n_in` channels by `n_out` filters, in `groups` that don't see each other."""

    n_in: int
    n_out: int
    groups: int
    window: Window

    @property
    def channels(self) -> int:
        """Channels a filter sees."""
        return self.n_in // self.groups

    @property
    def per_group(self) -> int:
        """Filters of a group."""
        return self.n_out // self.groups

    @property
    def depth(self) -> int:
        """Weights of a filter."""
        return self.channels * self.window.n_taps

    @property
    def n_x(self) -> int:
        """Numbers of a picture."""
        return self.n_in * self.window.n_in

    @property
    def n_y(self) -> int:
        """Numbers of an output."""
        return self.n_out * self.window.n_out

    def multiply_adds(self, rows: int) -> int:
        return rows * self.n_y * self.depth


class Places(NamedTuple):
    """Flat indices on maps padded on all sides, int64; lists of pixels are filled up to a multiple of ROWS.

    pixels: of each output's window, its first place; filled up with 0
    taps  : of each place of the window, from there
    depth : of each weight of a filter, from there, over the channels' maps; not filled up
    """

    pixels: Array
    taps: Array
    depth: Array


@cache
def places(shape: Filters) -> Places:
    window = shape.window
    height, width = (n + 2 * p for n, p in zip(window.size, window.padding, strict=True))
    rows, columns = np.arange(window.out[0]) * window.stride[0], np.arange(window.out[1]) * window.stride[1]
    pixels = np.add.outer(rows * width, columns).reshape(-1)
    down, right = np.arange(window.kernel[0]) * window.dilation[0], np.arange(window.kernel[1]) * window.dilation[1]
    taps = np.add.outer(down * width, right).reshape(-1)
    depth = np.add.outer(np.arange(shape.channels) * height * width, taps).reshape(-1)
    return Places(filled(pixels), np.ascontiguousarray(taps, np.int64), np.ascontiguousarray(depth, np.int64))


def filled(indices: Array, value: int = 0) -> Array:
    """Indices as int64, filled up with `value` to a multiple of ROWS."""
    whole = np.full(-(-len(indices) // ROWS) * ROWS, value, np.int64)
    whole[: len(indices)] = indices
    return whole


def lanes_of(dtype: Any) -> int:
    """Numbers of a tile."""
    return LANE_BYTES // int(np.dtype(dtype).itemsize)


WIDEST_BYTES, NARROWEST = 256, 16  # of a tile: eight vectors of 32 bytes; lanes where there are few filters


def tile_lanes(n: int, dtype: Any) -> int:
    """Filters of a tile where each event, or each window, adds to all of them at once."""
    widest = WIDEST_BYTES // int(np.dtype(dtype).itemsize)
    return next((lanes for lanes in (NARROWEST, 2 * NARROWEST) if n <= lanes < widest), widest)


def tiles(n: int, lanes: int) -> int:
    """Tiles that n filters or channels of a group take."""
    return -(-n // lanes)


def packed(w: Array, groups: int, lanes: int) -> Array:
    """w (groups * n, ...) as (groups * tiles, ..., lanes): what tiles multiply by, filled up with 0."""
    n = len(w) // groups
    count = tiles(n, lanes)
    whole = memory.zeros((groups, count * lanes, *w.shape[1:]), w.dtype)
    whole[:, :n] = w.reshape(groups, n, *w.shape[1:])
    apart = np.moveaxis(whole.reshape(groups * count, lanes, *w.shape[1:]), 1, -1)
    tiled = aligned(apart.shape, w.dtype)
    tiled[...] = apart
    return tiled


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """As memory.empty, but a small array too begins at a multiple of 64 bytes."""
    size, least = math.prod(shape), memory.SMALL // np.dtype(dtype).itemsize
    return memory.empty((max(size, least),), dtype)[:size].reshape(shape)


def unpacked(tiled: Array, groups: int, n: int) -> Array:
    """The inverse of `packed`: (groups * n, ...)."""
    count, lanes = len(tiled) // groups, tiled.shape[-1]
    middle = tiled.shape[1:-1]
    whole = np.moveaxis(tiled, -1, 1).reshape(groups, count * lanes, *middle)[:, :n]
    return np.ascontiguousarray(whole.reshape(groups * n, *middle))
