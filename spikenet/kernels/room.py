"""Room for what a kernel keeps to itself, from where a cache line begins.

numba's own arrays begin at multiples of 32 bytes: half of them make loads of 64 straddle two lines, which take twice as
long.
"""

from __future__ import annotations

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import LINE


@compiled()
def room(n: int, like: Array) -> Array:
    """n numbers of the type of `like`'s, uninitialised, from a multiple of 64 bytes on."""
    whole = np.empty(n + LINE // like.itemsize, like.dtype)
    first = -whole.ctypes.data % LINE // like.itemsize
    return whole[first : first + n]


@compiled()
def zeroed(n: int, like: Array) -> Array:
    """Likewise, filled with 0."""
    numbers = room(n, like)
    numbers[:] = 0
    return numbers
