"""Whether an array is finite, without the array of booleans that numpy makes for the question.

The exponent's bits of a float are all ones when it is NaN or infinite: their largest tells, and the maximum of integers
is computed on vectors where that of floats is not.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.tasks import shared

LARGE = 1 << 15  # values from which a pass of our own, shared by the threads, pays
SHARE = 1 << 16
_EXPONENTS: dict[int, Array] = {4: np.array([0x7F80_0000], np.uint32), 8: np.array([0x7FF0_0000_0000_0000], np.uint64)}


def all_finite(values: Array) -> bool:
    """Whether no element of an array of numbers is NaN or infinite."""
    real = values.real.dtype
    if values.size < LARGE or real.kind != "f" or real.itemsize not in _EXPONENTS or not values.flags.c_contiguous:
        return bool(np.isfinite(values).all())
    mask = _EXPONENTS[real.itemsize]
    bits = values.reshape(-1).view(mask.dtype)  # a complex number is two
    largest = np.empty(-(-bits.size // SHARE), mask.dtype)
    _largest_bits(len(largest), bits, mask, largest, SHARE)
    return not (largest == mask).any()


@shared
def _largest_bits(task: int, bits: Array, mask: Array, largest: Array, share: int) -> None:
    kind = bits.dtype.type  # numba widens integers to 64 bits unless told: half the speed
    bits, wanted, found = bits[task * share : min((task + 1) * share, bits.size)], mask[0], kind(0)
    for i in range(bits.size):
        found = kind(max(found, kind(bits[i] & wanted)))
    largest[task] = found
