"""The operation that delivers a step's spikes through synapses that are listed, each with a delay and a weight.

The synapses of a source stand together, first by the thread that owns the target, then by delay, so that what is due in
one step is a stretch, and all that a step writes stays in the nearest caches. A stretch is a row of bytes: first the
places of its targets among this thread's inputs, then, where they differ, as many weights: one place in memory, to be
asked for at once, where two tables would be two.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import LINE
from spikenet.kernels.pointers import array_at
from spikenet.kernels.unowned import keep, unowned
from spikenet.kernels.vector_products import prefetch

AHEAD = 8  # stretches between asking for one and using it: they lie anywhere in memory
WORDS = 11  # of an entry of the plan, before the sources' lists
(
    LISTED,  # address of the table of bytes
    WEIGHT,  # address of one number: the weight where it is one for all
    ROWS,  # address of (sources * threads * delays + 1,) uint32: which synapse begins each stretch
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


_bytes_at, _counts_at = array_at("uint8"), array_at("int32")


@compiled()
def _under_way(plan: Array, at: int, t: int) -> Any:
    """How many spikes arrive in step t, with whatever delay. The steps they come from are two stretches of the lists'
    ring, summed in vectors."""
    many, slots, total = plan[at + DELAYS], plan[at + SLOTS], 0
    top = (t - plan[at + SHORTEST]) & (slots - 1)
    near = min(many, top + 1)
    for k in range(plan[at + SHARES]):
        counts = plan[at + WORDS + 3 * k + COUNTS]
        here = _counts_at(counts + 4 * (top + 1 - near), near)
        for d in range(here.size):
            total += here[d]
        if near < many:
            here = _counts_at(counts + 4 * (slots - many + near), many - near)
            for d in range(here.size):
                total += here[d]
    return total


@compiled()
def _by_delay(plan: Array, at: int, t: int, sent: Array) -> None:
    """sent[-1 - d] = how many of them come d steps after the shortest delay."""
    many, slots = plan[at + DELAYS], plan[at + SLOTS]
    top = (t - plan[at + SHORTEST]) & (slots - 1)
    near = min(many, top + 1)
    late, soon = sent[: many - near], sent[many - near :][:near]
    sent[:] = 0
    for k in range(plan[at + SHARES]):
        counts = plan[at + WORDS + 3 * k + COUNTS]
        here = _counts_at(counts + 4 * (top + 1 - near), near)
        for d in range(here.size):
            soon[d] += here[d]
        here = _counts_at(counts + 4 * (slots - many + near), many - near)
        for d in range(here.size):
            late[d] += here[d]


@cache
def list_operation(dtype: str, targets: str, valued: bool) -> Any:
    """The operation for inputs of a float type, targets uint16 or uint32; valued: each synapse has its own weight."""
    floats, targets_at, rows_at, places_at = (array_at(kind) for kind in (dtype, targets, "uint32", "uint32"))
    target_bytes = np.dtype(targets).itemsize
    each = target_bytes + (np.dtype(dtype).itemsize if valued else 0)

    @compiled()
    def deliver_lists(plan: Array, at: int, t: int) -> None:
        total = _under_way(plan, at, t)
        if total == 0:
            return
        many, shares, slots = plan[at + DELAYS], plan[at + SHARES], plan[at + SLOTS]
        threads, thread = plan[at + THREADS], plan[at + THREAD]
        room = np.empty(many + 2 * total, np.int64)
        sent, begins, ends = unowned(room)[:many], unowned(room)[many:][:total], unowned(room)[many + total :]
        if many > 1:
            _by_delay(plan, at, t, sent)
        else:
            sent[0] = total
        table = plan[at + LISTED]
        listed = _bytes_at(table, plan[at + SYNAPSES] * each)
        rows = rows_at(plan[at + ROWS], 0)
        count = 0
        for d in range(many):
            if sent[many - 1 - d] == 0:
                continue
            slot = (t - plan[at + SHORTEST] - d) & (slots - 1)
            for k in range(shares):
                share = at + WORDS + 3 * k
                capacity = plan[share + CAPACITY]
                fired = _counts_at(plan[share + COUNTS], slot + 1)[slot]
                sources = places_at(plan[share + PLACES] + 4 * capacity * slot, capacity)
                for i in range(fired):
                    r = (np.int64(sources[i]) * threads + thread) * many + d
                    begin, end = np.int64(rows[r]), np.int64(rows[r + 1])
                    begins[count], ends[count] = begin, end
                    if count < AHEAD:
                        prefetch(listed, each * begin, each * (end - begin) + LINE - 1)
                    count += 1
        weight = floats(plan[at + WEIGHT], 1)[0]
        row = floats(plan[at + INPUT], 0)
        for i in range(count):
            if i + AHEAD < count:
                later = begins[i + AHEAD]
                prefetch(listed, each * later, each * (ends[i + AHEAD] - later) + LINE - 1)
            begin, n = begins[i], ends[i] - begins[i]
            places = targets_at(table + each * begin, n)
            if valued:
                weights = floats(table + each * begin + target_bytes * n, n)
                for k in range(n):
                    row[places[k]] += weights[k]
            else:
                for k in range(n):
                    row[places[k]] += weight
        keep(room)

    return deliver_lists
