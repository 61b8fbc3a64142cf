"""What outputs of the step before, or errors of the step after, add to a few rows: by events or densely.

The matrix is small enough to stay in the second-level cache and is used at every step, so it is laid out once, in tiles
of `lanes` columns (`packed`). A dense product of four rows reads it once for all of them; with few events only the rows
named are read. Both sum in the order of the sources, each term added with one rounding (a spike's 1 * w is exact), so
that for spikes the two agree to the last bit.

    into (rows, width)          width: a multiple of `lanes`
    packed (tiles, n, lanes)    as `packed` makes it
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.events import BLOCK
from spikenet.kernels.vector import gather
from spikenet.kernels.vector_products import add_product, four_dots, prefetch

TILE_BYTES = 256  # of a tile's row: eight 32-byte registers
PART_BYTES = 64  # taken at once by a dense product: two registers for each of four rows
DENSE_ABOVE = 0.35  # share of events above which the dense product is faster (Zen 3, 256 x 256)


def lanes_of(dtype: Any) -> int:
    """Columns of a tile."""
    return int(TILE_BYTES // np.dtype(dtype).itemsize)


def padded(n: int, dtype: Any) -> int:
    """n rounded up to whole tiles."""
    return -(-n // lanes_of(dtype)) * lanes_of(dtype)


def packed(w: Array) -> Array:
    """w (n, m) tile by tile, (tiles, n, lanes), the last tile filled up with 0."""
    n, m = w.shape
    tiles, lanes = padded(m, w.dtype) // lanes_of(w.dtype), lanes_of(w.dtype)
    into = memory.zeros((tiles, n, lanes), w.dtype)
    whole = m // lanes
    into[:whole] = w[:, : whole * lanes].reshape(n, whole, lanes).swapaxes(0, 1)
    if whole < tiles:
        into[whole, :, : m - whole * lanes] = w[:, whole * lanes :]
    return into


def wide_rows(w: Array) -> Array:
    """w (n, m) with every row filled up with 0 to whole tiles."""
    n, m = w.shape
    rows = memory.zeros((n, padded(m, w.dtype)), w.dtype)
    rows[:, :m] = w
    return rows


_four: Any = add_product(4, PART_BYTES)
_two: Any = add_product(2, PART_BYTES)
_one: Any = add_product(1, PART_BYTES)


@compiled()
def add_dense(into: Array, rows: int, w: Array, values: Array, first: int) -> None:
    """into[r] += values[first + r] @ w for r < rows."""
    tiles, n, lanes = w.shape
    part = PART_BYTES // into.itemsize
    stride, own = values.shape[1], into.shape[1]
    for tile in range(tiles):
        for c in range(0, lanes, part):
            at = tile * n * lanes + c
            low = tile * lanes + c
            r = 0
            while r + 4 <= rows:
                _four(into, r * own + low, own, values, (first + r) * stride, stride, w, at, lanes, n)
                r += 4
            if r + 2 <= rows:
                _two(into, r * own + low, own, values, (first + r) * stride, stride, w, at, lanes, n)
                r += 2
            if r < rows:
                _one(into, r * own + low, own, values, (first + r) * stride, stride, w, at, lanes, n)


@compiled()
def fetch_rows(a: Array, step: int, first: int, rows: int) -> None:
    """Asks for rows first, first + 1, ... of a step of a (steps, batch, n), if there is such a step."""
    if 0 <= step < a.shape[0]:
        n = a.shape[2]
        prefetch(a, (step * a.shape[1] + first) * n, rows * n)


@compiled()
def is_dense(counts: Array, first: int, rows: int, n: int) -> bool:
    """Whether the events of rows first, first + 1, ... are so many that a dense product is faster."""
    total = 0
    for r in range(rows):
        for block in range(counts.shape[1]):
            total += counts[first + r, block]
    return total > DENSE_ABOVE * rows * n


@compiled()
def copy_rows(given: Array, first: int, rows: int, into: Array) -> None:
    """into[r] = given[first + r]."""
    for r in range(rows):
        row, from_row = into[r], given[first + r]
        for j in range(given.shape[1]):
            row[j] = from_row[j]


@cache
def spikes_adder(lanes: int) -> Callable[..., None]:
    """add_spikes(begun, into, rows, w, columns, first, counts, spare): into[r] = begun[r] + the rows of w that fired.

    begun          : (rows or more, n), from its row `begun_first`
    columns, counts: events of rows first, first + 1, ..., as `events` lists them
    spare          : (rows or more, n), overwritten
    """
    add_rows = gather(lanes, True)

    @compiled()
    def add_spikes(
        begun: Array, begun_first: int, into: Array, rows: int, w: Array, columns: Array, first: int, counts: Array,
        spare: Array,
    ) -> None:  # fmt: skip
        tiles, n, width = w.shape[0], w.shape[1], into.shape[1]
        if is_dense(counts, first, rows, n):
            copy_rows(begun, begun_first, rows, into)
            for r in range(rows):
                row = spare[r]
                for j in range(n):
                    row[j] = 0
                for block in range(counts.shape[1]):
                    listed = columns[first + r, block * BLOCK :]
                    for k in range(counts[first + r, block]):
                        row[block * BLOCK + listed[k]] = 1
            add_dense(into, rows, w, spare, 0)
            return
        if n < width:  # the last tile goes beyond what was begun
            copy_rows(begun, begun_first, rows, into)
        for tile in range(tiles):
            for r in range(rows):
                for block in range(counts.shape[1]):
                    low = block * BLOCK
                    at = r * width + tile * lanes
                    if n < width or block > 0:
                        add_rows(into, at, into, at, w, (tile * n + low) * lanes, lanes, columns,
                                 (first + r) * n + low, counts[first + r, block], spare, 0, 1)  # fmt: skip
                    else:
                        add_rows(begun, (begun_first + r) * n + tile * lanes, into, at, w, tile * n * lanes, lanes,
                                 columns, (first + r) * n, counts[first + r, block], spare, 0, 1)  # fmt: skip

    return add_spikes


@compiled()
def add_wanted(
    into: Array, rows: int, w: Array, back: Array, values: Array, columns: Array, first: int, counts: Array
) -> None:
    """into[r, i] += w[i] @ values[r] at the places i that columns and counts list; elsewhere that, or nothing.

    w     : (n, width) as `wide_rows` makes it, back: its transpose packed
    values: (rows, width), as long as a row of w
    """
    n, width = w.shape
    if is_dense(counts, first, rows, n):
        add_dense(into, rows, back, values, 0)
        return
    for r in range(rows):
        row = into[r]
        at = r * width
        for block in range(counts.shape[1]):
            low = block * BLOCK
            listed = columns[first + r, low:]
            count = counts[first + r, block]
            for k in range(0, count, 4):
                last = count - 1  # the last four may be fewer: the last place stands in for those that are missing
                i0 = low + np.int64(listed[k])
                i1 = low + np.int64(listed[min(k + 1, last)])
                i2 = low + np.int64(listed[min(k + 2, last)])
                i3 = low + np.int64(listed[min(k + 3, last)])
                y0, y1, y2, y3 = four_dots(w, i0 * width, i1 * width, i2 * width, i3 * width, values, at, width)
                y1, y2, y3 = row[i1] + y1, row[i2] + y2, row[i3] + y3
                row[i0] += y0
                row[i1], row[i2], row[i3] = y1, y2, y3
