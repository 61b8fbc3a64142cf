"""The partners of one owner: many at a time, each a function of seed, stream, owner and number.

What is drawn here can be drawn again, by whoever needs it: when a network is built, or when a spike is delivered.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import logarithm, logarithm_single
from spikenet.kernels.memory import LINE
from spikenet.kernels.permutation import permuted
from spikenet.kernels.philox import GROUP, draw_group, draw_group_below, draw_group_far_below
from spikenet.kernels.room import from_line
from spikenet.kernels.unowned import keep

EVERYBODY, OPPOSITE, EVENLY, CHANCES, SHUFFLED = range(5)
"""How the partners of one owner are drawn: all, the one of the same number, evenly, each with one probability, and as
the next of all places in a random order, of which every partner has as many."""
RUN = 8 * GROUP  # gaps drawn together, at most
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
    drawn = np.empty(GROUP, np.uint32)
    room = n if own == NONE else n - 1
    skipped = n if own == NONE else owner
    low, high, at_once = owner & _MASK, owner >> 32, GROUP if room <= FEW else GROUP // 2
    for at in range(0, count, at_once):
        whole = at + at_once <= count
        part, begin = (into, at) if whole else (drawn, 0)
        if room <= FEW:
            draw_group_below(part, begin, at // at_once, low, high, stream, seed, room, skipped)
        else:
            draw_group_far_below(part, begin, at // at_once, low, high, stream, seed, room, skipped)
        for k in range(0 if whole else count - at):
            into[at + k] = drawn[k]


@compiled()
def _gaps(words: Array, n: int, scale: float, gaps: Array) -> None:
    """gaps = failures before the next success, at most n."""
    if scale > _CLOSE:  # half as many bits are enough for short gaps
        single = np.float32(scale)
        for k in range(words.size):
            part = (np.float32(np.int32(words[k] >> _ONE_BIT)) + _HALF_SINGLE) * _SMALL_SINGLE
            gaps[k] = np.int32(np.float32(logarithm_single(part) * single))
    else:
        for k in range(words.size):
            gaps[k] = np.int64(min(logarithm((words[k] + 0.5) * _SMALL) * scale, float(n)))


@compiled()
def draw_chances(owner: Any, n: int, own: int, scale: float, stream: int, seed: int, into: Array) -> Any:
    """How many of n are partners when each is one with probability p; they stand, rising, in `into` if it has room.

    scale: 1 / ln(1 - p). Failures before the next success of a Bernoulli series are geometric, drawn by inversion.
    """
    room, wide_room = np.empty(2 * RUN + LINE, np.uint32), np.empty(RUN + LINE, np.int64)
    drawn, gaps = from_line(room), from_line(wide_room)
    run = drawn[RUN:]
    own_place = NONE if own == NONE else owner
    group, write = 0, into.size > 0
    count: Any = np.int64(0)
    place: Any = np.int64(-1)
    while True:
        expected = (place - n) / scale
        groups = min(RUN // GROUP, 1 + int(expected / GROUP))
        for k in range(groups):
            draw_group(drawn, GROUP * k, group + k, owner & _MASK, owner >> 32, stream, seed)
        group += groups
        words, places, found = drawn[: GROUP * groups], gaps[: GROUP * groups], run[: GROUP * groups]
        _gaps(words, n, scale, places)
        for k in range(words.size):
            place += places[k] + 1
            found[k] = min(place, n)
        last: Any = np.int64(words.size)
        if place >= n:
            last = np.int64(0)
            for k in range(words.size):
                last += np.int64(np.int64(found[k]) < n)
        if own_place != NONE:
            kept = np.uint64(0)
            for k in range(last):
                one = found[k]
                found[kept] = one
                kept += np.uint64(np.int64(one) != own_place)
            last = np.int64(kept)
        if write:
            part = into[count:][:last]
            for k in range(part.size):
                part[k] = found[k]
        count += last
        if place >= n:
            break
    keep(room)
    keep(wide_room)
    return count


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
) -> Any:  # fmt: skip
    """How many partners of one owner, drawn as `kind` says, are in `into`; first: number of its first synapse.

    n: of all partners; of CHANCES, which rise, those from n on may be left out.
    """
    if kind == EVENLY:
        draw_evenly(owner, count, n, own, stream, seed, into)
    elif kind == CHANCES:
        return draw_chances(owner, n, own, scale, stream, seed, into)
    elif kind == SHUFFLED:
        draw_shuffled(first, count, n, places, stream, seed, into)
    elif kind == EVERYBODY:
        skipped = n if own == NONE else owner
        for k in range(count):
            into[k] = k + (k >= skipped)
    else:
        into[0] = owner
    return np.int64(count)
