"""Operations that deliver spikes through synapses nobody stores: the partners of whoever fired are drawn again.

What arrives within a window is known when it begins. First the threads share the spikes: each draws all synapses of its
spikes and puts them down in its arena, sorted by the thread that owns the target (`gather`). Then they meet, and each
takes its own from everybody's arena when the spike arrives (`deliver`), in the order in which lists deliver it. A spike
for which an arena has no room is drawn by each thread for itself.

With delays that are drawn, all that a spike does is put down when the first of it arrives, in the ring of redrawn_ring.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import redrawn_ring
from spikenet.kernels.by_address import call_at
from spikenet.kernels.philox import GROUP
from spikenet.kernels.pointers import array_at
from spikenet.kernels.redrawn_plan import (
    AMOUNTS,
    ARENA,
    ARENAS,
    BOUNDS,
    CAPACITY,
    COUNTED,
    COUNTS,
    DELAYED,
    DRAW,
    INDICES,
    INPUT,
    LATE,
    MOST,
    PLACES,
    PORT,
    RING,
    SHARES,
    SHORTEST,
    SLOTS,
    SPIKES,
    SYNAPSES,
    TARGETS,
    THREAD,
    THREADS,
    VALUED,
    WEIGHT,
    WORDS,
    fired,
)
from spikenet.kernels.unowned import keep, unowned

_longs, _words, _ints, _shorts = (array_at(kind) for kind in ("int64", "uint32", "int32", "uint16"))


@cache
def _adding(dtype: str) -> Any:
    """(the function that adds synapses begin to end - 1 of an arena, the one that adds all of a spike that is in
    none)."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type
    put_down = redrawn_ring.put_down_function(dtype)

    @compiled()
    def add(plan: Array, at: int, t: int, arena: Array, begin: Any, end: Any, row: Array, weight: Any) -> None:
        targets, low = _words(arena[TARGETS], end), np.uint64(_longs(plan[at + BOUNDS], 0)[plan[at + THREAD]])
        amounts = floats(arena[AMOUNTS], end)
        if plan[at + SYNAPSES] == DELAYED:
            ring, port = _longs(plan[at + RING], redrawn_ring.WORDS), np.uint64(plan[at + PORT]) - low
            put_down(ring, t, targets, amounts, _shorts(arena[LATE], end), begin, end, port)
            return
        whose = targets[begin:end]
        if plan[at + SYNAPSES] == VALUED:
            many = amounts[begin:end]
            for e in range(whose.size):
                row[np.uint64(whose[e]) - low] += many[e]
        else:
            for e in range(whose.size):
                row[np.uint64(whose[e]) - low] += weight

    @compiled()
    def add_alone(plan: Array, at: int, t: int, source: Any, row: Array, weight: Any) -> None:
        most, threads, thread = plan[at + MOST], plan[at + THREADS], plan[at + THREAD]
        targets, amounts, late = (
            np.empty(most + 1, np.uint32),
            np.empty(most + 1, number),
            np.empty(most + 1, np.uint16),
        )
        drawn, words, values = np.empty(most, np.uint32), np.empty(most + 2 * GROUP, np.uint32), np.empty((2, most))
        arena, offsets, keys = (
            np.zeros(ARENA, np.int64),
            np.zeros(threads + 1, np.int64),
            np.empty((2, most + 1), np.uint64),
        )
        arena[TARGETS], arena[AMOUNTS], arena[LATE] = targets.ctypes.data, amounts.ctypes.data, late.ctypes.data
        call_at(plan[at + DRAW], (
            plan, at, np.int64(source), unowned(arena), np.int64(0), unowned(offsets), unowned(drawn), unowned(words),
            unowned(values), unowned(keys),
        ))  # fmt: skip
        add(plan, at, t, unowned(arena), offsets[thread], offsets[thread + 1], row, weight)
        keep(targets)
        keep(amounts)
        keep(late)
        keep(drawn)
        keep(words)
        keep(values)
        keep(keys)
        keep(arena)
        keep(offsets)

    return add, add_alone


@cache
def deliver_operation(dtype: str) -> Any:
    """In each step: adds what arrives of this thread's synapses to its inputs, or puts it down in the ring."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type
    add, add_alone = _adding(dtype)

    @compiled()
    def deliver(plan: Array, at: int, t: int) -> None:
        arrived = fired(plan, at, t - plan[at + SHORTEST])
        if arrived == 0:
            return
        threads, thread = plan[at + THREADS], plan[at + THREAD]
        bounds = _longs(plan[at + BOUNDS], threads + 1)
        n = bounds[thread + 1] - bounds[thread]
        weight = floats(plan[at + WEIGHT], 1)[0]
        counted = plan[at + COUNTED] != 0
        tally = np.zeros(n if counted else 1, number)
        row = unowned(tally) if counted else floats(plan[at + INPUT], n)
        arenas, indices = _longs(plan[at + ARENAS], ARENA * threads), _longs(plan[at + INDICES], threads)
        spike = 0
        for earlier in range(_longs(indices[thread], 1)[0], t):
            spike += fired(plan, at, earlier - plan[at + SHORTEST])
        slot = (t - plan[at + SHORTEST]) & (plan[at + SLOTS] - 1)
        for k in range(plan[at + SHARES]):
            share = at + WORDS + 3 * k
            capacity = plan[share + CAPACITY]
            listed = _words(plan[share + PLACES] + 4 * capacity * slot, capacity)
            for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
                turn, who = spike // threads, spike % threads
                index = _longs(indices[who], 1 + SPIKES * (threads + 1))
                place = 1 + turn * (threads + 1)
                one = number(1) if counted else weight
                if turn < SPIKES and index[place] >= 0:
                    begin, end = index[place + thread], index[place + thread + 1]
                    add(plan, at, t, arenas[ARENA * who :], begin, end, row, one)
                else:
                    add_alone(plan, at, t, np.int64(listed[i]), row, one)
                spike += 1
        if counted:
            into = floats(plan[at + INPUT], n)
            for own in range(n):
                into[own] += weight * row[own]
        keep(tally)

    return deliver
