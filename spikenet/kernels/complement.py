"""Complement coding: events told by how they differ from what is usual, for inputs that fire at most steps.

An image shown as spikes has bright pixels that fire almost always. What they add to a sum is then the same at most
steps: it is computed once a sample, for the columns in which the sample fires at more than half of the steps (the
usual ones), and each step adds the rows of its other events and takes away those of the usual columns that are silent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events, blocks
from spikenet.kernels.tasks import shared

FEWEST_STEPS = 4  # below, hardly anything is usual
LOOKED_AT = 16  # samples from which it is judged whether coding pays
MOST_SAMPLES = 1 << 12  # what they send back is summed over the steps in a cache
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
    if not events.binary or steps < FEWEST_STEPS or samples * steps != rows or not 0 < samples <= MOST_SAMPLES:
        return None
    lists = events.columns, events.counts
    every = max(1, samples // LOOKED_AT)
    looked_at = -(-samples // every)
    saved, listed = np.empty(looked_at, np.int64), np.empty(looked_at, np.int64)
    _judge(looked_at, *lists, steps, every, BLOCK, saved, listed)
    if int(saved.sum()) <= WORTH_SAVING * int(listed.sum()):
        return None
    usual = Events(memory.empty((samples, n), np.uint16), memory.empty((samples, blocks(n)), np.int32), binary=True)
    columns = memory.empty((rows, n), np.uint16)
    more, fewer = (memory.empty((rows, blocks(n)), np.int32) for _ in range(2))
    _split(samples, *lists, steps, BLOCK, usual.columns, usual.counts, columns, more, fewer)
    return Complement(columns, more, fewer, usual)


@compiled()
def count_fired(
    columns: Array, counts: Array, b: int, samples: int, steps: int, block: int, width: int, fired: Array
) -> int:
    """Adds to `fired` at how many steps each column of a sample's block has an event; how many events there are."""
    total, low = 0, block * width
    for t in range(steps):
        r = t * samples + b
        total += counts[r, block]
        for k in range(counts[r, block]):
            fired[columns[r, low + k]] += 1
    return total


@shared
def _judge(
    task: int, columns: Array, counts: Array, steps: int, every: int, width: int, saved: Array, listed: Array
) -> None:
    """Of every so many samples: how many events there are, and how many go away."""
    samples = columns.shape[0] // steps
    fired = np.zeros(width, np.int64)
    saved[task], listed[task] = 0, 0
    for block in range(counts.shape[1]):
        listed[task] += count_fired(columns, counts, task * every, samples, steps, block, width, fired)
        for j in range(width):
            if 2 * fired[j] > steps:
                saved[task] += 2 * fired[j] - steps - 1  # the one: added once a sample
            fired[j] = 0


@shared
def _split(
    b: int, columns: Array, counts: Array, steps: int, width: int, usual: Array, n_usual: Array, into: Array,
    more: Array, fewer: Array,
) -> None:  # fmt: skip
    """Of a sample: what is usual, and how each step differs."""
    samples, n = usual.shape
    fired = np.zeros(width, np.int64)
    left = np.zeros(width, np.uint8)  # 1 in a usual column, 2 while it has an event
    for block in range(counts.shape[1]):
        low = block * width
        here, common, count = min(width, n - low), usual[b, low:], 0
        count_fired(columns, counts, b, samples, steps, block, width, fired)
        for j in range(here):
            if 2 * fired[j] > steps:
                common[count] = j
                count += 1
                left[j] = 1
            fired[j] = 0
        n_usual[b, block] = count
        for t in range(steps):
            r = t * samples + b
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
                j = common[k]
                if left[j] == 1:
                    row[count] = j
                    count += 1
                left[j] = 1
            fewer[r, block] = count - more[r, block]
        for k in range(n_usual[b, block]):
            left[common[k]] = 0
