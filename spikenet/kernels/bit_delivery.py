"""The operation that delivers a step's spikes through synapses that are bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.bit_counts import DIGITS, EIGHT, HALF, SLAB, add_counts, sum_bits
from spikenet.kernels.pointers import array_at
from spikenet.kernels.unowned import keep, unowned
from spikenet.kernels.vector_products import prefetch

WORDS = 8  # of an entry of the plan, before the sources' lists
(
    BITS,  # address of (slabs, sources + 1, SLAB / 64) uint64, this thread's targets
    N_SOURCES,
    N_TARGETS,  # of this thread, rounded up to whole slabs
    DELAY,  # steps
    WEIGHT,  # address of one number
    INPUT,  # address of the row that is added to
    SLOTS,  # steps that the lists of spikes go back, a power of two
    SHARES,  # threads' shares of the sources, each with the two words below
) = range(WORDS)
COUNTS, PLACES, CAPACITY = range(3)  # of a share: addresses of (SLOTS,) int32 and (SLOTS, capacity) uint32


@cache
def bits_operation(dtype: str) -> Any:
    """The operation for inputs of a float type."""
    floats, bits_at, counts_at, places_at = array_at(dtype), array_at("uint64"), array_at("int32"), array_at("uint32")
    add_narrow, add_wide = add_counts(8), add_counts(16)

    @compiled()
    def deliver_bits(plan: Array, at: int, t: int) -> None:
        n_sources, shares = plan[at + N_SOURCES], plan[at + SHARES]
        slot = (t - plan[at + DELAY]) & (plan[at + SLOTS] - 1)
        total = 0
        for k in range(shares):
            total += counts_at(plan[at + WORDS + 3 * k + COUNTS], slot + 1)[slot]
        if total == 0:
            return
        rounded = (total + EIGHT - 1) // EIGHT * EIGHT
        room = np.empty(rounded, np.uint32)
        sources = unowned(room)
        count = 0
        for k in range(shares):
            share = at + WORDS + 3 * k
            capacity = plan[share + CAPACITY]
            fired = counts_at(plan[share + COUNTS], slot + 1)[slot]
            listed = places_at(plan[share + PLACES] + 4 * capacity * slot, capacity)
            for i in range(fired):
                sources[count] = listed[i]
                count += 1
        for i in range(total, rounded):
            sources[i] = n_sources  # the empty one
        n_digits = 3
        while (total >> n_digits) > 0:
            n_digits += 1
        scratch = np.empty(DIGITS * HALF // 64, np.uint64)
        digits = unowned(scratch)
        weight = floats(plan[at + WEIGHT], 1)[0]
        n_targets = plan[at + N_TARGETS]
        row = floats(plan[at + INPUT], n_targets)
        bits = bits_at(plan[at + BITS], 0)
        for low in range(0, n_targets, HALF):
            slab, half = low // SLAB, low // HALF % 2
            begin = slab * (n_sources + 1) * (SLAB // 64)
            if half == 0 and low + SLAB < n_targets:  # the next slab's: they lie anywhere in memory
                following = begin + (n_sources + 1) * (SLAB // 64)
                for i in range(total):
                    prefetch(bits, following + np.int64(sources[i]) * (SLAB // 64), 1)
            start = begin + half * (HALF // 64)
            sum_bits(bits, start, sources, rounded, digits, n_digits)
            if n_digits <= 8:
                add_narrow(digits, n_digits, weight, row, low)
            else:
                add_wide(digits, n_digits, weight, row, low)
        keep(room)
        keep(scratch)

    return deliver_bits
