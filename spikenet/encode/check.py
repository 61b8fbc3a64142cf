"""What every encoder asks of its arguments before it starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, all_within, array_of, finite_values, whole


def batch(name: str, x: Any, axes: tuple[str, ...] = ("batch",)) -> Array:
    """`x` as a finite float array (*axes, ...) with at least one further axis; whole numbers become float32."""
    array = array_of(f"{name}: x", x)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected an array of real numbers, got {array.dtype} from {type(x).__name__}")
    array = array if array.dtype.kind == "f" else array.astype(np.float32)
    if array.ndim < 1 + len(axes):
        raise ValueError(
            f"{name}: expected x ({', '.join(axes)}, ...), got shape {array.shape}; add the missing axis: "
            "x[None] for a batch of one sample, x[..., None] for one feature"
        )
    if array.size == 0:
        raise ValueError(f"{name}: expected at least one number, got shape {array.shape}")
    # The extremes are finite only when all values are, and need no mask as large as the batch.
    if not (np.isfinite(array.min()) and np.isfinite(array.max())):
        finite_values(f"{name}: x", array)  # finds the place and raises
    return array


UNIT = (0.0, 1.0)
"""The `domain` of encoders of values in [0, 1]: training looks for it before it starts."""


def unit_batch(name: str, x: Any) -> Array:
    """`x` as a float array (batch, ...), all values in [0, 1]."""
    array = batch(name, x)
    all_within(f"{name}: expected x", array, *UNIT)
    return array


def sample_numbers(name: str, index: Any, n: int) -> npt.NDArray[np.int64]:
    """`index` as (n,) whole numbers >= 0; 0 .. n - 1 for None."""
    if index is None:
        return np.arange(n, dtype=np.int64)
    numbers = np.asarray(index)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected index of whole numbers, got an array of {numbers.dtype}")
    if numbers.shape != (n,):
        raise ValueError(f"{name}: expected index ({n},), one number for each sample of the batch, got {numbers.shape}")
    top = np.iinfo(np.int64).max
    outside = (numbers < 0) | (numbers > top)
    if outside.any():
        raise ValueError(f"{name}: expected index in 0 .. {top}, got {numbers[outside][0]}")
    return numbers.astype(np.int64)


def seed_number(name: str, seed: Any) -> int:
    """`seed` as a whole number in 0 .. 2**64 - 1, one word of the generator's key."""
    number = whole(f"{name}: seed", seed, least=0)
    if number >= 2**64:
        raise ValueError(f"{name}: seed: expected a whole number < 2**64, got {number}")
    return number
