"""Convolution of arrays that are mostly zero, by their events, with max pooling if wanted.

    forward         y = w * x + bias, or the largest of each pooling window
    weight_gradient of w and bias

Forward, a picture's events are sorted by pixel; those under a row of a window then stand one behind the other, and the
sums of one output, filters being the lanes, stay in registers while the weights of all events under its window are
added. For the gradient all windows that an event lies in are gone through, channel by channel, so that one channel's
weights and the picture's gradient stay in the nearest cache. Tasks have fixed shares of the pictures and sums of their
own, whatever the number of threads.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import meetings, memory
from spikenet.kernels.convolution import TASKS, weight_tasks
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.filters import Filters, aligned, packed, tile_lanes, tiles, unpacked
from spikenet.kernels.lane_rows import IN_ORDER, ONES, copy_shifted, largest_rows, sum_listed
from spikenet.kernels.meetings import add_to_places
from spikenet.kernels.memory import read_only
from spikenet.kernels.placed import Placed, lay_out, pool_table, room_for_places, sizes_kind
from spikenet.kernels.runs import by_place, runs_of
from spikenet.kernels.stretch import add_stretch, transpose
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.window import Window

PAST = 8  # numbers that `copy_shifted` may read and write beyond what it copies


@compiled()
def _sort(r: int, columns: Array, counts: Array, x: Array, map_size: int, channels: int, begins: Array,
          positions: Array, values: Array) -> None:  # fmt: skip
    """A picture's events by group and pixel.

    begins (groups * pixels + 2): where each pixel's events begin; positions: pixel * channels + channel of each;
    values: those of x, when it is not empty
    """
    for k in range(begins.size):
        begins[k] = 0
    for turn in range(2):
        channel, low, end, base = 0, 0, map_size, 0  # low: of the channel's own pixels; base: of its group's
        for block in range(counts.shape[1]):
            for k in range(counts[r, block]):
                j = block * BLOCK + np.int64(columns[r, block * BLOCK + k])
                while j >= end:
                    channel, low, end = channel + 1, low + map_size, end + map_size
                    base = channel // channels * map_size
                pixel = j - low
                if turn == 0:
                    begins[base + pixel + 2] += 1
                else:
                    at = begins[base + pixel + 1]
                    begins[base + pixel + 1] = at + 1
                    positions[at] = pixel * channels + channel % channels
                    if x.shape[0] > 0:
                        values[at] = x[r, j]
        if turn == 0:
            for k in range(2, begins.size):
                begins[k] += begins[k - 1]


@cache
def _forward_kernel(lanes: int, dtype: Any, valued: bool) -> Any:
    add, largest = sum_listed(lanes, IN_ORDER if valued else ONES), largest_rows(lanes)

    @compiled()
    def convolve_events(task: int, columns: Array, counts: Array, x: Array, w: Array, bias: Array, slices: Array,
                        table: Array, begins: Array, positions: Array, values: Array, listed: Array, factors: Array,
                        sums: Array, pooled: Array, y: Array, place: Array, sizes: Any) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, runs, depth, windows, places = sizes
        rows, tasks = counts.shape[0], sums.shape[0]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        groups, tile_size = w.size // (n_tiles * depth * lanes), (pixels + 1) * lanes
        begin, position, value, into, best = begins[task], positions[task], values[task], sums[task], pooled[task]
        names, factor = listed[task], factors[task]
        for t in range(n_tiles):
            for k in range(lanes):
                into[t * tile_size + pixels * lanes + k] = -np.inf  # the border of pooling
        for r in range(task * share, min((task + 1) * share, rows)):
            _sort(r, columns, counts, x, map_size, channels, begin, position, value)
            for group in range(groups):
                for p in range(pixels):
                    n = 0
                    for run in range(runs):
                        at = (p * runs + run) * 3
                        first = begin[group * map_size + slices[at]]
                        many = begin[group * map_size + slices[at + 1]] - first
                        copy_shifted(names, n, position, first, many, slices[at + 2])
                        if valued:
                            copy_shifted(factor, n, value, first, many, 0)
                        n += many
                    for t in range(n_tiles):
                        tile = group * n_tiles + t
                        add(bias, tile * lanes, into, t * tile_size + p * lanes, w, tile * depth * lanes, lanes,
                            names, 0, n, factor, 0)  # fmt: skip
                for t in range(n_tiles):
                    tile, filters = r * groups * n_tiles + group * n_tiles + t, min(lanes, per_group - t * lanes)
                    if windows == 0:
                        start = ((r * groups + group) * per_group + t * lanes) * pixels
                        transpose(y, start, pixels, into, t * tile_size, lanes, pixels, filters)
                    else:
                        for p in range(windows):
                            largest(into, t * tile_size, table, p * places, places, best, p * lanes,
                                    place, (tile * windows + p) * lanes)  # fmt: skip
                        start = ((r * groups + group) * per_group + t * lanes) * windows
                        transpose(y, start, windows, best, 0, lanes, windows, filters)

    lists = array(np.uint16, 2, read=True), array(np.int32, 2, read=True)
    numbers, whole = partial(array, dtype), partial(array, np.int32)
    inputs = numbers(2, read=True), numbers(1, read=True), numbers(1, read=True)
    tables = whole(1, read=True), whole(1, read=True)
    rooms = whole(2, read=False), whole(2, read=False), numbers(2, read=False), whole(2, read=False)
    outputs = *(numbers(2, read=False),) * 3, numbers(1, read=False), array(np.uint8, 1, read=False)
    return in_parallel(convolve_events, (*lists, *inputs, *tables, *rooms, *outputs, sizes_kind(8)))


@cache
def _weight_kernel(lanes: int, dtype: Any) -> Any:
    add = add_to_places(lanes)

    @compiled()
    def convolve_weights_events(task: int, columns: Array, counts: Array, x: Array, one: Any, g: Array,
                                place: Array, g_w: Array, g_bias: Array, pairs: Array, n_pairs: Array, table: Array,
                                sources: Array, turned: Array, sizes: Any) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, taps, windows, places = sizes
        rows, tasks = counts.shape[0], sources.shape[0]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        all_tiles = g_w.shape[1] // (channels * taps * lanes)
        source, scratch, into, into_bias = sources[task], turned[task], g_w[task], g_bias[task]
        n_g = windows if windows > 0 else pixels
        for r in range(task * share, min((task + 1) * share, rows)):
            for tile in range(all_tiles):
                group, low = tile // n_tiles, (tile % n_tiles) * lanes
                start = ((r * all_tiles // n_tiles + group) * per_group + low) * n_g
                lay_out(source, scratch, lanes, g, start, min(lanes, per_group - low), pixels,
                        place, (r * all_tiles + tile) * windows * lanes, table, windows, places)  # fmt: skip
                for p in range(n_g):
                    add_stretch(into_bias, tile * lanes, scratch if windows > 0 else source, p * lanes, lanes)
                channel, end = 0, map_size
                for block in range(counts.shape[1]):
                    base = block * BLOCK
                    for k in range(counts[r, block]):
                        j = base + np.int64(columns[r, base + k])
                        while j >= end:
                            channel, end = channel + 1, end + map_size
                        seen, pixel = channel - group * channels, j - end + map_size
                        if 0 <= seen < channels:
                            value = x[r, j] if x.shape[0] > 0 else one
                            add(source, 0, into, (tile * channels + seen) * taps * lanes,
                                pairs, pixel * pairs.shape[1], n_pairs[pixel], value)  # fmt: skip

    lists = array(np.uint16, 2, read=True), array(np.int32, 2, read=True)
    numbers, whole = partial(array, dtype), partial(array, np.int32)
    number = numba.from_dtype(np.dtype(dtype))
    inputs = numbers(2, read=True), number, numbers(1, read=True), array(np.uint8, 1, read=True)
    outputs, rooms = (numbers(2, read=False),) * 2, (numbers(2, read=False),) * 2
    tables = whole(2, read=True), whole(1, read=True), whole(1, read=True)
    return in_parallel(convolve_weights_events, (*lists, *inputs, *outputs, *tables, *rooms, sizes_kind(7)))


def forward(x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters) -> Array:
    """y (rows, filters * pixels) for x (rows, channels * pixels) with these events; None will do for x if binary."""
    return _forward(x, events, w, bias, shape, None, np.empty(0, np.uint8))


def largest(
    x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters, window: Window
) -> tuple[Array, Array]:
    """(the largest of y under each window, (rows, filters * windows); their places as `placed` keeps them)."""
    place = room_for_places(len(events.counts), shape, window, w.dtype)
    return _forward(x, events, w, bias, shape, window, place), place


def _forward(
    x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters, window: Window | None, place: Array
) -> Array:
    lanes, kind, runs = tile_lanes(shape.per_group, w.dtype), w.dtype, runs_of(shape)
    table, windows, places = pool_table(window)
    n_tiles, pixels, rows = tiles(shape.per_group, lanes), shape.window.n_out, len(events.counts)
    y = memory.empty((rows * shape.n_out * (windows or pixels),), kind)
    plus = packed(np.zeros(shape.n_out, kind) if bias is None else bias, shape.groups, lanes)
    _forward_kernel(lanes, kind, not events.binary)(
        TASKS, read_only(events.columns), read_only(events.counts), values_of(x, events, kind),
        read_only(packed(by_place(w, shape), shape.groups, lanes).reshape(-1)), read_only(plus.reshape(-1)),
        read_only(runs.slices), read_only(table),
        np.empty((TASKS, shape.groups * shape.window.n_in + 2), np.int32),
        np.empty((TASKS, shape.n_x + PAST), np.int32), np.empty((TASKS, shape.n_x + PAST), kind),
        np.empty((TASKS, shape.depth + PAST), np.int32), np.empty((TASKS, shape.depth + PAST), kind),
        aligned((TASKS, n_tiles * (pixels + 1) * lanes), kind), aligned((TASKS, max(windows, 1) * lanes), kind),
        y, place, (shape.channels, shape.per_group, shape.window.n_in, pixels, len(runs.offsets), shape.depth,
                   windows, places),
    )  # fmt: skip
    return y.reshape(rows, -1) if rows else y.reshape(0, shape.n_out * (windows or pixels))


def weight_gradient(x: Array | None, events: Events, g: Array | Placed, shape: Filters) -> tuple[Array, Array]:
    """(gradient of w (filters, depth), gradient of the bias (filters,)) for the gradient g of y."""
    g, place, window = g if isinstance(g, Placed) else (g, np.empty(0, np.uint8), None)
    lanes, meeting = tile_lanes(shape.per_group, g.dtype), meetings.table(shape.window)
    table, windows, places = pool_table(window)
    tasks, n_tiles = weight_tasks(shape, g.dtype), shape.groups * tiles(shape.per_group, lanes)
    pixels = shape.window.n_out
    partial_w = memory.zeros((tasks, n_tiles * shape.depth * lanes), g.dtype)
    partial_bias = np.zeros((tasks, n_tiles * lanes), g.dtype)
    sources = memory.zeros((tasks, (pixels + 1) * lanes), g.dtype)  # lanes without a filter stay 0
    turned = memory.zeros((tasks, windows * lanes), g.dtype)
    _weight_kernel(lanes, g.dtype)(
        tasks, read_only(events.columns), read_only(events.counts), values_of(x, events, g.dtype),
        g.dtype.type(1), read_only(g.reshape(-1)), read_only(place), partial_w, partial_bias, read_only(meeting.pairs),
        read_only(meeting.counts), read_only(table), sources, turned, (*sizes_of(shape), windows, places),
    )  # fmt: skip
    whole = partial_w.sum(axis=0).reshape(n_tiles, shape.depth, lanes)
    return (
        unpacked(whole, shape.groups, shape.per_group),
        unpacked(partial_bias.sum(axis=0).reshape(n_tiles, lanes), shape.groups, shape.per_group),
    )


def sizes_of(shape: Filters) -> tuple[int, int, int, int, int]:
    """(channels and filters of a group, pixels of a map and of an output map, places of the window)."""
    window = shape.window
    return shape.channels, shape.per_group, window.n_in, window.n_out, window.n_taps


def values_of(x: Array | None, events: Events, dtype: Any) -> Array:
    """x, or nothing when every event is 1."""
    assert x is not None or events.binary
    return read_only(np.empty((0, 0), dtype) if x is None or events.binary else x)
