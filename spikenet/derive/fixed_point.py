"""The words of a step's fixed-point twin: the same expressions on integers, for chips whose neurons are programs.

A number with f bits after its point is the integer round(value 2^f). Parameters, states, current and output have words
of their own; everything in between has the word `work`. Each operation is computed exactly on the integers of its
operands and then brought to `work`: bits below its fraction are rounded away, what is beyond its width overflows, and
is counted. So the twin is as exact as its words say, and no more.

    + - |x| -x   exact at the finer of the two fractions, then to `work`
    *            exact, at the sum of the fractions, then to `work`
    /            the exact quotient, rounded to `work`; by 0: the end of the word of that sign, 0 for 0 / 0, counted
    > >= spike   exact, and so is what `where` and `floor` give; a spike is 1
    exp log ...  of the value in double precision, rounded to `work` and cut at its ends, as a table would hold it; what
                 is not a number is 0; both are counted
    constants    as they are, if a mantissa as wide as `work` holds them, else the nearest such
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from spikenet.derive.trace import Trace
from spikenet.errors import Array, finite_values, whole

WIDEST = 32  # bits: the product of two such words fits 64


class Rounding(Enum):
    """What becomes of the bits below the last one kept."""

    DOWN = "down"  # toward minus infinity: an arithmetic shift
    TOWARD_ZERO = "toward zero"
    NEAREST = "nearest"  # halves up
    NEAREST_EVEN = "nearest, halves to even"


class Overflow(Enum):
    """What becomes of a value beyond the ends of its word."""

    SATURATE = "saturate"
    WRAP = "wrap"


@dataclass(frozen=True)
class Word:
    """A two's complement number of `bits`, its sign included, `fraction` of them after the point.

    `fraction` may be negative, or more than `bits`. ValueError unless 1 <= bits <= 32 and |fraction| <= 32, TypeError
    for a rounding or an overflow that is none.
    """

    bits: int
    fraction: int = 0
    rounding: Rounding = Rounding.DOWN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        if whole("Word: bits", self.bits) > WIDEST or whole("Word: fraction", self.fraction, -WIDEST) > WIDEST:
            raise ValueError(f"Word: expected at most {WIDEST} bits and a fraction within +-{WIDEST}, got {self}")
        for name, kind in (("rounding", Rounding), ("overflow", Overflow)):
            if not isinstance(getattr(self, name), kind):
                known = ", ".join(str(one) for one in kind)
                raise TypeError(f"Word: {name}: expected one of {known}, got {getattr(self, name)!r}")

    @property
    def lowest(self) -> int:
        return -(1 << (self.bits - 1))

    @property
    def highest(self) -> int:
        return (1 << (self.bits - 1)) - 1

    def integers(self, name: str, values: Array) -> Array:
        """The integers nearest to `values`, halves up; ValueError naming the first that the word does not hold."""
        scaled = np.floor(finite_values(name, values).astype(np.float64) * 2.0**self.fraction + 0.5)
        if (out := (scaled < self.lowest) | (scaled > self.highest)).any():
            ends = (self.lowest * 2.0**-self.fraction, self.highest * 2.0**-self.fraction)
            value = np.asarray(values)[out].flat[0]
            raise ValueError(
                f"{name}: {value:g} is outside {ends[0]:g}..{ends[1]:g}, what {self.bits} bits with {self.fraction} "
                "after the point hold; take more bits, or fewer after the point"
            )
        return scaled.astype(np.int64)

    def held(self, values: Array) -> tuple[Array, int]:
        """(`values` as integers, rounded and brought within the ends by the word's own rules; how many were beyond)."""
        flat = np.ascontiguousarray(values, np.float64).reshape(-1)
        integers = np.empty(flat.size, np.int64)
        beyond, half = 0, 2.0 ** (self.bits - 1)
        for low in range(0, flat.size, _AT_ONCE):
            rounded = _ROUND[self.rounding](flat[low : low + _AT_ONCE] * 2.0**self.fraction)
            wrapped = np.mod(rounded + half, 2 * half) - half
            lost = np.count_nonzero(wrapped != rounded)
            held = wrapped if self.overflow is Overflow.WRAP else np.clip(rounded, -half, half - 1)
            integers[low : low + _AT_ONCE] = held
            beyond += int(lost)
        return integers.reshape(np.shape(values)), beyond

    def values(self, integers: Array) -> Array:
        """What the integers stand for."""
        return integers * 2.0**-self.fraction


_AT_ONCE = 1 << 15  # numbers whose intermediate values stay in the cache
_ROUND: dict[Rounding, Callable[[Array], Array]] = {
    Rounding.DOWN: np.floor,
    Rounding.TOWARD_ZERO: np.trunc,
    Rounding.NEAREST: lambda x: np.floor(x + 0.5),
    Rounding.NEAREST_EVEN: np.rint,
}


@dataclass(frozen=True)
class Words:
    """The words of a twin; what is not named has the word `work`.

    output: of what the neuron sends on; None for spikes (0 or 1), and for `work` of what is none
    """

    work: Word
    current: Word | None = None
    states: Mapping[str, Word] = field(default_factory=dict)
    parameters: Mapping[str, Word] = field(default_factory=dict)
    output: Word | None = None

    def of_symbol(self, name: str) -> Word:
        """The word of `current`, `s_<state>` or `p_<parameter>`."""
        if name == "current":
            return self.current or self.work
        table = self.states if name.startswith("s_") else self.parameters
        return table.get(name[2:], self.work)

    def sent(self, model: Trace) -> Word:
        return self.output or (Word(2) if model.spikes else self.work)
