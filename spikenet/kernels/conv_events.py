"""Convolution of arrays that are mostly zero, by their events.

    forward         y = w * x + bias
    weight_gradient of w and bias

As in `convolution`, but for every event all windows it lies in are gone through, filters being the lanes. The sums of
one picture, or the weights of one channel, stay in the nearest cache, as events come channel by channel. Tasks have
fixed shares of the pictures and sums of their own, whatever the number of threads.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import meetings, memory
from spikenet.kernels.convolution import TASKS, weight_tasks
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.filters import Filters, packed, tiles, unpacked
from spikenet.kernels.meetings import add_to_outputs, add_to_places
from spikenet.kernels.memory import read_only
from spikenet.kernels.stretch import add_stretch, copy_stretch, transpose

WIDEST_BYTES, NARROWEST = 256, 16  # of a tile: eight vectors of 32 bytes; lanes where there are few filters


@cache
def _forward_kernel(lanes: int) -> Any:
    add = add_to_outputs(lanes)

    @compiled(parallel=True)
    def convolve_events(columns: Array, counts: Array, x: Array, one: Any, w: Array, bias: Array, y: Array, sizes: Any,
                        pairs: Array, n_pairs: Array, sums: Array) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, places = sizes
        rows, tasks = counts.shape[0], sums.shape[0]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        for index in numba.prange(tasks):
            task = np.int64(index)
            into = sums[task]
            for r in range(task * share, min((task + 1) * share, rows)):
                for tile in range(w.shape[0]):
                    group, low = tile // n_tiles, (tile % n_tiles) * lanes
                    for p in range(pixels):
                        copy_stretch(into, p * lanes, bias, tile * lanes, lanes)
                    channel, end = 0, map_size
                    for block in range(counts.shape[1]):
                        base = block * BLOCK
                        for k in range(counts[r, block]):
                            j = base + np.int64(columns[r, base + k])
                            while j >= end:
                                channel, end = channel + 1, end + map_size
                            seen, pixel = channel - group * channels, j - end + map_size
                            if 0 <= seen < channels:
                                value = x[r, j] if x.size else one
                                add(into, 0, w, (tile * channels + seen) * places * lanes,
                                    pairs, pixel * pairs.shape[1], n_pairs[pixel], value)  # fmt: skip
                    start = ((r * w.shape[0] // n_tiles + group) * per_group + low) * pixels
                    transpose(y, start, pixels, into, 0, lanes, pixels, min(lanes, per_group - low))

    return convolve_events


@cache
def _weight_kernel(lanes: int) -> Any:
    add = add_to_places(lanes)

    @compiled(parallel=True)
    def convolve_weights_events(columns: Array, counts: Array, x: Array, one: Any, g: Array, g_w: Array, g_bias: Array,
                                sizes: Any, pairs: Array, n_pairs: Array, turned: Array) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, places = sizes
        rows, tasks, n_in = counts.shape[0], turned.shape[0], columns.shape[1]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        for index in numba.prange(tasks):
            task = np.int64(index)
            source, into, into_bias = turned[task], g_w[task], g_bias[task]
            for r in range(task * share, min((task + 1) * share, rows)):
                for tile in range(g_w.shape[1] // (channels * places * lanes)):
                    group, low = tile // n_tiles, (tile % n_tiles) * lanes
                    start = (r * n_in // (channels * map_size) + group) * per_group + low
                    transpose(source, 0, lanes, g, start * pixels, pixels, min(lanes, per_group - low), pixels)
                    for p in range(pixels):
                        add_stretch(into_bias, tile * lanes, source, p * lanes, lanes)
                    channel, end = 0, map_size
                    for block in range(counts.shape[1]):
                        base = block * BLOCK
                        for k in range(counts[r, block]):
                            j = base + np.int64(columns[r, base + k])
                            while j >= end:
                                channel, end = channel + 1, end + map_size
                            seen, pixel = channel - group * channels, j - end + map_size
                            if 0 <= seen < channels:
                                value = x[r, j] if x.size else one
                                add(source, 0, into, (tile * channels + seen) * places * lanes,
                                    pairs, pixel * pairs.shape[1], n_pairs[pixel], value)  # fmt: skip

    return convolve_weights_events


def forward(x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters) -> Array:
    """y (rows, filters * pixels) for x (rows, channels * pixels) with these events; None will do for x if binary."""
    lanes, table = tile_lanes(shape.per_group, w.dtype), meetings.table(shape.window)
    rows = len(events.counts)
    y = memory.empty((rows, shape.n_y), w.dtype)
    plus = packed(np.zeros(shape.n_out, w.dtype) if bias is None else bias, shape.groups, lanes)
    _forward_kernel(lanes)(
        read_only(events.columns), read_only(events.counts), _values(x, events, w.dtype), w.dtype.type(1),
        in_tiles(w, shape, lanes), read_only(plus.reshape(-1)), y.reshape(-1), sizes_of(shape),
        table.pairs, table.counts, memory.empty((TASKS, shape.window.n_out * lanes), w.dtype),
    )  # fmt: skip
    return y


def weight_gradient(x: Array | None, events: Events, g: Array, shape: Filters) -> tuple[Array, Array]:
    """(gradient of w (filters, depth), gradient of the bias (filters,)) for the gradient g of y."""
    lanes, table = tile_lanes(shape.per_group, g.dtype), meetings.table(shape.window)
    tasks, n_tiles = weight_tasks(shape, g.dtype), shape.groups * tiles(shape.per_group, lanes)
    partial = memory.zeros((tasks, n_tiles * shape.depth * lanes), g.dtype)
    partial_bias = np.zeros((tasks, n_tiles * lanes), g.dtype)
    turned = memory.zeros((tasks, shape.window.n_out * lanes), g.dtype)  # lanes without a filter stay 0
    _weight_kernel(lanes)(
        read_only(events.columns), read_only(events.counts), _values(x, events, g.dtype), g.dtype.type(1),
        read_only(g.reshape(-1)), partial, partial_bias, sizes_of(shape), table.pairs, table.counts, turned,
    )  # fmt: skip
    whole = partial.sum(axis=0).reshape(n_tiles, shape.depth, lanes)
    return (
        unpacked(whole, shape.groups, shape.per_group),
        unpacked(partial_bias.sum(axis=0).reshape(n_tiles, lanes), shape.groups, shape.per_group),
    )


def tile_lanes(n_filters: int, dtype: Any) -> int:
    """Filters of a tile."""
    widest = WIDEST_BYTES // np.dtype(dtype).itemsize
    return next((lanes for lanes in (NARROWEST, 2 * NARROWEST) if n_filters <= lanes < widest), widest)


def in_tiles(w: Array, shape: Filters, lanes: int) -> Array:
    """w (filters, depth) as (tiles, depth * lanes)."""
    tiled = packed(w, shape.groups, lanes)
    return read_only(tiled.reshape(len(tiled), -1))


def sizes_of(shape: Filters) -> tuple[int, int, int, int, int]:
    """(channels and filters of a group, pixels of a map and of an output map, places of the window)."""
    window = shape.window
    return shape.channels, shape.per_group, window.n_in, window.n_out, window.n_taps


def _values(x: Array | None, events: Events, dtype: Any) -> Array:
    """x, or nothing when every event is 1."""
    assert x is not None or events.binary
    return read_only(np.empty((0, 0), dtype) if x is None or events.binary else x)
