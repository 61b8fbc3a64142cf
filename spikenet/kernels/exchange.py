"""Lists of spikes packed for other processes, and unpacked where the loop looks for them."""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at

LIST = 3  # words of a list: addresses of (slots,) int32 counts and (slots, capacity) uint32 places; capacity
COUNTS, PLACES, CAPACITY = range(LIST)

_words, _ints = array_at("uint32"), array_at("int32")


@compiled()
def pack(lists: Array, slots: int, t: int, steps: int, counts: Array, neurons: Array) -> Any:
    """counts[l, k] = spikes of list l in step t + k; neurons: those of all, list by list, as far as they have room.
    Returns how many there are."""
    total = 0
    for one in range(lists.shape[0]):
        fired, places = _ints(lists[one, COUNTS], slots), _words(lists[one, PLACES], 0)
        for k in range(steps):
            slot = (t + k) & (slots - 1)
            counts[one, k] = fired[slot]
            if total + fired[slot] <= neurons.size:
                for i in range(fired[slot]):
                    neurons[total + i] = places[slot * lists[one, CAPACITY] + i]
            total += fired[slot]
    return total


@compiled()
def unpack(lists: Array, slots: int, t: int, steps: int, rank: int, shares: int, counts: Array, neurons: Array) -> None:
    """Into the lists of each population, (populations, 2, LIST): spikes of lower ranks into the first, of higher ones
    into the second, in the order of their neurons.

    counts: (ranks, populations * shares, steps); neurons: (ranks, room), as packed
    """
    for population in range(lists.shape[0]):
        for side in range(2):
            fired = _ints(lists[population, side, COUNTS], slots)
            for k in range(steps):
                fired[(t + k) & (slots - 1)] = 0
    for other in range(counts.shape[0]):
        if other == rank:
            continue
        place = 0
        for population in range(lists.shape[0]):
            head = lists[population, 0 if other < rank else 1]
            fired, places = _ints(head[COUNTS], slots), _words(head[PLACES], 0)
            for one in range(population * shares, (population + 1) * shares):
                for k in range(steps):
                    slot = (t + k) & (slots - 1)
                    at = slot * head[CAPACITY] + fired[slot]
                    for i in range(counts[other, one, k]):
                        places[at + i] = neurons[other, place + i]
                    fired[slot] += counts[other, one, k]
                    place += counts[other, one, k]
