"""Products with an array that is mostly zero, from its events: rows of the other factor are added where there is one.

For x (rows, n) with few events and w (n, m), g (rows, m):

    multiply            x @ w + start    threads share rows of x; each row of the result sums the rows of w it names
    transposed_multiply x.T @ g          threads share columns of g; the events of a share of rows, sorted by column,
                                         tell which of its rows to add to each row of the result

Outputs are taken in tiles of `lanes`, whose sums stay in registers: a tile of all rows of w fits the second-level
cache, one of a share of g the first. Sums run in the order of the rows and events, whatever the number of threads.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.by_source import by_source
from spikenet.kernels.events import BLOCK, Events
from spikenet.kernels.memory import read_only
from spikenet.kernels.packing import pack, unpack
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.vector import copy_lanes, gather
from spikenet.kernels.vector_products import prefetch

NARROW = 16  # outputs of the tile that a ten-class readout needs
WIDE_BYTES, TRANSPOSED_BYTES = 128, 256  # a wide tile, in registers: four of 32 bytes forward, eight for gradients
SHARE = 160  # rows of x a thread takes through all tiles at once, forward: their events fit the nearest cache
FEW = 16  # likewise where there are few rows: through one tile
ROWS_A_SHARE = 96  # rows of g whose tile a weight gradient goes through at once: 24 KB
MOST_SHARES, EVENTS_A_COLUMN = 4, 8  # then the tile is in the second-level cache: worth it below so many events
AHEAD, FIRST_PLACES = 4, 64  # rows ahead whose events are asked for, and how many of them
WORTH_PACKING = 1024  # rows of x from which laying w out tile by tile pays
TASKS = 8  # into how many tasks a weight gradient is cut at least


@cache
def _multiply_kernel(lanes: int, binary: bool, dtype: Any) -> Callable[..., None]:
    add_rows = gather(lanes, binary)

    @compiled()
    def multiply_events(
        task: int, share: int, tiles_a_task: int, columns: Array, counts: Array, x: Array, w: Array, packed: Array,
        first_packed: int, start: Array, y: Array,
    ) -> None:  # fmt: skip
        """w is (n * m,) as it is, packed its tiles from the one numbered `first_packed`, end to end."""
        rows, m = y.shape
        n, blocks = columns.shape[1], counts.shape[1]
        tiles = (m + lanes - 1) // lanes
        parts = (tiles + tiles_a_task - 1) // tiles_a_task
        first = task // parts * share
        many = min(share, rows - first)
        first_tile = task % parts * tiles_a_task
        ends = np.zeros(many + 1, np.int64)
        for r in range(many):
            ends[r + 1] = ends[r]
            for block in range(blocks):
                ends[r + 1] += counts[first + r, block]
        places = np.empty(ends[many], np.uint32)  # end to end: in place they have a page of memory every few rows
        for r in range(many):
            at = ends[r]
            prefetch(columns, (first + min(r + AHEAD, many - 1)) * n, FIRST_PLACES)
            for block in range(blocks):
                low = block * BLOCK
                for k in range(counts[first + r, block]):
                    places[at] = low + columns[first + r, low + k]
                    at += 1
        spare = np.zeros(lanes, w.dtype)  # holds the sums of a tile that is not full
        for tile in range(first_tile, min(first_tile + tiles_a_task, tiles)):
            low = tile * lanes
            width = min(lanes, m - low)
            weights = packed if tile >= first_packed else w
            stride = lanes if tile >= first_packed else m
            tile_at = (tile - first_packed) * n * lanes if tile >= first_packed else low
            for k in range(many):
                r = first + k
                begun = start[r if start.shape[0] > 1 else 0]
                if width == lanes:
                    add_rows(begun, low, y, r * m + low, weights, tile_at, stride,
                             places, ends[k], ends[k + 1] - ends[k], x, r * n, 1)  # fmt: skip
                else:
                    for c in range(width):
                        spare[c] = begun[low + c]
                    add_rows(spare, 0, spare, 0, weights, tile_at, stride,
                             places, ends[k], ends[k + 1] - ends[k], x, r * n, 1)  # fmt: skip
                    for c in range(width):
                        y[r, low + c] = spare[c]

    number, whole = functools.partial(array, dtype), functools.partial(array, read=True)
    lists = whole(np.uint16, 2), whole(np.int32, 2)
    kinds = (*lists, number(2, read=True), number(1, read=True), number(1, read=True), numba.int64)
    return in_parallel(multiply_events, (numba.int64, numba.int64, *kinds, number(2, read=True), number(2, read=False)))


@cache
def _transposed_kernel(lanes: int, binary: bool, dtype: Any) -> Callable[..., None]:
    add_rows, sum_rows, copy = gather(lanes, binary), gather(lanes, True), copy_lanes(lanes)

    @compiled()
    def transposed_events(
        task: int, starts: Array, places: Array, x: Array, g: Array, rows_a_share: int, parts: Array
    ) -> None:
        """parts is (groups, tiles, n or n + 1, lanes): each group of shares has sums of its own, the last that of g."""
        rows, m = g.shape
        shares, n = starts.shape[0], starts.shape[1] - 1
        groups, tiles, n_sums = parts.shape[0], parts.shape[1], parts.shape[2]
        group = task // tiles
        tile = task % tiles
        low = tile * lanes
        width = min(lanes, m - low)
        into_at = task * n_sums * lanes
        for i in range(n_sums):
            for c in range(lanes):
                parts[group, tile, i, c] = 0
        block = np.zeros(rows_a_share * lanes, g.dtype)  # a tile of g end to end: in place it has a page a row
        everyone = np.arange(rows_a_share)
        flat = g.reshape(-1)
        for s in range(shares * group // groups, shares * (group + 1) // groups):
            first = s * rows_a_share
            many = min(rows_a_share, rows - first)
            for r in range(many):
                if width == lanes:
                    copy(flat, (first + r) * m + low, block, r * lanes)
                else:
                    for c in range(width):
                        block[r * lanes + c] = g[first + r, low + c]
            following = min(rows_a_share, rows - first - many)  # rows of the next share, asked for one by one meanwhile
            for j in range(n):
                if j < following:
                    prefetch(flat, (first + many + j) * m + low, width)
                at = starts[s, j]
                n_events = starts[s, j + 1] - at
                if n_events > 0:
                    part_at = into_at + j * lanes
                    add_rows(parts, part_at, parts, part_at, block, 0, lanes,
                             places, at, n_events, x, first * n + j, n)  # fmt: skip
            if n_sums > n:
                part_at = into_at + n * lanes
                sum_rows(parts, part_at, parts, part_at, block, 0, lanes, everyone, 0, many, x, 0, 0)

    number = functools.partial(array, dtype)
    lists = array(np.int64, 2, read=True), array(np.uint16, 1, read=True)
    kinds = (*lists, number(2, read=True), number(2, read=True), numba.int64, number(4, read=False))
    return in_parallel(transposed_events, kinds)


def _lanes(m: int, dtype: Any, tile_bytes: int) -> int:
    return NARROW if m <= NARROW else tile_bytes // np.dtype(dtype).itemsize


def multiply(x: Callable[[], Array], events: Events, w: Array, start: Array | None = None) -> Array:
    """x() @ w + start, for x() C-contiguous (rows, n) with these events and w (n, m); start broadcasts to (rows, m).

    Binary events say what x holds: then it is not asked for.
    """
    n, m = w.shape
    lanes = _lanes(m, w.dtype, WIDE_BYTES)
    # Few rows would read a packed matrix less often than packing it does; a last tile that is not full needs it anyway.
    first_packed = m // lanes if len(events.columns) < WORTH_PACKING else 0
    packed = memory.empty((-(-m // lanes) - first_packed, n, lanes), w.dtype)
    pack(read_only(w), first_packed, packed)
    y = memory.empty((len(events.columns), m), w.dtype)
    begun = np.zeros((1, m), w.dtype) if start is None else np.atleast_2d(start).astype(w.dtype, copy=False)
    lists = read_only(events.columns), read_only(events.counts), _values(x, events, w)
    weights = read_only(w).reshape(-1), read_only(packed).reshape(-1)
    tiles = -(-m // lanes)
    share, tiles_a_task = (SHARE, tiles) if first_packed == 0 else (FEW, 1)
    tasks = -(-len(y) // share) * -(-tiles // tiles_a_task)
    _multiply_kernel(lanes, events.binary, w.dtype)(
        tasks, share, tiles_a_task, *lists, *weights, first_packed, read_only(begun), y
    )
    return y


def transposed_multiply(x: Callable[[], Array], events: Events, g: Array) -> Array:
    """x().T @ g, for x() C-contiguous (rows, n) with these events and g (rows, m); see `multiply`."""
    return _transposed(x, events, g, 0)


def transposed_multiply_and_sum(x: Callable[[], Array], events: Events, g: Array) -> tuple[Array, Array]:
    """(x().T @ g, the sum of the rows of g), as a layer's weights and biases need them."""
    both = _transposed(x, events, g, 1)
    return both[:-1], both[-1]


