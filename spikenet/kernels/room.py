"""Room for what a kernel keeps to itself, from where a cache line begins.

numba's own arrays begin at multiples of 32 bytes: half of them make loads of 64 straddle two lines, which take twice as
long.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import LINE
from spikenet.kernels.unowned import unowned


@compiled()
def _before_line(array: Array) -> Any:
    """How many numbers of the array stand before its first cache line begins."""
    return (-np.int64(array.ctypes.data) % LINE) // np.int64(array.itemsize)


@compiled()
def from_line(array: Array) -> Any:
    """The array from where a cache line begins, counted by nobody (`unowned`).

    Of n numbers whoever allocates n + LINE // itemsize has n left.
    """
    return unowned(array)[_before_line(array) :]


@compiled()
def room(n: int, like: Array) -> Array:
    """n numbers of the type of `like`'s, uninitialised, from a multiple of 64 bytes on."""
    whole = np.empty(n + LINE // like.itemsize, like.dtype)
    first = _before_line(whole)
    return whole[first : first + n]


@compiled()
def zeroed(n: int, like: Array) -> Array:
    """Likewise, filled with 0."""
    numbers = room(n, like)
    numbers[:] = 0
    return numbers
