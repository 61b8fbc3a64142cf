"""Products in which every synapse has a delay of its own, from the events of the input.

    sums[t + delay[i, j], b, j] += x[t, b, i] * w[i, j]

Where a synapse's contribution goes, counted from the event's own row, is known beforehand: `offsets`. Sums run in the
order of time and, within a step, of the sources.
"""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.memory import read_only

TILE = 64  # outputs whose weights' gradients a thread sums at once


def offsets(delays: Array, batch: int) -> Array:
    """(n, m) places between an event's row of the sums and where the contribution of each synapse goes."""
    m = delays.shape[1]
    return np.asarray(delays.astype(np.int64) * (batch * m) + np.arange(m))


@compiled(parallel=True)
def _scatter(
    columns: Array, counts: Array, binary: bool, x: Array, w: Array, places: Array, batch: int, sums: Array
) -> None:
    rows, m = counts.shape[0], w.shape[1]
    for index in numba.prange(batch):
        b = np.int64(index)
        for r in range(b, rows, batch):
            target = sums[r * m :]
            for block in range(counts.shape[1]):
                for k in range(counts[r, block]):
                    i = block * BLOCK + np.int64(columns[r, block * BLOCK + k])
                    weights, at = w[i], places[i]
                    value = w.dtype.type(1) if binary else x[r, i]
                    for j in range(m):
                        target[at[j]] += value * weights[j]


@compiled(parallel=True)
def _weights(columns: Array, counts: Array, binary: bool, x: Array, g: Array, places: Array, g_w: Array) -> None:
    rows, m = counts.shape[0], g_w.shape[1]
    for task in numba.prange((m + TILE - 1) // TILE):
        low, high = task * TILE, min(task * TILE + TILE, m)
        for r in range(rows):
            arrived = g[r * m :]
            for block in range(counts.shape[1]):
                for k in range(counts[r, block]):
                    i = block * BLOCK + np.int64(columns[r, block * BLOCK + k])
                    into, at = g_w[i, low:high], places[i, low:high]
                    value = g.dtype.type(1) if binary else x[r, i]
                    for j in range(into.size):
                        into[j] += value * arrived[at[j]]


@compiled(parallel=True)
def _inputs(g: Array, w: Array, places: Array, g_x: Array) -> None:
    n, m = w.shape
    for index in numba.prange(g_x.shape[0]):
        r = np.int64(index)
        arrived, into = g[r * m :], g_x[r]
        for i in range(n):
            weights, at = w[i], places[i]
            total = w.dtype.type(0)
            for j in range(m):
                total += weights[j] * arrived[at[j]]
            into[i] = total


def add_delayed(x: Array, events: Events, w: Array, places: Array, sums: Array) -> None:
    """sums += the delayed contributions of x (steps * batch, n); sums is (steps + longest delay, batch, m).

    x: its values are read unless the events are binary
    """
    lists = (read_only(events.columns), read_only(events.counts), events.binary)
    _scatter(*lists, read_only(x), read_only(w), read_only(places), sums.shape[1], sums.reshape(-1))


def weight_gradient(x: Array, events: Events, g: Array, places: Array) -> Array:
    """(n, m) from the gradient g (steps + longest delay, batch, m) of the sums."""
    g_w = memory.zeros(places.shape, g.dtype)
    lists = (read_only(events.columns), read_only(events.counts), events.binary)
    _weights(*lists, read_only(x), read_only(g.reshape(-1)), read_only(places), g_w)
    return g_w


def input_gradient(g: Array, w: Array, places: Array, rows: int) -> Array:
    """(rows, n) from the gradient g (steps + longest delay, batch, m) of the sums."""
    g_x = memory.empty((rows, len(w)), g.dtype)
    _inputs(read_only(g.reshape(-1)), read_only(w), read_only(places), g_x)
    return g_x
