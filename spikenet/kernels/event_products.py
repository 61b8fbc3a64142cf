"""Products with an array that is mostly zero, from its events: rows of the other factor are added where there is one.

For x (rows, n) with few events and w (n, m), g (rows, m):

    multiply            x @ w + start    threads share rows of x; each row of the result sums the rows of w it names
    transposed_multiply x.T @ g          threads share columns of g; the events of a share of rows, sorted by column,
                                         tell which of its rows to add to each row of the result. With few columns
                                         threads share rows instead, each adding to sums of its own

Outputs are taken in tiles of `lanes`, whose sums stay in registers: a tile of all rows of w fits the second-level
cache, one of a share of g the first. Sums run in the order of the rows and events, whatever the number of threads.

Events may be those around the usual (`complement`): then rows are also taken away, and the usual ones summed once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.by_source import BySource, by_source
from spikenet.kernels.complement import Complement
from spikenet.kernels.event_kernels import multiply_kernel, scattered_kernel, transposed_kernel
from spikenet.kernels.events import Events
from spikenet.kernels.packing import pack, unpack, unpack_tasks

NARROW = 16  # outputs of the tile that a ten-class readout needs
WIDE_BYTES, TRANSPOSED_BYTES = 128, 256  # a wide tile, in registers: four of 32 bytes forward, eight for gradients
SHARE = 160  # rows of x a thread takes through all tiles at once, forward: their events fit the nearest cache
FEW = 64  # likewise where there are few rows: through one tile, as wide as for gradients
ROWS_A_SHARE = 96  # rows of g whose tile a weight gradient goes through at once: 24 KB
MOST_SHARES, EVENTS_A_COLUMN = 4, 16  # then the tile is in the second-level cache: worth it below so many events
WORTH_PACKING = 1024  # rows of x from which laying w out tile by tile pays
TASKS = 8  # into how many tasks a weight gradient is cut at least
FEW_OUTPUTS, SUMS_BYTES = 32, 1 << 18  # of a weight gradient for which events are not sorted: the sums fit a cache


def _lanes(m: int, dtype: Any, tile_bytes: int) -> int:
    return NARROW if m <= NARROW else tile_bytes // np.dtype(dtype).itemsize


def multiply(x: Callable[[], Array], events: Events | Complement, w: Array, start: Array | None = None) -> Array:
    """x() @ w + start, for x() C-contiguous (rows, n) with these events and w (n, m); start broadcasts to (rows, m).

    Binary events say what x holds: then it is not asked for.
    """
    fewer = np.zeros((0, 0), np.int32)
    if isinstance(events, Complement):
        start, fewer = multiply(x, events.usual, w, start), events.fewer
        events = Events(events.columns, events.more, binary=True)
    n, m = w.shape
    # Few rows would read a packed matrix less often than packing it does; a last tile that is not full needs it anyway.
    few = len(events.columns) < WORTH_PACKING
    lanes = _lanes(m, w.dtype, TRANSPOSED_BYTES if few else WIDE_BYTES)
    first_packed = m // lanes if few else 0
    packed = memory.empty((-(-m // lanes) - first_packed, n, lanes), w.dtype)
    pack(len(packed), w, first_packed, packed)
    y = memory.empty((len(events.columns), m), w.dtype)
    begun = np.zeros((1, m), w.dtype) if start is None else np.atleast_2d(start).astype(w.dtype, copy=False)
    lists = events.columns, events.counts, fewer, _values(x, events.binary, w)
    weights = w.reshape(-1), packed.reshape(-1)
    tiles = -(-m // lanes)
    share, tiles_a_task = (FEW, 1) if few else (SHARE, tiles)
    tasks = -(-len(y) // share) * -(-tiles // tiles_a_task)
    multiply_kernel(lanes, events.binary, len(fewer) > 0, w.dtype)(
        tasks, share, tiles_a_task, *lists, *weights, first_packed, begun, y
    )
    return y


def transposed_multiply(x: Callable[[], Array], events: Events | Complement, g: Array) -> Array:
    """x().T @ g, for x() C-contiguous (rows, n) with these events and g (rows, m); see `multiply`."""
    return _transposed(x, events, g, 0)[0]


def transposed_multiply_and_sum(x: Callable[[], Array], events: Events | Complement, g: Array) -> tuple[Array, Array]:
    """(x().T @ g, the sum of the rows of g), as a layer's weights and biases need them."""
    w, total = _transposed(x, events, g, 1)
    return w, total[0]


