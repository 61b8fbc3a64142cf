"""v[t] = leak v[t - 1] + x[t] by a prefix scan: time, too, is cut into blocks that run at once.

Each block of steps first runs from 0; what enters it, leak^length of the block before plus that one's own end, is then
carried from block to block, a few numbers; last, leak^k of it is added to the k-th step of every block. Threads share
(block of steps, block of columns), so results do not depend on how many there are; they do depend on where a block
begins, by rounding. Source: Blelloch 1990, Prefix sums and their applications (CMU-CS-90-190).
"""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.threads import enough_threads

STEPS, COLUMNS = 256, 1024  # of a block: its states fit the nearest cache, and one column is enough work to share
NS_PER_STEP = 0.5  # of one column, one core, about what it takes here


@compiled(parallel=True)
def _within(x: Array, leak: Array, v: Array, backward: bool, columns: int, length: int) -> None:
    """Every block from 0. x, v: (steps, m); leak: (m,)"""
    steps, m = x.shape
    across = (m + columns - 1) // columns
    for index in numba.prange(((steps + length - 1) // length) * across):
        task = np.int64(index)
        low, first = (task % across) * columns, (task // across) * length
        high, last = min(low + columns, m), min(first + length, steps)
        kept = leak[low:high]
        for k in range(last - first):
            t = last - 1 - k if backward else first + k
            row, given = v[t, low:high], x[t, low:high]
            if k == 0:
                for j in range(row.size):
                    row[j] = given[j]
            else:
                before = v[t + 1 if backward else t - 1, low:high]
                for j in range(row.size):
                    row[j] = kept[j] * before[j] + given[j]


@compiled(parallel=True)
def _carry(v: Array, powers: Array, start: Array, backward: bool, columns: int, length: int) -> None:
    """Adds to every block what enters it. powers: (length, m) leak^1, leak^2, ...; start: (m,) before the first step"""
    steps, m = v.shape
    across, blocks = (m + columns - 1) // columns, (steps + length - 1) // length
    entering = np.empty((blocks, m), v.dtype)
    for index in numba.prange(across):
        low = np.int64(index) * columns
        high = min(low + columns, m)
        for k in range(blocks):
            block = blocks - 1 - k if backward else k
            into = entering[block, low:high]
            if k == 0:
                for j in range(into.size):
                    into[j] = start[low + j]
            else:
                past = block + 1 if backward else block - 1
                end = past * length if backward else past * length + length - 1
                size = min(past * length + length, steps) - past * length
                came, own, power = entering[past, low:high], v[end, low:high], powers[size - 1, low:high]
                for j in range(into.size):
                    into[j] = own[j] + power[j] * came[j]
    for index in numba.prange(blocks * across):
        task = np.int64(index)
        low, block = (task % across) * columns, task // across
        high, first = min(low + columns, m), block * length
        last = min(first + length, steps)
        came = entering[block, low:high]
        for k in range(last - first):
            t = last - 1 - k if backward else first + k
            row, power = v[t, low:high], powers[k, low:high]
            for j in range(row.size):
                row[j] += power[j] * came[j]


def scan(x: Array, leak: Array, start: Array, *, backward: bool = False) -> Array:
    """(steps, m) v with v[t] = leak v[t - 1] + x[t] from v[-1] = start; `backward`: from the last step to the first.

    x: (steps, m), leak and start: (m,), all of one float type
    """
    steps, m = x.shape
    x, leak, start = (memory.read_only(np.ascontiguousarray(a, x.dtype)) for a in (x, leak, start))
    v = memory.empty((steps, m), x.dtype)
    length = min(STEPS, steps)
    powers = memory.read_only(np.cumprod(np.broadcast_to(leak, (length, m)), axis=0, dtype=x.dtype))
    with enough_threads(steps * m * NS_PER_STEP):
        _within(x, leak, v, backward, COLUMNS, length)
        _carry(v, powers, start, backward, COLUMNS, length)
    return v
