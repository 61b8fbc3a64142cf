"""Synapses as bits, in the slabs that bit_counts sums; what is there twice is left at the front of its stretch."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.bit_counts import SLAB
from spikenet.kernels.tasks import shared

WORDS_A_SLAB = SLAB // 64
_ONE, _SIXTY_THREE = np.uint64(1), np.int64(63)


@shared
def set_by_target(slab: int, starts: Array, sources: Array, low: int, high: int, bits: Array, twice: Array) -> None:
    """A slab of bits of the targets low to high - 1 of one thread; starts, sources: of all targets.

    Where a pair comes again, its source is moved to the front of the target's stretch, twice[target] counts them.
    """
    own = bits[slab]
    begin = low + slab * SLAB
    end: Any = min(begin + SLAB, high)
    for j in range(begin, end):
        word = (j - begin) >> 6
        bit = _ONE << np.uint64((j - begin) & _SIXTY_THREE)
        again = 0
        for k in range(starts[j], starts[j + 1]):
            s = np.int64(sources[k])
            if own[s, word] & bit:
                sources[starts[j] + again] = s
                again += 1
            else:
                own[s, word] |= bit
        twice[j] = again


@shared
def set_by_source(s: int, starts: Array, targets: Array, low: int, high: int, bits: Array, twice: Array) -> None:
    """As `set_by_target`, of one source s, with stretches by source; a thread's part is taken out of each: targets
    elsewhere stay in the stretch for other threads, so what comes again is marked by its highest bit."""
    again = 0
    for k in range(starts[s], starts[s + 1]):
        j = np.int64(targets[k])
        if low <= j < high:
            slab, word = (j - low) // SLAB, ((j - low) % SLAB) >> 6
            bit = _ONE << np.uint64((j - low) & _SIXTY_THREE)
            if bits[slab, s, word] & bit:
                targets[k] = np.uint32(j) | np.uint32(0x80000000)
                again += 1
            else:
                bits[slab, s, word] |= bit
    twice[s] += again


@shared
def collect_front(i: int, starts: Array, partners: Array, twice: Array, into_starts: Array, into: Array) -> None:
    """into = the first twice[i] partners of each stretch i."""
    for k in range(twice[i]):
        into[into_starts[i] + k] = partners[starts[i] + k]


@shared
def collect_marked(i: int, starts: Array, partners: Array, into_starts: Array, into: Array) -> None:
    """into = the marked partners of each stretch i, unmarked."""
    count = into_starts[i]
    for k in range(starts[i], starts[i + 1]):
        if partners[k] >= np.uint32(0x80000000):
            into[count] = partners[k] & np.uint32(0x7FFFFFFF)
            count += 1
