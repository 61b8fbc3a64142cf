"""One value of a distribution as a function of a counter."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import recast_bits
from spikenet.kernels.memory import LINE
from spikenet.kernels.philox import philox
from spikenet.kernels.room import from_line
from spikenet.kernels.table_reads import read_alone
from spikenet.kernels.tasks import shared
from spikenet.kernels.unowned import keep

UNIFORM, NORMAL, LOGNORMAL = range(3)
WIDEST = math.sqrt(-2 * math.log(2.0**-33))  # standard deviations: no normal number from 32 bits lies further out
_SMALL, _WORD, _WORDS = 2.0**-32, np.uint64(32), 1 << 32


PART = 1 << 10  # values of a task
READ = 1 << 8  # values whose entries of a table are read before they are used
_PIECES = 8  # binary digits of a number's place within its power of two
_SHIFT, _HALF, _SIGN, _LAST = np.int32(23 - _PIECES), np.float32(0.5), np.int32(-(2**31)), np.int32(31)
_FIRST = np.int32(np.float32(0.5).view(np.int32) >> _SHIFT)


def _pieces() -> Array:
    """(pieces,) uint64: begin and slope, as float32, the first in the low half, of straight pieces for the normal
    quantile at (x + 1/2) / 2^32, x from 0 to 2^31: 256 for each power of two, each half of its greatest error below and
    above."""
    last = np.int32(np.float32(2.0**31).view(np.int32) >> _SHIFT)
    edges = (np.arange(_FIRST, last + 2, dtype=np.int32) << _SHIFT).view(np.float32).astype(np.float64)
    quantile = NormalDist().inv_cdf
    at_edges = np.array([quantile(min(x * _SMALL, 0.5)) for x in edges])
    middles = np.array([quantile(min(x * _SMALL, 0.5)) for x in (edges[1:] + edges[:-1]) / 2])
    slopes = np.diff(at_edges) / np.diff(edges)
    chords = (at_edges[1:] + at_edges[:-1]) / 2
    begins = at_edges[:-1] - slopes * edges[:-1] + (middles - chords) / 2
    begins[-1], slopes[-1] = 0.0, 0.0  # the middle itself, to which the largest number is rounded
    bits = (each.astype(np.float32).view(np.uint32).astype(np.uint64) for each in (begins, slopes))
    return next(bits) | next(bits) << _WORD


_PIECE = _pieces()


@compiled()
def _piece_of(word: Any) -> Any:
    """Which piece a word's value lies on, as the compiled code counts them: of both halves alike."""
    half = np.int32(word)
    x = np.float32(np.int32(half ^ np.int32(half >> _LAST))) + _HALF
    return np.int32(np.int32(recast_bits(x) >> _SHIFT) - _FIRST)


@compiled()
def _on(piece: Any, word: Any) -> Any:
    """The value of a word on its piece."""
    half = np.int32(word)
    turned = np.int32(half >> _LAST)  # all ones for the upper half
    x = np.float32(np.int32(half ^ turned)) + _HALF
    begin, slope = recast_bits(np.int32(piece)), recast_bits(np.int32(piece >> _WORD))
    value = np.float32(begin + slope * x)
    return recast_bits(np.int32(recast_bits(value) ^ np.int32(turned & _SIGN)))


@compiled()
def normal(word: Any) -> Any:
    """The standard normal number below which (word + 1/2) / 2^32 of all lie, a float32, to 6 digits.

    Half of the quantile function in straight pieces, the same number of them in every power of two, so that the tail is
    as exact as the middle: the bits of the number as a float32 say which piece. Half as much work as polynomials of a
    logarithm and its root, which it replaced. The tail is that of 32 bits, counted from its own end.
    """
    return _on(_PIECE[np.uint64(_piece_of(word))], word)


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
def between(word: Any, first: Any, many: Any) -> Any:
    """The word that stands as far between the bounds as `word` does between 0 and 2^32: nothing need be drawn again."""
    return np.uint32(np.uint64(first) + ((np.uint64(word) * np.uint64(many)) >> _WORD))


@compiled()
def from_words(
    kind: int, a: float, b: float, low: float, high: float, first: Any, many: Any, factor: float, words: Array,
    values: Array,
) -> None:  # fmt: skip
    """values[k] = factor times from_word of words[k] moved by `between`, in place; cut to the bounds, which rounding
    may pass."""
    if many < _WORDS:
        begin, width = np.uint64(first), np.uint64(np.uint32(many))  # known to be short, it takes one multiplication
        for k in range(values.size):
            words[k] = begin + ((words[k] * width) >> _WORD)
    if kind == NORMAL:
        which, found = np.empty(READ + LINE, np.int32), np.empty(READ + LINE, np.uint64)
        places, pieces = from_line(which), from_line(found)
        for at in range(0, values.size, READ):
            part, into = words[at:][:READ], values[at:][:READ]
            for k in range(part.size):
                places[k] = _piece_of(part[k])
            for k in range(part.size):
                pieces[k] = read_alone(_PIECE, np.uint64(places[k]))
            for k in range(part.size):
                into[k] = factor * min(max(a + b * np.float64(_on(pieces[k], part[k])), low), high)
        keep(which)
        keep(found)
        return
    for k in range(values.size):
        values[k] = factor * min(max(from_word(kind, a, b, words[k]), low), high)


@shared
def _sample_part(
    part: int, kind: int, a: float, b: float, low: float, high: float, stream: int, seed: int, into: Array
) -> None:
    for k in range(PART * part, min(into.size, PART * (part + 1))):
        into[k] = sample(kind, a, b, low, high, k, stream, seed)


def sample_row(kind: int, a: float, b: float, low: float, high: float, stream: int, seed: int, into: Array) -> None:
    """into[k] = the value with number k."""
    _sample_part(-(-into.size // PART), kind, float(a), float(b), float(low), float(high), stream, seed, into)


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
