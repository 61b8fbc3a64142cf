"""The input's gradient of a convolution at some places only: for each a sum over all windows it lies in."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import meetings, memory
from spikenet.kernels.conv_events import in_tiles, sizes_of, tile_lanes
from spikenet.kernels.convolution import TASKS
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.filters import Filters
from spikenet.kernels.meetings import multiply_meetings
from spikenet.kernels.memory import read_only
from spikenet.kernels.stretch import transpose


@cache
def _kernel(lanes: int) -> Any:
    multiply = multiply_meetings(lanes)

    @compiled(parallel=True)
    def convolve_back_wanted(columns: Array, counts: Array, g: Array, w: Array, g_x: Array, sizes: Any, pairs: Array,
                             n_pairs: Array, turned: Array) -> None:  # fmt: skip
        channels, per_group, map_size, pixels, places = sizes
        rows, tasks = counts.shape[0], turned.shape[0]
        share, n_tiles = (rows + tasks - 1) // tasks, (per_group + lanes - 1) // lanes
        for index in numba.prange(tasks):
            task = np.int64(index)
            source = turned[task]
            for r in range(task * share, min((task + 1) * share, rows)):
                into = g_x[r]
                into[:] = 0
                for tile in range(w.shape[0]):
                    group, low = tile // n_tiles, (tile % n_tiles) * lanes
                    start = ((r * w.shape[0] // n_tiles + group) * per_group + low) * pixels
                    transpose(source, 0, lanes, g, start, pixels, min(lanes, per_group - low), pixels)
                    channel, end = 0, map_size
                    for block in range(counts.shape[1]):
                        base = block * BLOCK
                        for k in range(counts[r, block]):
                            j = base + np.int64(columns[r, base + k])
                            while j >= end:
                                channel, end = channel + 1, end + map_size
                            seen, pixel = channel - group * channels, j - end + map_size
                            if 0 <= seen < channels:
                                into[j] += multiply(source, 0, w, (tile * channels + seen) * places * lanes,
                                                    pairs, pixel * pairs.shape[1], n_pairs[pixel])  # fmt: skip

    return convolve_back_wanted


def input_gradient(g: Array, w: Array, wanted: Events, shape: Filters) -> Array:
    """Gradient of x (rows, channels * pixels) for the gradient g of y: at the wanted places, 0 elsewhere."""
    lanes, table = tile_lanes(shape.per_group, g.dtype), meetings.table(shape.window)
    g_x = memory.empty((len(g), shape.n_x), g.dtype)
    turned = memory.zeros((TASKS, shape.window.n_out * lanes), g.dtype)  # lanes without a filter stay 0
    _kernel(lanes)(
        read_only(wanted.columns), read_only(wanted.counts), read_only(g.reshape(-1)), in_tiles(w, shape, lanes), g_x,
        sizes_of(shape), table.pairs, table.counts, turned,
    )  # fmt: skip
    return g_x
