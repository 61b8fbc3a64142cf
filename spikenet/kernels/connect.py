"""Partners of neurons drawn by counters: the compiled halves of the connection rules.

Each function fills the partners of `owners` first, first + 1, ...: of owner i they stand at partners[starts[i] :
starts[i + 1]]. A partner is a function of seed, stream, owner and number, so any stretch can be drawn by anyone at any
time, and is the same.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.philox import philox

NONE = -1  # no partner is left out

_HALF, _MASK, _ONE = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(1)


@compiled()
def below(high: Any, low: Any, n: int) -> Any:
    """A whole number in [0, n), n < 2^32, from 64 random bits: the whole part of n times their fraction."""
    upper = np.uint64(high) * np.uint64(n) + ((np.uint64(low) * np.uint64(n)) >> _HALF)
    return np.int64(upper >> _HALF)


@compiled(parallel=True)
def draw_many(first: int, starts: Array, n: int, own: int, stream: int, seed: int, partners: Array) -> None:
    """Partners in [0, n), drawn evenly and independently; own: 0 to leave an owner's own number out, else NONE."""
    for task in numba.prange(starts.size - 1):
        owner = first + np.int64(task)
        begin, end = np.int64(starts[task]), np.int64(starts[task + 1])
        room = n if own == NONE else n - 1
        for k in range(begin, end, 2):
            x0, x1, x2, x3 = philox((k - begin) >> 1, owner & 0xFFFFFFFF, owner >> 32, stream, seed)
            one = below(x0, x1, room)
            partners[k] = one + (own != NONE and one >= owner)
            if k + 1 < end:
                one = below(x2, x3, room)
                partners[k + 1] = one + (own != NONE and one >= owner)


@compiled(parallel=True)
def draw_different(
    first: int, starts: Array, n: int, own: int, stream: int, seed: int, threads: int, partners: Array
) -> None:
    """As `draw_many`, each partner once: what was drawn before is drawn again; where more than half of all are wanted
    those to leave out are drawn instead. Partners of more than half are in rising order."""
    owners = starts.size - 1
    for thread in numba.prange(threads):
        low, high = owners * np.int64(thread) // threads, owners * (np.int64(thread) + 1) // threads
        taken = np.zeros(n, np.uint32)
        for i in range(low, high):
            owner, mark = first + i, np.uint32(i - low + 1)
            begin = np.int64(starts[i])
            many = np.int64(starts[i + 1]) - begin
            room = n if own == NONE else n - 1
            drawn = many if 2 * many <= room else room - many
            count, attempt = 0, 0
            while count < drawn:
                x0, x1, _, _ = philox(attempt, owner & 0xFFFFFFFF, owner >> 32, stream, seed)
                one = below(x0, x1, room)
                one += own != NONE and one >= owner
                attempt += 1
                if taken[one] != mark:
                    taken[one] = mark
                    if drawn == many:
                        partners[begin + count] = one
                    count += 1
            if drawn != many:
                count = 0
                for one in range(n):
                    if taken[one] != mark and (own == NONE or one != owner):
                        partners[begin + count] = one
                        count += 1


@compiled(parallel=True)
def count_owners(draws: int, owners: int, stream: int, seed: int, threads: int, counts: Array) -> None:
    """counts[thread, i]: how many of `draws` even draws chose owner i; each thread does its part of them."""
    for thread in numba.prange(threads):
        row = counts[np.int64(thread)]
        low, high = draws * np.int64(thread) // threads, draws * (np.int64(thread) + 1) // threads
        for k in range(low - low % 2, high, 2):
            pair = k >> 1
            x0, x1, x2, x3 = philox(pair & 0xFFFFFFFF, pair >> 32, 0xFFFFFFFF, stream, seed)
            if k >= low:
                row[below(x0, x1, owners)] += 1
            if k + 1 < high:
                row[below(x2, x3, owners)] += 1


@compiled()
def _gap(owner: Any, number: int, scale: float, stream: int, seed: int) -> float:
    """Failures before the next success of a Bernoulli series: geometric, by inversion; scale is 1 / ln(1 - p)."""
    x0, x1, _, _ = philox(number, owner & 0xFFFFFFFF, owner >> 32, stream, seed)
    return math.floor(math.log((x0 + (x1 + 0.5) * 2.0**-32) * 2.0**-32) * scale)


@compiled(parallel=True)
def pairwise_counts(first: int, n: int, scale: float, own: int, stream: int, seed: int, counts: Array) -> None:
    """counts[i]: partners of owner first + i when each of n is one with probability p; scale is 1 / ln(1 - p)."""
    for task in numba.prange(counts.size):
        owner = first + np.int64(task)
        count, number = 0, 0
        place = _gap(owner, 0, scale, stream, seed)
        while place < n:
            count += own == NONE or np.int64(place) != owner
            number += 1
            place += 1.0 + _gap(owner, number, scale, stream, seed)
        counts[task] = count


@compiled(parallel=True)
def pairwise_partners(first: int, starts: Array, n: int, scale: float, own: int, stream: int, seed: int,
                      partners: Array) -> None:  # fmt: skip
    """The partners that `pairwise_counts` counted, in rising order."""
    for task in numba.prange(starts.size - 1):
        owner = first + np.int64(task)
        count, number = np.int64(starts[task]), 0
        place = _gap(owner, 0, scale, stream, seed)
        while place < n:
            if own == NONE or np.int64(place) != owner:
                partners[count] = np.int64(place)
                count += 1
            number += 1
            place += 1.0 + _gap(owner, number, scale, stream, seed)


@compiled(parallel=True)
def everybody(first: int, starts: Array, n: int, own: int, partners: Array) -> None:
    """All n partners of every owner."""
    for task in numba.prange(starts.size - 1):
        owner = first + np.int64(task)
        count = np.int64(starts[task])
        for one in range(n):
            if own == NONE or one != owner:
                partners[count] = one
                count += 1


@compiled(parallel=True)
def turned_round(starts: Array, partners: Array, chunks: int, counts: Array, places: Array, edges: Array) -> None:
    """The same synapses by partner: of partner s, owners stand in `places` and numbers of synapses in `edges`, in the
    owners' order; counts (chunks, partners) holds on entry where chunk c of the owners begins for partner s."""
    owners = starts.size - 1
    for chunk in numba.prange(chunks):
        row = counts[np.int64(chunk)]
        for i in range(owners * np.int64(chunk) // chunks, owners * (np.int64(chunk) + 1) // chunks):
            for k in range(np.int64(starts[i]), np.int64(starts[i + 1])):
                at = row[partners[k]]
                places[at] = i
                if edges.size > 0:
                    edges[at] = k
                row[partners[k]] = at + 1


@compiled(parallel=True)
def count_partners(starts: Array, partners: Array, chunks: int, counts: Array) -> None:
    """counts[c, s]: synapses of partner s with the owners of chunk c."""
    owners = starts.size - 1
    for chunk in numba.prange(chunks):
        row = counts[np.int64(chunk)]
        low, high = owners * np.int64(chunk) // chunks, owners * (np.int64(chunk) + 1) // chunks
        for k in range(np.int64(starts[low]), np.int64(starts[high])):
            row[partners[k]] += 1