def _transposed(x: Callable[[], Array], events: Events | Complement, g: Array, more: int) -> tuple[Array, Array]:
    """x().T @ g and the `more` sums, one or none, of the rows of g: (n, m) and (more, m)."""
    n = events.columns.shape[1]
    if isinstance(events, Complement):
        added, taken = (Events(events.columns, counts, binary=True) for counts in (events.more, events.fewer))
        share = _share(added.density)
        lists = (
            by_source(added, share),
            by_source(taken, share, events.more),
            by_source(events.usual, len(events.usual.columns)),
        )
        return _by_columns(x, True, lists, g, n, more)
    if scatters(n, g.shape[1], g.dtype):
        return _by_rows(x, events, g, n, more)
    return _by_columns(x, events.binary, (by_source(events, _share(events.density)),), g, n, more)


def scatters(n: int, m: int, dtype: Any) -> bool:
    """Whether the events of (rows, n) need no sorting for a weight gradient with m outputs."""
    return m <= FEW_OUTPUTS and n * _few_lanes(m) * np.dtype(dtype).itemsize <= SUMS_BYTES


def few_parts_shape(n: int, m: int) -> tuple[int, int, int, int]:
    """(groups of rows, 1, n, lanes): what a weight gradient of (n, m) is summed in, then."""
    return TASKS, 1, n, _few_lanes(m)


def _few_lanes(m: int) -> int:
    return NARROW if m <= NARROW else FEW_OUTPUTS


def _by_rows(x: Callable[[], Array], events: Events, g: Array, n: int, more: int) -> tuple[Array, Array]:
    """As `_by_columns`, from the events as they stand."""
    parts = memory.empty(few_parts_shape(n + more, g.shape[1]), g.dtype)
    lists = events.columns, events.counts
    scattered_kernel(parts.shape[-1], events.binary, g.dtype)(
        len(parts), *lists, _values(x, events.binary, g), g, parts
    )
    return _unpacked(parts, n, g.shape[1])


def _by_columns(
    x: Callable[[], Array], binary: bool, lists: tuple[BySource, ...], g: Array, n: int, more: int
) -> tuple[Array, Array]:
    """Sums (n, m) of the rows of g that each column's list names; the sum of all (more, m).

    lists: of events; or of those to add, those to take away, and the usual ones of a single step
    """
    m = g.shape[1]
    groups, tiles, _, lanes = parts_shape(n + more, m, g.dtype, len(lists[0].starts))
    parts = memory.empty((groups, tiles, n + more, lanes), g.dtype)
    around = len(lists) > 1
    no_list = BySource(np.zeros((0, 1), np.int64), np.zeros(0, np.uint16), 0)
    listed = lists if around else (*lists, no_list, no_list)
    sources = (a for one in listed for a in (one.starts, one.places))
    transposed_kernel(lanes, binary, around, g.dtype)(
        groups * tiles, *sources, _values(x, binary, g), g, lists[0].share, listed[2].share, parts
    )
    return _unpacked(parts, n, m)


def _unpacked(parts: Array, n: int, m: int) -> tuple[Array, Array]:
    """The first n sums and those behind, each memory of its own: a gradient that is kept holds nothing else."""
    w, total = memory.empty((n, m), parts.dtype), memory.empty((parts.shape[2] - n, m), parts.dtype)
    unpack(unpack_tasks(n), parts, 0, w)
    unpack(unpack_tasks(len(total)), parts, n, total)
    return w, total


def parts_shape(n: int, m: int, dtype: Any, shares: int = TASKS) -> tuple[int, int, int, int]:
    """(groups of shares, tiles, n, lanes): what a weight gradient of (n, m) is summed in."""
    lanes = _lanes(m, dtype, TRANSPOSED_BYTES)
    tiles = -(-m // lanes)
    return max(1, min(TASKS // tiles, shares)), tiles, n, lanes


def _share(density: float) -> int:  # rows: more where events are few, so that a column has some in it
    return ROWS_A_SHARE * max(1, min(MOST_SHARES, round(EVENTS_A_COLUMN / max(density * ROWS_A_SHARE, 1e-9))))


def _values(x: Callable[[], Array], binary: bool, like: Array) -> Array:
    return np.empty((0, 0), like.dtype) if binary else x()
