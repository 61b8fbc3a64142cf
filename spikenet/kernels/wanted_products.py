"""g @ w.T at the places where it is wanted: one scalar product of two rows for each, 0 elsewhere.

Behind a surrogate of compact support most of the error that a layer passes back is multiplied by 0. Rows of g are taken
in shares that stay in the second-level cache. Within a share the wanted places are sorted by column, so that a row of w
is read once for all places that want it, four of them at a time.
"""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.by_source import by_source
from spikenet.kernels.events import Events
from spikenet.kernels.memory import read_only
from spikenet.kernels.vector import dots4

SHARE_BYTES = 1 << 18  # of g in a share: half of a usual second-level cache
LANES = 8  # parts a scalar product is summed in


@compiled(parallel=True)
def _multiply_wanted(starts: Array, places: Array, g: Array, w: Array, y: Array, share: int, lanes: int) -> None:
    m = g.shape[1]
    n = w.shape[0]
    even = m - m % (2 * lanes)
    for index in numba.prange(starts.shape[0]):
        first = np.int64(index) * share
        parts = np.empty(4 * lanes, g.dtype)
        for j in range(n):
            high = starts[index, j + 1]
            for low in range(starts[index, j], high, 4):
                last = high - 1  # a group that is not full takes its last place several times
                a = first + places[low]
                b = first + places[min(low + 1, last)]
                c = first + places[min(low + 2, last)]
                d = first + places[min(low + 3, last)]
                dots4(w, j * m, even, g, m, parts, a, b, c, d)
                for k in range(min(4, high - low)):
                    r = first + places[low + k]
                    at = k * lanes
                    value = ((parts[at] + parts[at + 4]) + (parts[at + 1] + parts[at + 5])) + (
                        (parts[at + 2] + parts[at + 6]) + (parts[at + 3] + parts[at + 7])
                    )
                    for i in range(even, m):
                        value += w[j, i] * g[r, i]
                    y[r, j] = value


def multiply_transposed(g: Array, w: Array, wanted: Events) -> Array:
    """g @ w.T for g (rows, m), w (n, m), at the places `wanted` lists for a (rows, n) array; 0 elsewhere."""
    y = memory.zeros((len(g), len(w)), g.dtype)
    share = max(4, min(SHARE_BYTES // max(g.shape[1] * g.itemsize, 1), -(-len(g) // 8)))
    lists = by_source(wanted, min(share, 1 << 16))
    _multiply_wanted(
        read_only(lists.starts), read_only(lists.places), read_only(g), read_only(w), y, lists.share, LANES
    )
    return y
