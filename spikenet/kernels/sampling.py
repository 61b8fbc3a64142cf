"""One value of a distribution as a function of a counter."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import logarithm_single
from spikenet.kernels.philox import philox

UNIFORM, NORMAL, LOGNORMAL = range(3)
WIDEST = math.sqrt(-2 * math.log(2.0**-33))  # standard deviations: no normal number from 32 bits lies further out
PART = 256  # values computed together
_SMALL = 2.0**-32


_NEAR = (
    4.03524377e-08, 4.86100982e-07, -4.99053886e-06, -6.21796062e-06, 0.000309150106, -0.00177301026, -0.00590817086,
    0.34880266, 2.12331357,
)  # fmt: skip
_FAR = (
    -3.29990144e-05,
    -0.000276103527,
    0.000872441978,
    -0.00101688781,
    0.00136538185,
    -0.00289784092,
    0.00467643067,
    1.42463309,
    4.71708757,
)
_N0, _N1, _N2, _N3, _N4, _N5, _N6, _N7, _N8 = (np.float32(c) for c in _NEAR)
_F0, _F1, _F2, _F3, _F4, _F5, _F6, _F7, _F8 = (np.float32(c) for c in _FAR)
_ZERO, _HALF, _ONE, _FOUR = (np.float32(x) for x in (0, 0.5, 1, 4))
_NEAR_END, _NEAR_MIDDLE, _FAR_MIDDLE = (np.float32(x) for x in (5.0, 2.5, 3.5))
_PART, _PART_OF_HALF, _HIGHEST = np.float32(_SMALL), np.float32(2.0**-31), np.uint32(0x80000000)


@compiled()
def normal(word: Any) -> Any:
    """The standard normal number below which (word + 1/2) / 2^32 of all lie, a float32, to 6 digits.

    With p the part below and x = 2 p - 1, normal / x is smooth in w = -ln(4 p (1 - p)) near the middle and in its root
    further out: two polynomials (least relative error, fitted to the quantile function), of which one is taken without
    a branch, so that loops do it in vectors. The tail is that of 32 bits, not of 24: it is counted from its own end.
    Idea: Giles 2012, Approximating the erfinv function (GPU Computing Gems 2).
    """
    word = np.uint32(word)
    from_end = np.int32(min(word, np.uint32(~word)))
    p = (np.float32(from_end) + _HALF) * _PART
    x = (np.float32(np.int32(word ^ _HIGHEST)) + _HALF) * _PART_OF_HALF
    w = -logarithm_single(_FOUR * p * (_ONE - p))
    a, b = w - _NEAR_MIDDLE, np.float32(math.sqrt(max(w, _ZERO))) - _FAR_MIDDLE
    near = (((((((_N0 * a + _N1) * a + _N2) * a + _N3) * a + _N4) * a + _N5) * a + _N6) * a + _N7) * a + _N8
    far = (((((((_F0 * b + _F1) * b + _F2) * b + _F3) * b + _F4) * b + _F5) * b + _F6) * b + _F7) * b + _F8
    return x * (near if w < _NEAR_END else far)


@compiled()
def from_word(kind: Any, a: float, b: float, word: Any) -> Any:
    """A value of the uncut distribution from 32 random bits."""
    if kind == UNIFORM:
        return a + (b - a) * ((word + 0.5) * _SMALL)
    value = a + b * np.float64(normal(word))
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
        part = np.empty(PART, np.float32)  # apart from the doubles: their loop would take half as many at once
        for low in range(0, values.size, PART):
            some, into = words[low:][:PART], values[low:][:PART]
            for k in range(into.size):
                part[k] = normal(some[k])
            for k in range(into.size):
                into[k] = a + b * part[k]
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
        """Of the normal number behind it."""
        if kind == LOGNORMAL:
            bound = math.log(bound) if bound > 0 else -math.inf
        return 0.5 * math.erfc(-(bound - a) / b / math.sqrt(2))

    return below(high) - below(low)


def words_between(kind: int, a: float, b: float, low: float, high: float) -> tuple[int, int]:
    """(first, how many) of the words of 32 bits whose values lie between the bounds."""
    first = int(share_within(kind, a, b, -math.inf, low) * 2**32)
    return first, max(1, 2**32 - int((1 - share_within(kind, a, b, -math.inf, high)) * 2**32) - first)
