"""Arrays shifted in time by a delay of each neuron's own."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events, blocks, list_fired
from spikenet.kernels.tasks import shared
from spikenet.kernels.threads import enough_threads

NS_PER_VALUE = 1.0  # about what it takes here


@shared
def _shift(row: int, source: Array, offsets: Array, into: Array) -> None:
    batch, n = into.shape[1:]
    t, b = row // batch, row % batch
    target = into[t, b]
    for j in range(n):
        at = t + offsets[j]
        if 0 <= at < source.shape[0]:
            target[j] = source[at, b, j]


@shared
def _add_taps(index: int, source: Array, offsets: Array, weight: Array, way: int, into: Array) -> None:
    rows, n = into.shape[1:]
    t, b = index // rows, index % rows
    target = into[t, b]
    for q in range(weight.shape[0]):
        shares = weight[q]
        for j in range(n):
            at = t + offsets[j] + way * q
            if 0 <= at < source.shape[0]:
                target[j] += shares[j] * source[at, b, j]


@shared
def _tap_gradient(j: int, source: Array, offsets: Array, g: Array, g_weight: Array) -> None:
    steps, rows = g.shape[:2]
    taps = g_weight.shape[0]
    for q in range(taps):
        total = g.dtype.type(0)
        for t in range(steps):
            at = t + offsets[j] - q
            if 0 <= at < source.shape[0]:
                for b in range(rows):
                    total += g[t, b, j] * source[at, b, j]
        g_weight[q, j] = total


@shared
def _list(r: int, values: Array, columns: Array, counts: Array) -> None:
    n = values.shape[1]
    for block in range(counts.shape[1]):
        low, high = block * BLOCK, min(block * BLOCK + BLOCK, n)
        counts[r, block] = list_fired(values[r, low:high], columns[r, low:high])


def shift(source: Array, offsets: Array, into: Array) -> None:
    """into[t, b, j] = source[t + offsets[j], b, j] where the source has such a step; elsewhere `into` is left as it is.

    source, into: (steps, batch, n), not the same number of steps; offsets: (n,) int64
    """
    if source.size and into.size:
        with enough_threads(into.size * NS_PER_VALUE):
            _shift(into.shape[0] * into.shape[1], np.ascontiguousarray(source), np.ascontiguousarray(offsets), into)


def add_taps(source: Array, offsets: Array, weight: Array, way: int, into: Array) -> None:
    """into[t, b, j] += sum over q of weight[q, j] source[t + offsets[j] + way q, b, j], where there is such a step.

    source, into: (steps, rows, n), not the same number of steps; weight: (taps, n); way: 1 or -1
    """
    with enough_threads(into.size * len(weight) * NS_PER_VALUE):
        given = map(np.ascontiguousarray, (source, offsets, weight))
        _add_taps(into.shape[0] * into.shape[1], *given, way, into)


def tap_gradient(source: Array, offsets: Array, g: Array, taps: int) -> Array:
    """(taps, n) sums over t and b of g[t, b, j] source[t + offsets[j] - q, b, j]."""
    g_weight = np.empty((taps, g.shape[2]), g.dtype)
    with enough_threads(g.size * taps * NS_PER_VALUE):
        _tap_gradient(g.shape[2], *map(np.ascontiguousarray, (source, offsets, g)), g_weight)
    return g_weight


def listed(spikes: Array) -> Events:
    """The events of a C-contiguous (rows, n) array of zeros and ones."""
    columns = memory.empty(spikes.shape, np.uint16)
    counts = memory.empty((len(spikes), blocks(spikes.shape[1])), np.int32)
    with enough_threads(spikes.size * NS_PER_VALUE):
        _list(len(spikes), spikes, columns, counts)
    return Events(columns, counts, binary=True)
