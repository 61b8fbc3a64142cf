"""The input's gradient of a convolution at some places only: for each a sum over all windows it lies in."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import meetings, memory
from spikenet.kernels.conv_events import sizes_of
from spikenet.kernels.convolution import TASKS
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.filters import Filters, packed, tile_lanes
from spikenet.kernels.meetings import multiply_meetings
from spikenet.kernels.memory import read_only
from spikenet.kernels.placed import Placed, lay_out, pool_table, sizes_kind
from spikenet.kernels.tasks import array, in_parallel


@cache
def _kernel(lanes: int, dtype: Any) -> Any:
    multiply = multiply_meetings(lanes)

    @compiled()
    def convolve_back_wanted(task: int, columns: Array, counts: Array, g: Array, place: Array, w: Array, g_x: Array,
                             pairs: Array, n_pairs: Array, table: Array, sources: Array, turned: Array,
                             sizes: Any) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, taps, windows, places = sizes
        rows, tasks = counts.shape[0], sources.shape[0]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        all_tiles, n_g = w.size // (channels * taps * lanes), windows if windows > 0 else pixels
        source, scratch = sources[task], turned[task]
        for r in range(task * share, min((task + 1) * share, rows)):
            into = g_x[r]
            for k in range(into.size):
                into[k] = 0
            for tile in range(all_tiles):
                group, low = tile // n_tiles, (tile % n_tiles) * lanes
                start = ((r * all_tiles // n_tiles + group) * per_group + low) * n_g
                lay_out(source, scratch, lanes, g, start, min(lanes, per_group - low), pixels,
                        place, (r * all_tiles + tile) * windows * lanes, table, windows, places)  # fmt: skip
                channel, end = 0, map_size
                for block in range(counts.shape[1]):
                    base = block * BLOCK
                    for k in range(counts[r, block]):
                        j = base + np.int64(columns[r, base + k])
                        while j >= end:
                            channel, end = channel + 1, end + map_size
                        seen, pixel = channel - group * channels, j - end + map_size
                        if 0 <= seen < channels:
                            into[j] += multiply(source, 0, w, (tile * channels + seen) * taps * lanes,
                                                pairs, pixel * pairs.shape[1], n_pairs[pixel])  # fmt: skip

    numbers, whole = partial(array, dtype), partial(array, np.int32)
    lists = array(np.uint16, 2, read=True), whole(2, read=True)
    inputs = numbers(1, read=True), array(np.uint8, 1, read=True), numbers(1, read=True), numbers(2, read=False)
    tables = whole(2, read=True), whole(1, read=True), whole(1, read=True)
    rooms = (numbers(2, read=False),) * 2
    return in_parallel(convolve_back_wanted, (*lists, *inputs, *tables, *rooms, sizes_kind(7)))


def input_gradient(g: Array | Placed, w: Array, wanted: Events, shape: Filters) -> Array:
    """Gradient of x (rows, channels * pixels) for the gradient g of y: at the wanted places, 0 elsewhere."""
    g, place, window = g if isinstance(g, Placed) else (g, np.empty(0, np.uint8), None)
    lanes, meeting = tile_lanes(shape.per_group, g.dtype), meetings.table(shape.window)
    table, windows, places = pool_table(window)
    g_x = memory.empty((len(wanted.counts), shape.n_x), g.dtype)
    sources = memory.zeros((TASKS, (shape.window.n_out + 1) * lanes), g.dtype)  # lanes without a filter stay 0
    _kernel(lanes, g.dtype)(
        TASKS, read_only(wanted.columns), read_only(wanted.counts), read_only(g.reshape(-1)), read_only(place),
        read_only(packed(w, shape.groups, lanes).reshape(-1)), g_x, read_only(meeting.pairs),
        read_only(meeting.counts), read_only(table), sources, memory.zeros((TASKS, windows * lanes), g.dtype),
        (*sizes_of(shape), windows, places),
    )  # fmt: skip
    return g_x
