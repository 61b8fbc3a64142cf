"""The partners of one owner: many at a time, each a function of seed, stream, owner and number.

What is drawn here can be drawn again, by whoever needs it: when a network is built, or when a spike is delivered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import logarithm, logarithm_single
from spikenet.kernels.permutation import permuted
from spikenet.kernels.philox import GROUP, draw_group

EVERYBODY, OPPOSITE, EVENLY, CHANCES, SHUFFLED = range(5)
"""How the partners of one owner are drawn: all, the one of the same number, evenly, each with one probability, and as
the next of all places in a random order, of which every partner has as many."""
NONE = -1  # no partner is left out
FEW = 1 << 18  # partners up to which 32 random bits prefer none by more than 1 in 16384; more take 64

_HALF, _MASK = np.uint64(32), 0xFFFFFFFF
_SMALL = 2.0**-32
_CLOSE = -1024.0  # scale of probabilities above 0.1 %: gaps of at most 22,000
_ONE_BIT, _HALF_SINGLE, _SMALL_SINGLE = np.uint32(1), np.float32(0.5), np.float32(2.0**-31)


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
    whole = count - count % GROUP if room <= FEW else 0
    few = np.uint64(np.uint32(room))  # known to be short, it takes one multiplication
    for low in range(0, whole, GROUP):
        draw_group(words, 0, low // GROUP, owner & _MASK, owner >> 32, stream, seed)
        part = into[low:][:GROUP]
        for k in range(GROUP):
            one = np.int64((np.uint64(words[k]) * few) >> _HALF)
            part[k] = one + (one >= skipped)
    for low in range(whole, count, at_once):
        draw_group(words, 0, low // at_once, owner & _MASK, owner >> 32, stream, seed)
        if room <= FEW:
            for k in range(GROUP):
                one = np.int64((np.uint64(words[k]) * few) >> _HALF)
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
    words, places = np.empty(GROUP, np.uint32), np.empty(GROUP, np.int64)
    short = np.empty(GROUP, np.float32)
    own_place = NONE if own == NONE else owner
    count, group, keep = 0, 0, into.size > 0
    place: Any = np.int64(-1)
    while True:
        draw_group(words, 0, group, owner & _MASK, owner >> 32, stream, seed)
        if scale > _CLOSE:
            for k in range(GROUP):  # half as many bits are enough for short gaps
                part = (np.float32(np.int32(words[k] >> _ONE_BIT)) + _HALF_SINGLE) * _SMALL_SINGLE
                short[k] = logarithm_single(part) * np.float32(scale)
            for k in range(GROUP):
                places[k] = np.int32(short[k])
        else:
            for k in range(GROUP):
                places[k] = np.int64(min(logarithm((words[k] + 0.5) * _SMALL) * scale, float(n)))
        for k in range(GROUP):
            place += places[k] + 1
            places[k] = place
        if place < n and not places[0] <= own_place <= place:
            if keep:
                part_of = into[count:][:GROUP]
                for k in range(GROUP):
                    part_of[k] = places[k]
            count += GROUP
        else:
            for k in range(GROUP):
                if places[k] >= n:
                    return count
                if places[k] != own_place:
                    if keep:
                        into[count] = places[k]
                    count += 1
        group += 1


@compiled()
def draw_shuffled(first: Any, count: Any, n: int, places: int, stream: int, seed: int, into: Array) -> None:
    """into[:count] = partners in [0, n) of the synapses first, first + 1, ... when each has `places` of all."""
    permuted(first, count, n * places, stream, seed, into)
    share = 1.0 / places
    for k in range(count):  # whole numbers below 2^32 are far enough from the next multiple
        into[k] = np.uint32(np.int32((into[k] + 0.5) * share))


@compiled()
def draw_partners(
    kind: int, owner: Any, first: Any, count: Any, n: int, own: int, scale: float, places: int, stream: int, seed: int,
    into: Array,
) -> None:  # fmt: skip
    """into[:count] = the partners of one owner, drawn as `kind` says; first: number of its first synapse."""
    if kind == EVENLY:
        draw_evenly(owner, count, n, own, stream, seed, into)
    elif kind == CHANCES:
        draw_chances(owner, n, own, scale, stream, seed, into)
    elif kind == SHUFFLED:
        draw_shuffled(first, count, n, places, stream, seed, into)
    elif kind == EVERYBODY:
        skipped = n if own == NONE else owner
        for k in range(count):
            into[k] = k + (k >= skipped)
    else:
        into[0] = owner
