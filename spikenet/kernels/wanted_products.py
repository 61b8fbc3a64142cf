"""g @ w.T at the places where it is wanted: one scalar product of two rows for each, 0 elsewhere.

Behind a surrogate of compact support most of the error that a layer passes back is multiplied by 0. Rows of g are taken
in shares, their columns in tiles, so that a tile of a share stays in the nearest caches. Within a share the wanted
places are sorted by column: a tile of a row of w is held in registers for all places that want it, and each place keeps
the sum of its product, in a few parts, from tile to tile.
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
from spikenet.kernels.events import Events
from spikenet.kernels.packing import pack
from spikenet.kernels.room import room, zeroed
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.vector import PARTS, add_dots, copy_lanes
from spikenet.kernels.vector_products import prefetch

TILE_BYTES = 256  # of a row, in registers: eight of 32 bytes or four of 64
SHARE = 192  # rows of g whose tile a thread goes through at once: 48 KB


@cache
def _kernel(lanes: int, dtype: Any) -> Callable[..., None]:
    add_products, copy = add_dots(lanes), copy_lanes(lanes)

    @compiled()
    def multiply_wanted(
        index: int, starts: Array, places: Array, g: Array, packed: Array, y: Array, share: int
    ) -> None:
        rows, m = g.shape
        tiles, n = packed.shape[0], packed.shape[1]
        flat, weights = g.reshape(-1), packed.reshape(-1)
        first = index * share
        begin = starts[index, 0]
        sums = zeroed((starts[index, n] - begin) * PARTS, g)
        block = room(share * lanes, g)  # a tile of g end to end; a last one that is not full ends in zeros
        for tile in range(tiles):
            low = tile * lanes
            for r in range(min(share, rows - first)):
                if low + lanes <= m:
                    copy(flat, (first + r) * m + low, block, r * lanes)
                else:
                    for c in range(lanes):
                        block[r * lanes + c] = g[first + r, low + c] if low + c < m else 0
            for j in range(n):
                if j < min(share, rows - first) and low + lanes < m:  # the next tile, row by row meanwhile
                    prefetch(flat, (first + j) * m + low + lanes, lanes)
                at = starts[index, j]
                n_events = starts[index, j + 1] - at
                if n_events > 0:
                    add_products(
                        weights, (tile * n + j) * lanes, block, places, at, n_events, sums, (at - begin) * PARTS
                    )
        for r in range(first, min(first + share, rows)):
            row = y[r]
            for j in range(n):
                row[j] = 0
        for j in range(n):
            for k in range(starts[index, j], starts[index, j + 1]):
                at = (k - begin) * PARTS
                y[first + places[k], j] = ((sums[at] + sums[at + 4]) + (sums[at + 1] + sums[at + 5])) + (
                    (sums[at + 2] + sums[at + 6]) + (sums[at + 3] + sums[at + 7])
                )

    number = functools.partial(array, dtype)
    lists = array(np.int64, 2, read=True), array(np.uint16, 1, read=True)
    arrays = number(2, read=True), number(3, read=True), number(2, read=False)
    return in_parallel(multiply_wanted, (*lists, *arrays, numba.int64))


def multiply_transposed(g: Array, w: Array, wanted: Events) -> Array:
    """g @ w.T for g (rows, m), w (n, m), at the places `wanted` lists for a (rows, n) array; 0 elsewhere."""
    y = memory.empty((len(g), len(w)), g.dtype)
    lists = by_source(wanted, SHARE)
    lanes = TILE_BYTES // g.itemsize
    packed = memory.empty((-(-w.shape[1] // lanes), len(w), lanes), w.dtype)
    pack(len(packed), w, 0, packed)
    sources = lists.starts, lists.places, g, packed
    _kernel(lanes, g.dtype)(len(lists.starts), *sources, y, SHARE)
    return y
