"""Operations that deliver spikes through synapses nobody stores: the partners of whoever fired are drawn again.

Each thread draws all partners of a source and keeps those that are its own; weights and delays, which cost more, are
drawn for these alone. With one delay, a spike is delivered when it arrives, in the order in which lists deliver it.
With delays that are drawn, everything a spike does is put down when the first of it arrives, in a ring of rows of
inputs, one a step; each step takes its row.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.partners import NONE, draw_chances, draw_evenly
from spikenet.kernels.philox import GROUP, LANES
from spikenet.kernels.pointers import array_at
from spikenet.kernels.synapse_batches import draw_values
from spikenet.kernels.synapse_lists import FIELDS, NUMBERS, WEIGHT_STREAM
from spikenet.kernels.unowned import keep, unowned

EVERYBODY, OPPOSITE, EVENLY, CHANCES = range(4)  # how partners are drawn: OPPOSITE is the one of the same number
WORDS = 20  # of an entry of the plan, before the sources' lists
(
    KIND,
    N,  # neurons of the target population
    OWN,  # 0 where nobody meets itself, else NONE
    STREAM,
    SEED,
    SCALE,  # address of one float64, of draw_chances
    STARTS,  # address of (sources + 1,) int64: number of each source's first synapse
    MOST,  # synapses of one source
    LOW,  # this thread's targets
    HIGH,
    COUNTED,  # whether spikes are counted first and then weighted, as bits are
    TABLE,  # addresses of a row of weights and delays, as in synapse_lists
    NUMBER,
    SHORTEST,  # delay in steps
    INPUT,  # address of the row that is added to, or of the same in the first row of the ring
    STRIDE,  # numbers between rows of the ring, 0 without one
    RING,  # rows of it, a power of two
    FACTOR,  # address of one number: the weight where it is one for all, signed
    SLOTS,  # steps that the lists of spikes go back, a power of two
    SHARES,
) = range(WORDS)
COUNTS, PLACES, CAPACITY = range(3)

_longs, _doubles, _words, _ints = (array_at(kind) for kind in ("int64", "float64", "uint32", "int32"))


@compiled()
def partners_again(plan: Array, at: int, source: Any, count: int, into: Array) -> None:
    """into[:count] = the targets of one source."""
    kind, n, own = plan[at + KIND], plan[at + N], plan[at + OWN]
    if kind == EVENLY:
        draw_evenly(source, count, n, own, plan[at + STREAM], plan[at + SEED], into)
    elif kind == CHANCES:
        draw_chances(source, n, own, _doubles(plan[at + SCALE], 1)[0], plan[at + STREAM], plan[at + SEED], into)
    elif kind == EVERYBODY:
        skipped = n if own == NONE else source
        for k in range(count):
            into[k] = k + (k >= skipped)
    else:
        into[0] = source


@cache
def redraw_operation(dtype: str, ring: bool) -> Any:
    """The operation for inputs of a float type; ring: delays are drawn."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def redraw(plan: Array, at: int, t: int) -> None:
        slot = (t - plan[at + SHORTEST]) & (plan[at + SLOTS] - 1)
        total = 0
        for k in range(plan[at + SHARES]):
            total += _ints(plan[at + WORDS + 3 * k + COUNTS], slot + 1)[slot]
        if total == 0:
            return
        low, high = plan[at + LOW], plan[at + HIGH]
        starts = _longs(plan[at + STARTS], 0)
        most = plan[at + MOST] + LANES  # groups of them are drawn whole
        room, kept = np.empty(most, np.uint32), np.zeros((2, most), np.int64)
        scratch, reals = np.empty(2 * most + GROUP, np.uint32), np.empty((2, most))
        targets, mine, edges = unowned(room), unowned(kept)[0], unowned(kept)[1]
        words, drawn, steps = unowned(scratch), unowned(reals)[0], unowned(reals)[1]
        ring_rows, stride = floats(plan[at + INPUT], 0), plan[at + STRIDE]
        table, numbers = _longs(plan[at + TABLE], FIELDS), _doubles(plan[at + NUMBER], NUMBERS)
        one_weight = table[WEIGHT_STREAM] < 0
        weight = floats(plan[at + FACTOR], 1)[0]
        factor = numbers[NUMBERS - 1]
        counted = plan[at + COUNTED] != 0
        tally = np.zeros(high - low if counted else 1, number)
        row = unowned(tally) if counted else floats(plan[at + INPUT], high - low)
        if counted:
            weight = number(1)
        for k in range(plan[at + SHARES]):
            share = at + WORDS + 3 * k
            capacity = plan[share + CAPACITY]
            listed = _words(plan[share + PLACES] + 4 * capacity * slot, capacity)
            for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
                source = np.int64(listed[i])
                first = starts[source]
                many = starts[source + 1] - first
                partners_again(plan, at, source, many, targets)
                found: Any = np.int64(0)
                for e in range(many):  # without a branch, which would be foreseen wrongly half of the time
                    j = np.int64(targets[e])
                    mine[found] = j - low
                    edges[found] = first + e
                    found += (j >= low) & (j < high)
                if one_weight and not ring:
                    for e in range(found):
                        row[mine[e]] += weight
                    continue
                draw_values(table, numbers, edges, found, plan[at + SEED], words, drawn, steps)
                for e in range(found):
                    amount = weight if one_weight else number(factor * drawn[e])
                    if ring:
                        later = (t + np.int64(steps[e]) - plan[at + SHORTEST]) & (plan[at + RING] - 1)
                        ring_rows[later * stride + mine[e]] += amount
                    else:
                        row[mine[e]] += amount
        if counted:
            into, weight = floats(plan[at + INPUT], high - low), floats(plan[at + FACTOR], 1)[0]
            for own in range(high - low):
                into[own] += weight * row[own]
        keep(tally)
        keep(room)
        keep(kept)
        keep(scratch)
        keep(reals)

    return redraw


ROWS, SIZE, ROW = range(3)  # of the entry of `ring_operation`: rows of the ring, numbers of a row, address of inputs
FIRST = 3  # address of the ring


@cache
def ring_operation(dtype: str) -> Any:
    """Adds the ring's row of the step to the inputs and clears it; with no inputs, it is only cleared."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def take_row(plan: Array, at: int, t: int) -> None:
        size = plan[at + SIZE]
        row = floats(plan[at + FIRST], plan[at + ROWS] * size)[(t & (plan[at + ROWS] - 1)) * size :][:size]
        if plan[at + ROW] != 0:
            into = floats(plan[at + ROW], size)
            for j in range(size):
                into[j] += row[j]
        for j in range(size):
            row[j] = number(0)

    return take_row
