"""Events sorted by column within shares of the rows: what products need that go through an array column by column.

For each share of `share` rows and each column j, the rows (counted from the share's first) that have an event in j
stand, in order, at places[starts[s, j] : starts[s, j + 1]].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.tasks import shared
from spikenet.kernels.vector_products import prefetch

AHEAD, FIRST_PLACES = 4, 64  # rows ahead whose events are asked for, and how many of them


@dataclass(frozen=True)
class BySource:
    """starts: (shares, n + 1) int64; places: (events,) uint16, below `share`, the rows of a share."""

    starts: Array
    places: Array
    share: int


def by_source(events: Events, share: int, skipped: Array | None = None) -> BySource:
    """The events of a (rows, n) array by column, for shares of `share` rows, at most 65536.

    skipped: (rows, blocks) int32, how many columns of each block's stretch stand before its events
    """
    rows, n = events.columns.shape
    shares = -(-rows // share)
    per_row = events.counts.sum(axis=1, dtype=np.int64)
    before = np.zeros(shares + 1, np.int64)
    np.cumsum(np.add.reduceat(per_row, np.arange(0, rows, share)) if rows else per_row, out=before[1:])
    starts = memory.empty((shares, n + 1), np.int64)
    places = memory.empty((int(before[-1]),), np.uint16)
    before_events = np.zeros_like(events.counts) if skipped is None else skipped
    lists = events.columns, before_events, events.counts
    _sort(shares, *lists, share, BLOCK, before, starts, places)
    return BySource(starts, places, share)


@shared
def _sort(
    task: int, columns: Array, skipped: Array, counts: Array, share: int, block_size: int, before: Array, starts: Array,
    places: Array,
) -> None:  # fmt: skip
    """Counting sort of each share, which writes only its own stretch of `places`."""
    rows, n = columns.shape
    first = task * share
    many = min(share, rows - first)
    here = starts[task]
    next_place = np.zeros(n, np.int64)
    for r in range(many):
        prefetch(columns, (first + min(r + AHEAD, many - 1)) * n, FIRST_PLACES)
        for block in range(counts.shape[1]):
            base = block * block_size
            at = base + skipped[first + r, block]
            for k in range(counts[first + r, block]):
                next_place[base + columns[first + r, at + k]] += 1
    total = before[task]
    for j in range(n):
        here[j] = total
        total += next_place[j]
        next_place[j] = here[j]
    here[n] = total
    for r in range(many):
        for block in range(counts.shape[1]):
            base = block * block_size
            at = base + skipped[first + r, block]
            for k in range(counts[first + r, block]):
                j = base + columns[first + r, at + k]
                places[next_place[j]] = r
                next_place[j] += 1
