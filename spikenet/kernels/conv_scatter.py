"""Convolution forward of few events: each adds its weights to all outputs whose windows it lies in.

What `conv_events` gathers output by output is here scattered event by event: the sums are read and written for each of
them, but nothing is done for an output that no event reaches. That pays where windows hold an event or less.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import meetings, memory
from spikenet.kernels.conv_events import sizes_of, values_of
from spikenet.kernels.convolution import TASKS
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.filters import Filters, aligned, packed, tile_lanes
from spikenet.kernels.lane_rows import largest_rows
from spikenet.kernels.meetings import add_to_outputs
from spikenet.kernels.memory import read_only
from spikenet.kernels.placed import pool_table, room_for_places, sizes_kind
from spikenet.kernels.stretch import copy_stretch, transpose
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.window import Window


@cache
def _kernel(lanes: int, dtype: Any) -> Any:
    add, largest = add_to_outputs(lanes), largest_rows(lanes)

    @compiled()
    def convolve_scattered(task: int, columns: Array, counts: Array, x: Array, one: Any, w: Array, bias: Array,
                           pairs: Array, n_pairs: Array, table: Array, sums: Array, pooled: Array, y: Array,
                           place: Array, sizes: Any) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, taps, windows, places = sizes
        rows, tasks = counts.shape[0], sums.shape[0]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        into, best, all_tiles = sums[task], pooled[task], w.size // (channels * taps * lanes)
        n_y = windows if windows > 0 else pixels
        for k in range(lanes):
            into[pixels * lanes + k] = -np.inf  # the border of pooling
        for r in range(task * share, min((task + 1) * share, rows)):
            for tile in range(all_tiles):
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
                            value = x[r, j] if x.shape[0] > 0 else one
                            add(into, 0, w, (tile * channels + seen) * taps * lanes,
                                pairs, pixel * pairs.shape[1], n_pairs[pixel], value)  # fmt: skip
                start = ((r * all_tiles // n_tiles + group) * per_group + low) * n_y
                for p in range(windows):
                    largest(into, 0, table, p * places, places, best, p * lanes,
                            place, ((r * all_tiles + tile) * windows + p) * lanes)  # fmt: skip
                transpose(y, start, n_y, best if windows > 0 else into, 0, lanes, n_y, min(lanes, per_group - low))

    numbers, whole = partial(array, dtype), partial(array, np.int32)
    lists = array(np.uint16, 2, read=True), whole(2, read=True)
    inputs = numbers(2, read=True), numba.from_dtype(np.dtype(dtype)), numbers(1, read=True), numbers(1, read=True)
    tables = whole(2, read=True), whole(1, read=True), whole(1, read=True)
    outputs = (numbers(2, read=False),) * 2, (numbers(1, read=False), array(np.uint8, 1, read=False))
    return in_parallel(convolve_scattered, (*lists, *inputs, *tables, *outputs[0], *outputs[1], sizes_kind(7)))


def forward(x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters) -> Array:
    """As `conv_events.forward`."""
    return _forward(x, events, w, bias, shape, None, np.empty(0, np.uint8))


def largest(
    x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters, window: Window
) -> tuple[Array, Array]:
    """As `conv_events.largest`."""
    place = room_for_places(len(events.counts), shape, window, w.dtype)
    return _forward(x, events, w, bias, shape, window, place), place


def _forward(
    x: Array | None, events: Events, w: Array, bias: Array | None, shape: Filters, window: Window | None, place: Array
) -> Array:
    lanes, kind, meeting = tile_lanes(shape.per_group, w.dtype), w.dtype, meetings.table(shape.window)
    table, windows, places = pool_table(window)
    rows, pixels = len(events.counts), shape.window.n_out
    y = memory.empty((rows, shape.n_out * (windows or pixels)), kind)
    plus = packed(np.zeros(shape.n_out, kind) if bias is None else bias, shape.groups, lanes)
    _kernel(lanes, kind)(
        TASKS, read_only(events.columns), read_only(events.counts), values_of(x, events, kind), kind.type(1),
        read_only(packed(w, shape.groups, lanes).reshape(-1)), read_only(plus.reshape(-1)),
        read_only(meeting.pairs), read_only(meeting.counts), read_only(table),
        aligned((TASKS, (pixels + 1) * lanes), kind), aligned((TASKS, max(windows, 1) * lanes), kind),
        y.reshape(-1), place, (*sizes_of(shape), windows, places),
    )  # fmt: skip
    return y
