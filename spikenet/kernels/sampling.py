"""One value of a distribution as a function of a counter."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import logarithm
from spikenet.kernels.philox import philox

UNIFORM, NORMAL, LOGNORMAL = range(3)
WIDEST = math.sqrt(-2 * math.log(2.0**-33))  # standard deviations: no normal number from 32 bits lies further out
_SMALL = 2.0**-32


@compiled()
def normal(word: Any) -> Any:
    """The standard normal number below which (word + 1/2) / 2^32 of all lie, to 7 digits.

    Both parts are computed and one is taken, without a branch, so that loops do it in vectors; 32 bits do not reach
    the third.
    Source: Wichura 1988, Applied Statistics 37:477-484, algorithm AS 241, PPND7.
    """
    q = (word + 0.5) * _SMALL - 0.5
    r = 0.180625 - q * q
    above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
    middle = q * above / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)
    r = math.sqrt(-logarithm(0.5 - abs(q))) - 1.6
    above = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
    outer = math.copysign(above / ((0.12021132975 * r + 0.73700164250) * r + 1.0), q)
    inner = 1.0 * (abs(q) <= 0.425)
    return inner * middle + (1.0 - inner) * outer


@compiled()
def from_word(kind: Any, a: float, b: float, word: Any) -> Any:
    """A value of the uncut distribution from 32 random bits."""
    if kind == UNIFORM:
        return a + (b - a) * ((word + 0.5) * _SMALL)
    value = a + b * normal(word)
    return math.exp(value) if kind == LOGNORMAL else value


@compiled()
def sample(kind: Any, a: float, b: float, low: float, high: float, number: Any, stream: int, seed: int) -> Any:
    """The value with this number in a stream: drawn again until it lies between the bounds."""
    attempt = 0
    while True:
        words = philox(number & 0xFFFFFFFF, number >> 32, attempt, stream, seed)
        for word in words:
            value = from_word(kind, a, b, word)
            if low <= value <= high:
                return value
        attempt += 1


@compiled()
def from_words(kind: int, a: float, b: float, words: Array, values: Array) -> None:
    """values[k] = from_word of words[k]."""
    if kind == UNIFORM:
        for k in range(values.size):
            values[k] = from_word(UNIFORM, a, b, words[k])
    else:
        for k in range(values.size):
            values[k] = from_word(NORMAL, a, b, words[k])
        if kind == LOGNORMAL:
            for k in range(values.size):
                values[k] = math.exp(values[k])


@compiled(parallel=True)
def sample_row(kind: int, a: float, b: float, low: float, high: float, stream: int, seed: int, into: Array) -> None:
    """into[k] = the value with number k."""
    for k in numba.prange(into.size):
        into[k] = sample(kind, a, b, low, high, np.int64(k), stream, seed)


def share_within(kind: int, a: float, b: float, low: float, high: float) -> float:
    """Part of the uncut distribution that lies between the bounds."""
    if kind == UNIFORM:
        return max(0.0, min(b, high) - max(a, low)) / (b - a)

    def below(bound: float) -> float:
        if kind == LOGNORMAL:
            bound = math.log(bound) if bound > 0 else -math.inf
        return 0.5 * math.erfc(-(bound - a) / b / math.sqrt(2))

    return below(high) - below(low)
