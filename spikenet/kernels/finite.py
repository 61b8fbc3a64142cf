"""Whether an array is finite, without the array of booleans that numpy makes for the question."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.tasks import shared

LARGE = 1 << 18  # values from which the threads are worth waking
SHARE = 1 << 16


def all_finite(values: Array) -> bool:
    """Whether no element of a float or complex array is NaN or infinite."""
    if values.size < LARGE or not values.flags.c_contiguous or values.dtype not in (np.float32, np.float64):
        return bool(np.isfinite(values).all())
    flat = values.reshape(-1)
    good = np.empty(-(-flat.size // SHARE), np.bool_)
    _look(len(good), flat, good, SHARE)
    return bool(good.all())


@shared
def _look(task: int, values: Array, good: Array, share: int) -> None:
    part = values[task * share : (task + 1) * share]
    bad = 0
    for k in range(part.size):
        bad += (part[k] - part[k]) != 0  # inf - inf and NaN - NaN are NaN
    good[task] = bad == 0
