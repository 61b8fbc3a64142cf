"""Gradients of a convolution behind max pooling: only one output of each pooling window has any.

    input_gradient  of x
    weight_gradient of w and bias, for x that is not sparse

For each place of each window the filters that have their largest there are listed; each adds its weights, a row of its
window at a time, to the picture's gradient, channels side by side. Filters whose gradient is 0, as behind a ReLU, are
left out. Tasks have fixed shares of the pictures and sums of their own, whatever the number of threads.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.convolution import TASKS, weight_tasks
from spikenet.kernels.events import PLACES
from spikenet.kernels.filters import Filters, aligned, packed, tile_lanes, tiles
from spikenet.kernels.lane_rows import BY_ROW, EIGHT, IN_ORDER, placed_byte, sum_listed
from spikenet.kernels.memory import read_only
from spikenet.kernels.placed import Placed, pool_table, sizes_kind
from spikenet.kernels.runs import by_place, from_by_place, runs_of
from spikenet.kernels.stretch import add_stretch, transpose
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.vector import put_places


@cache
def _input_kernel(wide: int, dtype: Any) -> Any:
    add = sum_listed(wide, BY_ROW)

    @compiled()
    def convolve_back_placed(task: int, g: Array, place: Array, w: Array, g_x: Array, table: Array, order: Array,
                             starts: Array, offsets: Array, turned: Array, pictures: Array, listed: Array,
                             n_listed: Array, sizes: Any) -> None:  # fmt: skip
        channels, per_group, height, width, ph, pw, lanes, windows, places, pixels = sizes
        tasks, padded, map_size = pictures.shape[0], (height + 2 * ph) * (width + 2 * pw) * channels, height * width
        rows, n_tiles = g_x.size // max(channels * map_size, 1), (per_group + lanes - 1) // lanes
        pieces = w.shape[1] // (offsets.size * lanes * wide)
        groups = w.shape[0] // n_tiles
        rows = rows // groups
        share = (rows + tasks - 1) // tasks
        factors, into, names, many = turned[task], pictures[task], listed[task], n_listed[task]
        weights = w.reshape(w.size)
        for r in range(task * share, min((task + 1) * share, rows)):
            for group in range(groups):
                for k in range(padded):
                    into[k] = 0
                for t in range(n_tiles):
                    tile, filters = group * n_tiles + t, min(lanes, per_group - t * lanes)
                    start = ((r * groups + group) * per_group + t * lanes) * windows
                    transpose(factors, 0, lanes, g, start, windows, filters, windows)
                    first = (r * groups * n_tiles + tile) * windows * lanes
                    for slot in range(windows * places):
                        window, k, n = slot // places, slot % places, 0
                        for low in range(0, lanes, EIGHT):
                            at = window * lanes + low
                            byte = placed_byte(factors, at, place, first + at, k)
                            n += put_places(names, slot * lanes + n, PLACES, byte, low)
                        many[slot] = n
                    for run in range(offsets.size):
                        for piece in range(pieces):
                            from_w = tile * w.shape[1] + (run * pieces + piece) * lanes * wide
                            for slot in order:
                                n, pixel = many[slot], np.int64(table[slot])
                                if n > 0 and pixel < pixels:
                                    at = starts[pixel] + offsets[run] + piece * wide
                                    add(into, at, into, at, weights, from_w, wide, names, slot * lanes, n,
                                        factors, slot // places * lanes)  # fmt: skip
                start = (r * groups + group) * channels * map_size
                if ph == 0 and pw == 0:
                    transpose(g_x, start, map_size, into, 0, channels, map_size, channels)
                for i in range(height if ph > 0 or pw > 0 else 0):
                    line = ((ph + i) * (width + 2 * pw) + pw) * channels
                    transpose(g_x, start + i * width, map_size, into, line, channels, width, channels)

    numbers, whole = partial(array, dtype), partial(array, np.int64)
    inputs = numbers(1, read=True), array(np.uint8, 1, read=True), numbers(2, read=True), numbers(1, read=False)
    tables = array(np.int32, 1, read=True), *(whole(1, read=True),) * 3
    rooms = *(numbers(2, read=False),) * 2, array(np.uint16, 2, read=False), whole(2, read=False)
    return in_parallel(convolve_back_placed, (*inputs, *tables, *rooms, sizes_kind(10)))


@cache
def _weight_kernel(wide: int, dtype: Any) -> Any:
    add = sum_listed(wide, IN_ORDER)

    @compiled()
    def convolve_weights_placed(task: int, x: Array, g: Array, place: Array, g_w: Array, g_bias: Array, table: Array,
                                starts: Array, offsets: Array, turned: Array, pictures: Array, listed: Array,
                                factors: Array, sizes: Any) -> None:  # fmt: skip
        channels, per_group, height, width, ph, pw, lanes, windows, places, pixels = sizes
        tasks, n_in, map_size = pictures.shape[0], x.shape[1], height * width
        rows, groups, n_tiles = x.shape[0], n_in // (channels * map_size), (per_group + lanes - 1) // lanes
        share, pieces = (rows + tasks - 1) // tasks, g_w.shape[1] // (groups * per_group * offsets.size * wide)
        scratch, picture, into, into_bias = turned[task], pictures[task], g_w[task], g_bias[task]
        names, factor, flat = listed[task], factors[task], x.reshape(x.size)
        for r in range(task * share, min((task + 1) * share, rows)):
            for group in range(groups):
                start = r * n_in + group * channels * map_size
                for i in range(height):
                    line = ((ph + i) * (width + 2 * pw) + pw) * channels
                    transpose(picture, line, channels, flat, start + i * width, map_size, channels, width)
                for t in range(n_tiles):
                    tile, filters = group * n_tiles + t, min(lanes, per_group - t * lanes)
                    start = ((r * groups + group) * per_group + t * lanes) * windows
                    transpose(scratch, 0, lanes, g, start, windows, filters, windows)
                    first = (r * groups * n_tiles + tile) * windows * lanes
                    for window in range(windows):
                        add_stretch(into_bias, tile * lanes, scratch, window * lanes, lanes)
                    for f in range(filters):
                        n = 0
                        for window in range(windows):
                            value = scratch[window * lanes + f]
                            pixel = np.int64(table[window * places + np.int64(place[first + window * lanes + f])])
                            if value != 0 and pixel < pixels:
                                names[n], factor[n] = starts[pixel], value
                                n += 1
                        row = (group * per_group + t * lanes + f) * offsets.size
                        for k in range(offsets.size * pieces if n > 0 else 0):
                            at = (row * pieces + k) * wide
                            from_x = offsets[k // pieces] + k % pieces * wide
                            add(into, at, into, at, picture, from_x, 1, names, 0, n, factor, 0)

    numbers, whole = partial(array, dtype), partial(array, np.int64)
    inputs = numbers(2, read=True), numbers(1, read=True), array(np.uint8, 1, read=True)
    outputs = (numbers(2, read=False),) * 2
    tables = array(np.int32, 1, read=True), *(whole(1, read=True),) * 2
    rooms = *(numbers(2, read=False),) * 2, array(np.uint32, 2, read=False), numbers(2, read=False)
    kinds = (*inputs, *outputs, *tables, *rooms, sizes_kind(10))
    return in_parallel(convolve_weights_placed, kinds)


def input_gradient(g: Placed, w: Array, shape: Filters) -> Array:
    """Gradient of x (rows, channels * pixels)."""
    kind, runs, lanes = w.dtype, runs_of(shape), tile_lanes(shape.per_group, w.dtype)
    table, windows, places = pool_table(g.window)
    wide, rows = tile_lanes(runs.length, kind), len(g.g)
    pieces, row = tiles(runs.length, wide), (shape.window.size[1] + 2 * shape.window.padding[1]) * shape.channels
    g_x = memory.empty((rows * shape.n_x,), kind)
    # (filters, runs, pieces, wide) to (tiles, runs, pieces, lanes, wide)
    apart = memory.zeros((shape.n_out, len(runs.offsets), pieces * wide), kind)
    apart[:, :, : runs.length] = by_place(w, shape).reshape(shape.n_out, -1, runs.length)
    tiled = np.moveaxis(packed(apart.reshape(shape.n_out, -1, pieces, wide), shape.groups, lanes), -1, 3)
    in_rows = aligned((len(tiled), tiled[0].size), kind)
    in_rows[...] = tiled.reshape(len(tiled), -1)
    rooms = (
        aligned((TASKS, windows * lanes), kind), aligned((TASKS, _picture_size(shape) + wide), kind),
        np.empty((TASKS, windows * places * lanes + EIGHT), np.uint16), np.empty((TASKS, windows * places), np.int64),
    )  # fmt: skip
    rooms[0].fill(0)  # lanes without a filter stay 0
    _input_kernel(wide, kind)(
        TASKS, read_only(g.g.reshape(-1)), read_only(g.place), read_only(in_rows), g_x, read_only(table),
        read_only(_order(table, runs.starts, row)), read_only(runs.starts), read_only(runs.offsets), *rooms,
        _sizes(shape, lanes, windows, places),
    )  # fmt: skip
    return g_x.reshape(rows, shape.n_x)


def weight_gradient(x: Array, g: Placed, shape: Filters) -> tuple[Array, Array]:
    """(gradient of w (filters, depth), gradient of the bias (filters,))."""
    kind, runs, lanes = x.dtype, runs_of(shape), tile_lanes(shape.per_group, x.dtype)
    table, windows, places = pool_table(g.window)
    wide, tasks = tile_lanes(runs.length, kind), weight_tasks(shape, kind)
    pieces, n_tiles = tiles(runs.length, wide), shape.groups * tiles(shape.per_group, lanes)
    partial_w = memory.zeros((tasks, shape.n_out * len(runs.offsets) * pieces * wide), kind)
    partial_bias = np.zeros((tasks, n_tiles * lanes), kind)
    pictures = memory.zeros((tasks, _picture_size(shape) + wide), kind)
    _weight_kernel(wide, kind)(
        tasks, read_only(x), read_only(g.g.reshape(-1)), read_only(g.place), partial_w, partial_bias,
        read_only(table), read_only(runs.starts), read_only(runs.offsets),
        memory.zeros((tasks, windows * lanes), kind), pictures,
        np.empty((tasks, windows), np.uint32), np.empty((tasks, windows), kind),
        _sizes(shape, lanes, windows, places),
    )  # fmt: skip
    whole = partial_w.sum(axis=0).reshape(shape.n_out, len(runs.offsets), pieces * wide)[:, :, : runs.length]
    bias = partial_bias.sum(axis=0).reshape(shape.groups, -1)[:, : shape.per_group]
    return from_by_place(whole, shape), np.ascontiguousarray(bias).reshape(-1)


def _picture_size(shape: Filters) -> int:
    """Numbers of a padded picture of one group's channels."""
    (height, width), (ph, pw) = shape.window.size, shape.window.padding
    return (height + 2 * ph) * (width + 2 * pw) * shape.channels


def _sizes(shape: Filters, lanes: int, windows: int, places: int) -> tuple[int, ...]:
    window = shape.window
    return (
        shape.channels, shape.per_group, *window.size, *window.padding, lanes, windows, places, window.n_out,
    )  # fmt: skip


def _order(table: Array, starts: Array, row: int) -> Array:
    """All places of all windows, column by column: neighbours in a row would add to the same numbers in turn.

    row: numbers of a row of the padded map
    """
    here = np.append(starts, 0)[table]
    return np.lexsort((here // row, here % row)).astype(np.int64)
