"""The operation that delivers a step's spikes through synapses that are listed, each with a delay and a weight.

The synapses of a source stand together, first by the thread that owns the target, then by delay, so that what is due in
one step is a stretch, and all that a step writes stays in the nearest caches. Each synapse is the place of its target
among this thread's inputs, and a weight where they differ.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at
from spikenet.kernels.unowned import keep, unowned
from spikenet.kernels.vector_products import prefetch

AHEAD = 6  # stretches between asking for one and using it: they lie anywhere in memory
WORDS = 11  # of an entry of the plan, before the sources' lists
(
    TARGETS,  # address of places among the inputs, uint16 or uint32
    WEIGHTS,  # address of as many numbers, or of one
    ROWS,  # address of (sources * threads * delays + 1,) uint32: where each stretch begins
    SYNAPSES,
    THREADS,
    THREAD,
    DELAYS,  # steps from the shortest delay to the longest, both counted
    SHORTEST,  # delay in steps
    INPUT,  # address of this thread's inputs
    SLOTS,  # steps that the lists of spikes go back, a power of two
    SHARES,  # threads' shares of the sources, each with three words as in bit_delivery
) = range(WORDS)
COUNTS, PLACES, CAPACITY = range(3)


@cache
def list_operation(dtype: str, targets: str, valued: bool) -> Any:
    """The operation for inputs of a float type, targets uint16 or uint32; valued: each synapse has its own weight."""
    floats, targets_at, rows_at = array_at(dtype), array_at(targets), array_at("uint32")
    counts_at = array_at("int32")

    @compiled()
    def deliver_lists(plan: Array, at: int, t: int) -> None:
        many, shares, slots = plan[at + DELAYS], plan[at + SHARES], plan[at + SLOTS]
        threads, thread = plan[at + THREADS], plan[at + THREAD]
        total = 0
        for d in range(many):
            slot = (t - plan[at + SHORTEST] - d) & (slots - 1)
            for k in range(shares):
                total += counts_at(plan[at + WORDS + 3 * k + COUNTS], slot + 1)[slot]
        if total == 0:
            return
        synapses = plan[at + SYNAPSES]
        listed, weights = targets_at(plan[at + TARGETS], synapses), floats(plan[at + WEIGHTS], synapses)
        row = floats(plan[at + INPUT], 0)
        rows = rows_at(plan[at + ROWS], 0)
        room = np.empty((2, total), np.int64)
        begins, ends = unowned(room)[0], unowned(room)[1]
        count = 0
        for d in range(many):
            slot = (t - plan[at + SHORTEST] - d) & (slots - 1)
            for k in range(shares):
                share = at + WORDS + 3 * k
                capacity = plan[share + CAPACITY]
                fired = counts_at(plan[share + COUNTS], slot + 1)[slot]
                sources = rows_at(plan[share + PLACES] + 4 * capacity * slot, capacity)
                for i in range(fired):
                    r = (np.int64(sources[i]) * threads + thread) * many + d
                    begins[count], ends[count] = rows[r], rows[r + 1]
                    count += 1
        weight = weights[0]
        for i in range(count):
            if i + AHEAD < count:
                later = begins[i + AHEAD]
                width = ends[i + AHEAD] - later
                prefetch(listed, later, width)
                if valued:
                    prefetch(weights, later, width)
            begin = begins[i]
            for k in range(begin, ends[i]):
                if valued:
                    row[listed[k]] += weights[k]
                else:
                    row[listed[k]] += weight
        keep(room)

    return deliver_lists
