"""Max pooling of spikes by their events: a window fires when any of its places does."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import meetings, memory
from spikenet.kernels.events import BLOCK, Events, blocks, list_fired
from spikenet.kernels.tasks import shared
from spikenet.kernels.window import Window


@shared
def _fired(r: int, columns: Array, counts: Array, sizes: Any, pairs: Array, n_pairs: Array, idle: Array, y: Array,
           place: Array, y_columns: Array, y_counts: Array) -> None:  # fmt: skip
    n_in, n_out = sizes
    fired, where = y[r], place[r]
    for k in range(fired.size):
        fired[k] = 0
    for first in range(0, fired.size, n_out):
        for k in range(n_out):
            where[first + k] = idle[k]
    channel, end = 0, n_in
    for block in range(counts.shape[1]):
        listed = columns[r, block * BLOCK :]
        for k in range(counts[r, block]):
            j = block * BLOCK + np.int64(listed[k])
            while j >= end:
                channel, end = channel + 1, end + n_in
            pixel = j - end + n_in
            for m in range(n_pairs[pixel]):
                output = channel * n_out + pairs[pixel, 2 * m]
                # events come row by row: the first is the first of its windows
                where[output] = pairs[pixel, 2 * m + 1] if fired[output] == 0 else where[output]
                fired[output] = 1
    for block in range(y_counts.shape[1]):
        low = block * BLOCK
        y_counts[r, block] = list_fired(fired[low : low + BLOCK], y_columns[r, low : low + BLOCK])


def fired(events: Events, window: Window, dtype: Any) -> tuple[Array, Array, Events]:
    """(pooled spikes (rows, channels * output pixels), places of the window that fired first, their events).

    A window in which nothing fires has its first place that is on the map, as any largest number has.
    """
    table = meetings.table(window)
    rows, n = len(events.counts), events.columns.shape[1] // window.n_in * window.n_out
    y, place = memory.empty((rows, n), dtype), memory.empty((rows, n), np.uint16)
    columns, counts = memory.empty((rows, n), np.uint16), memory.empty((rows, blocks(n)), np.int32)
    _fired(
        rows, events.columns, events.counts, (window.n_in, window.n_out), table.pairs, table.counts,
        _first_places(window, table), y, place, columns, counts,
    )  # fmt: skip
    return y, place, Events(columns, counts, binary=True)


def _first_places(window: Window, table: meetings.Table) -> Array:
    """The first place of each window that lies on the map, (outputs,) uint16."""
    first = np.full(window.n_out, window.n_taps, np.uint16)
    for pixel, count in enumerate(table.counts):
        outputs, places = table.pairs[pixel].reshape(-1, 2)[:count].T
        first[outputs] = np.minimum(first[outputs], places)
    return first
