"""Complement coding: events told by how they differ from what is usual, for inputs that fire at most steps.

An image shown as spikes has bright pixels that fire almost always. What they add to a sum is then the same at most
steps: it is computed once a sample, for the columns in which the sample fires at more than half of the steps (the
usual ones), and each step adds the rows of its other events and takes away those of the usual columns that are silent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events, blocks
from spikenet.kernels.memory import read_only

FEWEST_STEPS = 4  # below, hardly anything is usual
LOOKED_AT = 16  # samples from which it is judged whether coding pays
WORTH_SAVING = 0.25  # share of the events that must go away: finding and adding the usual costs about as much as 0.1


@dataclass(frozen=True)
class Complement:
    """Binary events of rows (steps * samples, n), one step's samples after another's, around the usual.

    columns: (rows, n) uint16; of each block's stretch the first `more` are columns of events that are not usual, the
             next `fewer` are usual columns without an event
    more, fewer: (rows, blocks) int32
    usual  : events (samples, n)
    """

    columns: Array
    more: Array
    fewer: Array
    usual: Events

    binary = True

    @property
    def density(self) -> float:
        """Rows to add or to take away, as a share of all entries."""
        differ = int(self.more.sum(dtype=np.int64)) + int(self.fewer.sum(dtype=np.int64))
        return (differ + int(self.usual.counts.sum(dtype=np.int64))) / max(self.columns.size, 1)


def around_usual(events: Events, steps: int) -> Complement | None:
    """Binary events of rows (steps * samples, n) around what is usual for each sample; None where that does not pay."""
    rows, n = events.columns.shape
    samples = rows // max(steps, 1)
    if not events.binary or steps < FEWEST_STEPS or samples * steps != rows or rows == 0:
        return None
    _, saved, listed = _usual(events, steps, samples, max(1, samples // LOOKED_AT))
    if saved <= WORTH_SAVING * listed:
        return None
    usual, _, _ = _usual(events, steps, samples, 1)
    columns = memory.empty((rows, n), np.uint16)
    more, fewer = (memory.empty((rows, blocks(n)), np.int32) for _ in range(2))
    lists = read_only(events.columns), read_only(events.counts), read_only(usual.columns), read_only(usual.counts)
    _split(*lists, BLOCK, columns, more, fewer)
    return Complement(columns, more, fewer, usual)


def _usual(events: Events, steps: int, samples: int, every: int) -> tuple[Events, int, int]:
    """Of every so many samples: the columns that fire at more than half of the steps; events saved, and events."""
    looked_at = -(-samples // every)
    usual = Events(
        memory.empty((looked_at, events.columns.shape[1]), np.uint16),
        memory.empty((looked_at, events.counts.shape[1]), np.int32),
        binary=True,
    )
    saved, listed = np.empty(looked_at, np.int64), np.empty(looked_at, np.int64)
    lists = read_only(events.columns), read_only(events.counts)
    _often(*lists, steps, samples, every, BLOCK, usual.columns, usual.counts, saved, listed)
    return usual, int(saved.sum()), int(listed.sum())


@compiled(parallel=True)
def _often(
    columns: Array, counts: Array, steps: int, samples: int, every: int, width: int, usual: Array, n_usual: Array,
    saved: Array, listed: Array,
) -> None:  # fmt: skip
    n = columns.shape[1]
    for index in numba.prange(usual.shape[0]):
        b = np.int64(index) * every
        saved[index], listed[index] = 0, 0
        fired = np.empty(width, np.int64)
        for block in range(counts.shape[1]):
            low = block * width
            here, into = min(width, n - low), usual[index, low:]
            fired[:] = 0
            for t in range(steps):
                r = t * samples + b
                listed[index] += counts[r, block]
                for k in range(counts[r, block]):
                    fired[columns[r, low + k]] += 1
            count = 0
            for j in range(here):
                if 2 * fired[j] > steps:
                    into[count] = j
                    count += 1
                    saved[index] += 2 * fired[j] - steps - 1  # the one: added once a sample
            n_usual[index, block] = count


@compiled(parallel=True)
def _split(
    columns: Array, counts: Array, usual: Array, n_usual: Array, width: int, into: Array, more: Array, fewer: Array
) -> None:
    samples = usual.shape[0]
    for index in numba.prange(samples):
        b = np.int64(index)
        left = np.zeros(width, np.uint8)  # 1 in a usual column, 2 while it has an event
        for block in range(counts.shape[1]):
            low = block * width
            for k in range(n_usual[b, block]):
                left[usual[b, low + k]] = 1
            for r in range(b, columns.shape[0], samples):
                row, count = into[r, low:], 0
                for k in range(counts[r, block]):
                    j = columns[r, low + k]
                    if left[j] == 0:
                        row[count] = j
                        count += 1
                    else:
                        left[j] = 2
                more[r, block] = count
                for k in range(n_usual[b, block]):
                    j = usual[b, low + k]
                    if left[j] == 1:
                        row[count] = j
                        count += 1
                    left[j] = 1
                fewer[r, block] = count - more[r, block]
            for k in range(n_usual[b, block]):
                left[usual[b, low + k]] = 0


@compiled(parallel=True)
def _over_steps(g: Array, total: Array) -> None:
    samples, m = total.shape
    for index in numba.prange(samples):
        b = np.int64(index)
        into = total[b]
        into[:] = 0
        for r in range(b, g.shape[0], samples):
            row = g[r]
            for j in range(m):
                into[j] += row[j]


def over_steps(g: Array, samples: int) -> Array:
    """The sum over steps of g (steps * samples, m): (samples, m)."""
    total = memory.empty((samples, g.shape[1]), g.dtype)
    _over_steps(read_only(g), total)
    return total
