"""Whether an array is finite, without the array of booleans that numpy makes for the question."""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import read_only

LARGE = 1 << 18  # values from which the threads are worth waking
SHARE = 1 << 16


def all_finite(values: Array) -> bool:
    """Whether no element of a float or complex array is NaN or infinite."""
    if values.size < LARGE or not values.flags.c_contiguous or values.dtype not in (np.float32, np.float64):
        return bool(np.isfinite(values).all())
    flat = values.reshape(-1)
    good = np.empty(-(-flat.size // SHARE), np.bool_)
    _look(read_only(flat), good, SHARE)
    return bool(good.all())


@compiled(parallel=True)
def _look(values: Array, good: Array, share: int) -> None:
    for task in numba.prange(good.size):
        part = values[task * share : (task + 1) * share]
        bad = 0
        for k in range(part.size):
            bad += (part[k] - part[k]) != 0  # inf - inf and NaN - NaN are NaN
        good[task] = bad == 0
