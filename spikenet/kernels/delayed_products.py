"""Products in which every synapse has a delay of its own, from the events of the input.

    sums[t + first[i, j] + q, b, j] += x[t, b, i] * w[i, q, j]

A whole delay has one tap, q = 0; one between two steps has several. Where a synapse's first contribution goes, counted
from the event's own row, is known beforehand: `offsets`. Sums run in the order of time and, within a step, of the
sources.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.memory import read_only
from spikenet.kernels.tasks import shared

TILE = 64  # outputs whose weights' gradients a thread sums at once


def offsets(first: Array, batch: int) -> Array:
    """(n, m) places between an event's row of the sums and where the first contribution of each synapse goes."""
    m = first.shape[1]
    return np.asarray(first.astype(np.int64) * (batch * m) + np.arange(m))


@shared
def _scatter(
    b: int, columns: Array, counts: Array, binary: bool, x: Array, w: Array, places: Array, batch: int, sums: Array
) -> None:
    rows, taps, m = counts.shape[0], w.shape[1], w.shape[2]
    for r in range(b, rows, batch):
        for block in range(counts.shape[1]):
            for k in range(counts[r, block]):
                i = block * BLOCK + np.int64(columns[r, block * BLOCK + k])
                at = places[i]
                value = w.dtype.type(1) if binary else x[r, i]
                for q in range(taps):
                    target, weights = sums[(r + q * batch) * m :], w[i, q]
                    for j in range(m):
                        target[at[j]] += value * weights[j]


@shared
def _weights(
    task: int, columns: Array, counts: Array, binary: bool, x: Array, g: Array, places: Array, batch: int, g_w: Array
) -> None:
    rows, taps, m = counts.shape[0], g_w.shape[1], g_w.shape[2]
    low, high = task * TILE, min(task * TILE + TILE, m)
    for r in range(rows):
        for block in range(counts.shape[1]):
            for k in range(counts[r, block]):
                i = block * BLOCK + np.int64(columns[r, block * BLOCK + k])
                at = places[i, low:high]
                value = g.dtype.type(1) if binary else x[r, i]
                for q in range(taps):
                    arrived, into = g[(r + q * batch) * m :], g_w[i, q, low:high]
                    for j in range(into.size):
                        into[j] += value * arrived[at[j]]


@shared
def _inputs(r: int, g: Array, w: Array, places: Array, batch: int, g_x: Array) -> None:
    n, taps, m = w.shape
    into = g_x[r]
    for i in range(n):
        at, total = places[i], w.dtype.type(0)
        for q in range(taps):
            arrived, weights = g[(r + q * batch) * m :], w[i, q]
            for j in range(m):
                total += weights[j] * arrived[at[j]]
        into[i] = total


def add_delayed(x: Array, events: Events, w: Array, places: Array, sums: Array) -> None:
    """sums += the delayed contributions of x (steps * batch, n); sums is (steps + longest delay, batch, m).

    x: its values are read unless the events are binary;  w: (n, taps, m)
    """
    lists = (read_only(events.columns), read_only(events.counts), events.binary)
    _scatter(sums.shape[1], *lists, x, w, places, sums.shape[1], sums.reshape(-1))


def weight_gradient(x: Array, events: Events, g: Array, places: Array, taps: int) -> Array:
    """(n, taps, m) from the gradient g (steps + longest delay, batch, m) of the sums."""
    n, m = places.shape
    g_w = memory.zeros((n, taps, m), g.dtype)
    lists = (read_only(events.columns), read_only(events.counts), events.binary)
    _weights(-(-g_w.shape[2] // TILE), *lists, x, g.reshape(-1), places, g.shape[1], g_w)
    return g_w


def input_gradient(g: Array, w: Array, places: Array, rows: int) -> Array:
    """(rows, n) from the gradient g (steps + longest delay, batch, m) of the sums."""
    g_x = memory.empty((rows, len(w)), g.dtype)
    _inputs(len(g_x), g.reshape(-1), w, places, g.shape[1], g_x)
    return g_x
