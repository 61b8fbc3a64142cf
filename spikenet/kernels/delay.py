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
def _add_taps(source: Array, offsets: Array, weight: Array, way: int, into: Array) -> None:
    steps, rows, n = into.shape
    for index in numba.prange(steps * rows):
        t, b = np.int64(index) // rows, np.int64(index) % rows
        target = into[t, b]
        for q in range(weight.shape[0]):
            shares = weight[q]
            for j in range(n):
                at = t + offsets[j] + way * q
                if 0 <= at < source.shape[0]:
                    target[j] += shares[j] * source[at, b, j]


@compiled(parallel=True)
def _tap_gradient(source: Array, offsets: Array, g: Array, g_weight: Array) -> None:
    steps, rows, n = g.shape
    taps = g_weight.shape[0]
    for index in numba.prange(n):
        j = np.int64(index)
        for q in range(taps):
            total = g.dtype.type(0)
            for t in range(steps):
                at = t + offsets[j] - q
                if 0 <= at < source.shape[0]:
                    for b in range(rows):
                        total += g[t, b, j] * source[at, b, j]
            g_weight[q, j] = total


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


def add_taps(source: Array, offsets: Array, weight: Array, way: int, into: Array) -> None:
    """into[t, b, j] += sum over q of weight[q, j] source[t + offsets[j] + way q, b, j], where there is such a step.

    source, into: (steps, rows, n), not the same number of steps; weight: (taps, n); way: 1 or -1
    """
    with enough_threads(into.size * len(weight) * NS_PER_VALUE):
        _add_taps(read_only(source), read_only(offsets), read_only(weight), way, into)


def tap_gradient(source: Array, offsets: Array, g: Array, taps: int) -> Array:
    """(taps, n) sums over t and b of g[t, b, j] source[t + offsets[j] - q, b, j]."""
    g_weight = np.empty((taps, g.shape[2]), g.dtype)
    with enough_threads(g.size * taps * NS_PER_VALUE):
        _tap_gradient(read_only(source), read_only(offsets), read_only(g), g_weight)
    return g_weight


def listed(spikes: Array) -> Events:
    """The events of a C-contiguous (rows, n) array of zeros and ones."""
    columns = memory.empty(spikes.shape, np.uint16)
    counts = memory.empty((len(spikes), blocks(spikes.shape[1])), np.int32)
    with enough_threads(spikes.size * NS_PER_VALUE):
        _list(read_only(spikes), columns, counts)
    return Events(columns, counts, binary=True)
