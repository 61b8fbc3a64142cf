"""One way to say what was expected and what came.

Every check of the package's surface ends here, so that each message names the thing, the value and the remedy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SMALLEST, LARGEST = float(np.finfo(np.float32).smallest_subnormal), float(np.finfo(np.float32).max)


def array_of(name: str, values: Any) -> Array:
    """`values` as an array, of whatever; TypeError when its rows are of different lengths."""
    try:
        return np.asarray(values)
    except ValueError:
        raise TypeError(f"{name}: expected an array of numbers, got rows of different lengths") from None


def finite_number(name: str, value: Any) -> float:
    """`value` as a float; TypeError when it is no number (nor are True and False), ValueError when NaN or infinite."""
    try:
        if isinstance(value, (str, bytes, bool, np.bool_)):
            raise TypeError
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name}: expected a number that fits a float, got {value!r:.20}...") from None
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {value!r} of type {type(value).__name__}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name}: expected a finite number, got {number}")
    return number


def finite_values(name: str, values: Any) -> Array:
    """`values` as a float array; TypeError when they are no numbers, ValueError at the first NaN or infinity.

    True alone is no number; an array of booleans, a raster say, is one of 0 and 1.
    """
    try:
        if isinstance(values, (bool, np.bool_)):
            raise TypeError
        array = np.asarray(values)
        if array.dtype.kind not in "biufc":
            raise TypeError
        array = array if array.dtype.kind in "fc" else array.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected numbers, got {values!r:.80} of type {type(values).__name__}") from None
    good = np.isfinite(array)
    if not good.all():
        where = tuple(int(k) for k in np.argwhere(~good)[0])
        raise ValueError(f"{name}: expected finite values, got {array[where]} at index {where}")
    return array


def real_values(name: str, values: Any) -> Array:
    """`finite_values` as float64; TypeError for complex ones."""
    array = finite_values(name, values)
    if array.dtype.kind == "c":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype}")
    return array.astype(np.float64)


def finite_extremes(values: Array) -> bool:
    """Whether an array is finite: without a mask as large as it, as its extremes are finite only when all values are.

    Complex numbers are looked at one by one: the order they have goes by their real part.
    """
    if values.dtype.kind == "c":
        return bool(np.isfinite(values).all())
    return not values.size or values.dtype.kind != "f" or bool(np.isfinite(values.min()) and np.isfinite(values.max()))


def single_values(name: str, values: Any) -> Array:
    """`finite_values` that float32 can hold; ValueError for one that it makes infinite, or 0 of what is not 0."""
    array = finite_values(name, values)
    with np.errstate(over="ignore"):
        held = array.astype(np.complex64 if array.dtype.kind == "c" else np.float32)
    lost = ~np.isfinite(held) | ((held == 0) & (array != 0))
    if lost.any():
        raise ValueError(
            f"{name}: expected 0 or a size between {SMALLEST:.2g} and {LARGEST:.2g}, as float32 holds, "
            f"got {array[lost].flat[0]:g}"
        )
    return array


def positive(name: str, value: Any) -> float:
    """`value` as a float > 0, else ValueError."""
    number = finite_number(name, value)
    if number <= 0:
        raise ValueError(f"{name}: expected a number > 0, got {number}")
    return number


def positive_values(name: str, values: Any) -> Array:
    """`values` as a float array, all > 0, else ValueError."""
    array = finite_values(name, values)
    if array.dtype.kind == "c":
        raise TypeError(f"{name}: expected real numbers, got {array.dtype}")
    if not array.size:
        raise ValueError(f"{name}: expected at least one value, got an empty array")
    if not (array > 0).all():
        raise ValueError(f"{name}: expected values > 0, got {array.min()}")
    return array


def within(name: str, value: Any, low: float, high: float) -> float:
    """`value` as a float in [low, high], else ValueError."""
    number = finite_number(name, value)
    if not low <= number <= high:
        raise ValueError(f"{name}: expected a number in [{low}, {high}], got {number}")
    return number


def all_within(expected: str, array: Array, low: float, high: float) -> None:
    """ValueError, beginning with `expected`, at the first value outside of [low, high]; TypeError for complex ones."""
    if array.dtype.kind == "c":
        raise TypeError(f"{expected} in [{low:g}, {high:g}], got complex numbers ({array.dtype})")
    if array.min() < low or array.max() > high:
        where = tuple(int(k) for k in np.argwhere((array < low) | (array > high))[0])
        raise ValueError(
            f"{expected} in [{low:g}, {high:g}], got {array[where]} at index {where}; scale the data first"
        )


def all_below(expected: str, values: Any, bounds: Any) -> None:
    """ValueError, beginning with `expected`, at the first of the values that is not below its bound."""
    value, bound = map(np.ravel, np.broadcast_arrays(values, bounds))
    if (value >= bound).any():
        k = int(np.argmax(value >= bound))
        raise ValueError(f"{expected}, got {value[k]:g} with {bound[k]:g}")


def whole(name: str, value: Any, least: int = 1) -> int:
    """`value` as an int >= least; TypeError when it is not whole, ValueError when it is too small.

    What is at least 1 is a size or a count and no seed: it has to be below 2**63, as sizes of arrays are.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected a whole number, got {value!r} of type {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected a whole number >= {least}, got {value}")
    if least >= 1 and value >= 2**63:
        raise ValueError(f"{name}: expected a whole number < 2**63, got one of {int(value).bit_length()} bits")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """`value` as a bool; TypeError for anything else, so that a misplaced number is not taken for True."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected True or False, got {value!r:.60} of type {type(value).__name__}")
    return bool(value)


def names_of(module: str, names: Iterable[str]) -> Callable[[str], NoReturn]:
    """The `__getattr__` of a module of `names`: an AttributeError that tells which of them is near."""
    known = sorted(names)

    def missing(name: str) -> NoReturn:
        near = [] if name.startswith("__") else get_close_matches(name, known, 3) or [k for k in known if name in k]
        meant = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        raise AttributeError(f"{module}: no {name!r}; {meant}")

    return missing
