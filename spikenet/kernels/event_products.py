"""Products with an array that is mostly zero, from its events: rows of the other factor are added where there is one.

For x (rows, n) with few events and w (n, m), g (rows, m):

    multiply            x @ w + start    threads share rows of x; each row of the result sums the rows of w it names
    transposed_multiply x.T @ g          threads share blocks of columns of x, so each owns its rows of the sum

Outputs are taken in tiles of `lanes`, whose sums stay in registers. For that w is laid out tile by tile, so that all
rows of a tile fit the second-level cache. Sums run in the order of the events, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.memory import read_only
from spikenet.kernels.vector import gather, scatter

WIDE_BYTES, NARROW = 256, 16  # a tile: eight 32-byte registers, or the 16 outputs that a ten-class readout needs
SHARE = 16  # rows of x a thread takes at once


@compiled(parallel=True)
def _pack(w: Array, packed: Array) -> None:
    tiles, n, lanes = packed.shape
    m = w.shape[1]
    for task in numba.prange(tiles):
        low = task * lanes
        tile = packed[task]
        width = min(lanes, m - low)
        for i in range(n):
            row = w[i, low : low + width]
            into = tile[i]
            for c in range(width):
                into[c] = row[c]
            for c in range(width, lanes):
                into[c] = 0


@compiled(parallel=True)
def _unpack(packed: Array, w: Array) -> None:
    tiles, n, lanes = packed.shape
    m = w.shape[1]
    share = 32
    for task in numba.prange((n + share - 1) // share):
        for i in range(task * share, min((task + 1) * share, n)):
            for t in range(tiles):
                into = w[i, t * lanes : min((t + 1) * lanes, m)]
                row = packed[t, i]
                for c in range(into.size):
                    into[c] = row[c]


@cache
def _multiply_kernel(lanes: int, binary: bool) -> Callable[..., None]:
    add_rows = gather(lanes, binary)

    @compiled(parallel=True)
    def multiply_events(columns: Array, counts: Array, x: Array, packed: Array, y: Array) -> None:
        rows, m = y.shape
        n = columns.shape[1]
        groups = (rows + SHARE - 1) // SHARE
        for index in numba.prange(groups * packed.shape[0]):
            task = np.int64(index)  # numba's own index is unsigned: added to a signed number it makes a float
            tile = task // groups
            low = tile * lanes
            first = (task % groups) * SHARE
            width = min(lanes, m - low)
            spare = np.zeros(lanes, packed.dtype)  # holds the sums of a tile that is not full
            for r in range(first, min(first + SHARE, rows)):
                for c in range(width % lanes):
                    spare[c] = y[r, low + c]
                for block in range(counts.shape[1]):
                    at = r * n + block * BLOCK
                    weights_at = (tile * n + block * BLOCK) * lanes
                    if width == lanes:
                        add_rows(y, r * m + low, packed, weights_at, columns, at, counts[r, block], x, at)
                    else:
                        add_rows(spare, 0, packed, weights_at, columns, at, counts[r, block], x, at)
                for c in range(width % lanes):
                    y[r, low + c] = spare[c]

    return multiply_events


@cache
def _transposed_kernel(lanes: int, binary: bool) -> Callable[..., None]:
    add_to_rows = scatter(lanes, binary)

    @compiled(parallel=True)
    def transposed_events(columns: Array, counts: Array, x: Array, g: Array, packed: Array) -> None:
        rows, m = g.shape
        n = columns.shape[1]
        n_blocks = counts.shape[1]
        for index in numba.prange(n_blocks * packed.shape[0]):
            task = np.int64(index)
            block = task % n_blocks
            base = block * BLOCK
            tile = task // n_blocks
            low = tile * lanes
            width = min(lanes, m - low)
            part = np.zeros(lanes, packed.dtype)
            for i in range(base, min(base + BLOCK, n)):
                for c in range(lanes):
                    packed[tile, i, c] = 0
            for r in range(rows):
                for c in range(width):
                    part[c] = g[r, low + c]
                at = r * n + base
                add_to_rows(part, 0, packed, (tile * n + base) * lanes, columns, at, counts[r, block], x, at)

    return transposed_events


def _tiled(n: int, m: int, dtype: Any) -> Array:
    lanes = WIDE_BYTES // np.dtype(dtype).itemsize if m > NARROW else NARROW
    return memory.empty((-(-m // lanes), n, lanes), dtype)


def _unread(events: Events, packed: Array) -> bool:
    """Whether the values need not be read; in narrow tiles that saves less than one more kernel takes to compile."""
    return events.binary and packed.shape[2] > NARROW


def multiply(x: Array, events: Events, w: Array, start: Array | None = None) -> Array:
    """x @ w + start, for C-contiguous x (rows, n) with these events and w (n, m); start broadcasts to (rows, m)."""
    packed = _tiled(w.shape[0], w.shape[1], w.dtype)
    _pack(read_only(w), packed)
    y = memory.empty((len(x), w.shape[1]), w.dtype)
    y[...] = 0 if start is None else start
    kernel = _multiply_kernel(packed.shape[2], _unread(events, packed))
    kernel(read_only(events.columns), read_only(events.counts), read_only(x), read_only(packed), y)
    return y


def transposed_multiply(x: Array, events: Events, g: Array) -> Array:
    """x.T @ g, for C-contiguous x (rows, n) with these events and g (rows, m)."""
    w = memory.empty((x.shape[1], g.shape[1]), g.dtype)
    packed = _tiled(w.shape[0], w.shape[1], w.dtype)
    kernel = _transposed_kernel(packed.shape[2], _unread(events, packed))
    kernel(read_only(events.columns), read_only(events.counts), read_only(x), read_only(g), packed)
    _unpack(read_only(packed), w)
    return w
