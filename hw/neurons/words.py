"""Checks of integers against the words that hold them: what `hw.neurons` refuses before anything runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import array_of, finite_values

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]


def integers(name: str, values: Any, low: int, high: int, hint: str = "", dtype: Any = np.int64) -> Array:
    """`values` as an int64 array within low..high; floats are taken when they are whole.

    hint : what to do about a value out of range, added to the message; else it names the nearest that is in
    dtype: another type that holds low..high

    Raises TypeError for what is no number, ValueError for a fraction, NaN or a value outside, with its place.
    """
    given = array_of(name, values)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected integers, got {values!r:.60} of type {given.dtype}")
    if given.dtype.kind in "biu" and (not given.size or (given.min() >= low and given.max() <= high)):
        return given.astype(dtype)
    bad = np.argwhere(~((given == np.floor(given)) & (given >= low) & (given <= high)))  # NaN fails each test
    if len(bad):
        where = tuple(int(k) for k in bad[0])
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        place = f" at index {where}" if where else ""
        nearest = "" if np.isnan(given[where]) else f"the nearest is {min(max(np.rint(given[where]), low), high):.0f}"
        advice = f"; {hint or nearest}" if hint or nearest else ""
        raise ValueError(f"{name}: expected integers in {low}..{high}, got {given[where]}{place}{more}{advice}")
    return given.astype(dtype)


def word(name: str, values: Any, low: int, high: int, shape: tuple[int, ...]) -> Integers:
    """As `integers`, broadcast to `shape`: one value for all, or one each."""
    array: Integers = integers(name, values, low, high)
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        raise ValueError(f"{name}: expected one value or shape {shape}, got shape {array.shape}") from None


def one_or_each(name: str, values: Any, n: int) -> None:
    """ValueError for values that are neither one nor n."""
    if np.shape(values) not in ((), (1,), (n,)):
        raise ValueError(f"{name}: expected one value or {n}, one each, got shape {np.shape(values)}")


def arriving(
    name: str, raster: Any, features: tuple[int, ...], low: int, high: int, dtype: Any = np.int64
) -> tuple[Array, bool]:
    """(raster as (steps, batch, features...) integers of a type, whether the batch axis had to be added)."""
    given = integers(name, raster, low, high, dtype=dtype)
    axes = len(features)
    if given.ndim not in (axes + 1, axes + 2) or given.shape[-axes:] != features:
        wanted = ", ".join(map(str, features))
        raise ValueError(f"{name}: expected (steps, {wanted}) or (steps, batch, {wanted}), got {given.shape}")
    alone = given.ndim == axes + 1
    return np.ascontiguousarray(given[:, None] if alone else given), alone


def without_batch(array: Array, alone: bool) -> Array:
    """What was added for a raster without a batch axis is taken away again."""
    return array[:, 0] if alone else array


def bits(n: int) -> tuple[int, int]:
    """Lowest and highest two's complement integer of n bits."""
    return -(1 << (n - 1)), (1 << (n - 1)) - 1


def in_float32(where: str, given: Array) -> Array:
    """`given` where it is finite and no larger than float32 holds, so that its squares are finite in float64."""
    values = finite_values(where, given)
    most, limit = float(np.abs(values).max(initial=0.0)), float(np.finfo(np.float32).max)
    if most > limit:
        raise ValueError(
            f"{where}: expected sizes that float32 holds, up to {limit:.4g}, got {most:.4g}; scale them down"
        )
    return values
