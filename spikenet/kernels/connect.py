"""Partners of neurons drawn by counters: the compiled halves of the connection rules.

Each is run for every owner, first, first + 1, ..., or for every chunk of them where it is told how many there are, and
fills their partners: those of owner i stand at partners[starts[i] : starts[i + 1]]. A partner is a function of seed,
stream, owner and number, so any stretch can be drawn by anyone at any time, and is the same.
"""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.partners import NONE, below, draw_chances, draw_evenly, draw_shuffled
from spikenet.kernels.philox import philox
from spikenet.kernels.tasks import shared


@shared
def draw_many(task: int, first: int, starts: Array, n: int, own: int, stream: int, seed: int, partners: Array) -> None:
    """Partners in [0, n), drawn evenly and independently; own: 0 to leave an owner's own number out, else NONE."""
    begin, end = starts[task], starts[task + 1]
    draw_evenly(first + task, end - begin, n, own, stream, seed, partners[begin:end])


@shared
def draw_places(
    task: int, before: int, starts: Array, n: int, places: int, stream: int, seed: int, partners: Array
) -> None:
    """Partners in [0, n), each of which has `places` synapses in all; before: synapses of the owners before."""
    begin, end = starts[task], starts[task + 1]
    draw_shuffled(before + begin, end - begin, n, places, stream, seed, partners[begin:end])


@shared
def draw_different(
    thread: int, first: int, starts: Array, n: int, own: int, stream: int, seed: int, threads: int, partners: Array
) -> None:
    """As `draw_many`, each partner once: what was drawn before is drawn again; where more than half of all are wanted
    those to leave out are drawn instead. Partners of more than half are in rising order."""
    owners = starts.size - 1
    low, high = owners * thread // threads, owners * (thread + 1) // threads
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


@shared
def count_owners(thread: int, draws: int, owners: int, stream: int, seed: int, threads: int, counts: Array) -> None:
    """counts[thread, i]: how many of `draws` even draws chose owner i; each thread does its part of them."""
    row = counts[thread]
    low, high = draws * thread // threads, draws * (thread + 1) // threads
    for k in range(low - low % 2, high, 2):
        pair = k >> 1
        x0, x1, x2, x3 = philox(pair & 0xFFFFFFFF, pair >> 32, 0xFFFFFFFF, stream, seed)
        if k >= low:
            row[below(x0, x1, owners)] += 1
        if k + 1 < high:
            row[below(x2, x3, owners)] += 1


@shared
def pairwise_counts(
    task: int, first: int, n: int, scale: float, own: int, stream: int, seed: int, counts: Array
) -> None:
    """counts[i]: partners of owner first + i when each of n is one with probability p; scale is 1 / ln(1 - p)."""
    counts[task] = draw_chances(first + task, n, own, scale, stream, seed, np.empty(0, np.uint32))


@shared
def pairwise_partners(
    task: int, first: int, starts: Array, n: int, scale: float, own: int, stream: int, seed: int, partners: Array
) -> None:
    """The partners that `pairwise_counts` counted, in rising order."""
    draw_chances(first + task, n, own, scale, stream, seed, partners[starts[task] : starts[task + 1]])


@shared
def everybody(task: int, first: int, starts: Array, n: int, own: int, partners: Array) -> None:
    """All n partners of every owner."""
    owner, count = first + task, starts[task]
    for one in range(n):
        if own == NONE or one != owner:
            partners[count] = one
            count += 1


@shared
def turned_round(
    chunk: int, starts: Array, partners: Array, chunks: int, counts: Array, places: Array, edges: Array
) -> None:
    """The same synapses by partner: of partner s, owners stand in `places` and numbers of synapses in `edges`, in the
    owners' order; counts (chunks, partners) holds on entry where chunk c of the owners begins for partner s."""
    owners = starts.size - 1
    row = counts[chunk]
    for i in range(owners * chunk // chunks, owners * (chunk + 1) // chunks):
        for k in range(np.int64(starts[i]), np.int64(starts[i + 1])):
            at = row[partners[k]]
            places[at] = i
            if edges.size > 0:
                edges[at] = k
            row[partners[k]] = at + 1


@shared
def count_partners(chunk: int, starts: Array, partners: Array, chunks: int, counts: Array) -> None:
    """counts[c, s]: synapses of partner s with the owners of chunk c."""
    owners = starts.size - 1
    row = counts[chunk]
    low, high = owners * chunk // chunks, owners * (chunk + 1) // chunks
    for k in range(np.int64(starts[low]), np.int64(starts[high])):
        row[partners[k]] += 1
