"""Arrays shifted in time by a delay of each neuron's own."""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events, blocks, list_fired
from spikenet.kernels.memory import read_only
from spikenet.kernels.threads import enough_threads

NS_PER_VALUE = 1.0  # about what it takes here


@compiled(parallel=True)
def _shift(source: Array, offsets: Array, into: Array) -> None:
    steps, batch, n = into.shape
    for row in numba.prange(steps * batch):
        t, b = row // batch, row % batch
        target = into[t, b]
        for j in range(n):
            at = np.int64(t) + offsets[j]
            if 0 <= at < source.shape[0]:
                target[j] = source[at, b, j]


@compiled(parallel=True)
def _list(values: Array, columns: Array, counts: Array) -> None:
    n = values.shape[1]
    for r in numba.prange(values.shape[0]):
        for block in range(counts.shape[1]):
            low, high = block * BLOCK, min(block * BLOCK + BLOCK, n)
            counts[r, block] = list_fired(values[r, low:high], columns[r, low:high])


def shift(source: Array, offsets: Array, into: Array) -> None:
    """into[t, b, j] = source[t + offsets[j], b, j] where the source has such a step; elsewhere `into` is left as it is.

    source, into: (steps, batch, n), not the same number of steps; offsets: (n,) int64
    """
    if source.size and into.size:
        with enough_threads(into.size * NS_PER_VALUE):
            _shift(read_only(np.ascontiguousarray(source)), read_only(offsets), into)


def listed(spikes: Array) -> Events:
    """The events of a C-contiguous (rows, n) array of zeros and ones."""
    columns = memory.empty(spikes.shape, np.uint16)
    counts = memory.empty((len(spikes), blocks(spikes.shape[1])), np.int32)
    with enough_threads(spikes.size * NS_PER_VALUE):
        _list(read_only(spikes), columns, counts)
    return Events(columns, counts, binary=True)