def _transposed(x: Callable[[], Array], events: Events, g: Array, n_sums: int) -> Array:
    n, m = events.columns.shape[1], g.shape[1]
    lists = by_source(events, _share(events.density))
    groups, tiles, _, lanes = parts_shape(n + n_sums, m, g.dtype, len(lists.starts))
    parts = memory.empty((groups, tiles, n + n_sums, lanes), g.dtype)
    sources = read_only(lists.starts), read_only(lists.places), _values(x, events, g)
    _transposed_kernel(lanes, events.binary, g.dtype)(groups * tiles, *sources, read_only(g), lists.share, parts)
    w = memory.empty((n + n_sums, m), g.dtype)
    unpack(read_only(parts), w)
    return w


def parts_shape(n: int, m: int, dtype: Any, shares: int = TASKS) -> tuple[int, int, int, int]:
    """(groups of shares, tiles, n, lanes): what a weight gradient of (n, m) is summed in."""
    lanes = _lanes(m, dtype, TRANSPOSED_BYTES)
    tiles = -(-m // lanes)
    return max(1, min(TASKS // tiles, shares)), tiles, n, lanes


def _share(density: float) -> int:  # rows: more where events are few, so that a column has some in it
    return ROWS_A_SHARE * max(1, min(MOST_SHARES, round(EVENTS_A_COLUMN / max(density * ROWS_A_SHARE, 1e-9))))


def _values(x: Callable[[], Array], events: Events, like: Array) -> Array:
    return read_only(np.empty((0, 0), like.dtype) if events.binary else x())
