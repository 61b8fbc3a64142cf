"""The partners of one owner: many at a time, each a function of seed, stream, owner and number.

What is drawn here can be drawn again, by whoever needs it: when a network is built, or when a spike is delivered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import logarithm
from spikenet.kernels.philox import GROUP, draw_group

NONE = -1  # no partner is left out
FEW = 1 << 18  # partners up to which 32 random bits prefer none by more than 1 in 16384; more take 64

_HALF, _MASK = np.uint64(32), 0xFFFFFFFF
_SMALL = 2.0**-32


@compiled()
def below(high: Any, low: Any, n: int) -> Any:
    """A whole number in [0, n), n < 2^32, from 64 random bits: the whole part of n times their fraction."""
    upper = np.uint64(high) * np.uint64(n) + ((np.uint64(low) * np.uint64(n)) >> _HALF)
    return np.int64(upper >> _HALF)


@compiled()
def draw_evenly(owner: Any, count: int, n: int, own: int, stream: int, seed: int, into: Array) -> None:
    """into[:count] = partners in [0, n), drawn evenly and independently; own: 0 to leave the owner's own number out,
    else NONE."""
    words = np.empty(GROUP, np.uint32)
    drawn = np.empty(GROUP, np.int64)
    room = n if own == NONE else n - 1
    skipped = n if own == NONE else owner
    at_once = GROUP if room <= FEW else GROUP // 2
    for low in range(0, count, at_once):
        draw_group(words, 0, low // at_once, owner & _MASK, owner >> 32, stream, seed)
        if room <= FEW:
            for k in range(GROUP):
                one = np.int64((np.uint64(words[k]) * np.uint64(room)) >> _HALF)
                drawn[k] = one + (one >= skipped)
        else:
            for k in range(GROUP // 2):
                one = below(words[k], words[GROUP // 2 + k], room)
                drawn[k] = one + (one >= skipped)
        for k in range(min(at_once, count - low)):
            into[low + k] = drawn[k]


@compiled()
def draw_chances(owner: Any, n: int, own: int, scale: float, stream: int, seed: int, into: Array) -> int:
    """How many of n are partners when each is one with probability p; they stand, rising, in `into` if it has room.

    scale: 1 / ln(1 - p). Failures before the next success of a Bernoulli series are geometric, drawn by inversion.
    """
    words = np.empty(GROUP, np.uint32)
    gaps = np.empty(GROUP, np.float64)
    own_place = -1.0 if own == NONE else float(owner)
    count, group, keep = 0, 0, into.size > 0
    place, end = -1.0, float(n)
    while True:
        draw_group(words, 0, group, owner & _MASK, owner >> 32, stream, seed)
        for k in range(GROUP):
            gaps[k] = np.floor(logarithm((words[k] + 0.5) * _SMALL) * scale) + 1.0
        for k in range(GROUP):
            place += gaps[k]
            if place >= end:
                return count
            if place != own_place:
                if keep:
                    into[count] = np.int64(place)
                count += 1
        group += 1
