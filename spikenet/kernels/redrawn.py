"""Operations that deliver spikes through synapses nobody stores: the partners of whoever fired are drawn again.

What arrives within a window is known when it begins. First the threads share the spikes: each draws all synapses of its
spikes and puts them down in its arena, sorted by the thread that owns the target (`gather`). Then they meet, and each
takes its own from everybody's arena when the spike arrives (`deliver`), in the order in which lists deliver it. A spike
for which an arena has no room is drawn by each thread for itself; so are all when there is one thread only.

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
    OWN_ARENA,
    PLACES,
    PLAIN,
    PORT,
    RING,
    SCRATCH,
    SHARES,
    SHORTEST,
    SLOTS,
    SPIKES,
    SYNAPSES,
    TARGETS,
    THREAD,
    THREADS,
    USED,
    VALUED,
    WEIGHT,
    WORDS,
    fired,
)
from spikenet.kernels.unowned import keep, unowned
from spikenet.kernels.vector_products import prefetch

NEXT = 2  # spikes ahead that are asked for

_longs, _words, _ints, _shorts = (array_at(kind) for kind in ("int64", "uint32", "int32", "uint16"))


@cache
def _adding(dtype: str) -> Any:
    """(the function that adds synapses begin to end - 1 of an arena, the one that adds all of a spike that is in
    none)."""
    floats = array_at(dtype)
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
        threads, thread = plan[at + THREADS], plan[at + THREAD]
        arena = _longs(plan[at + OWN_ARENA], ARENA)
        offsets = _longs(arena[USED], threads + 1)
        call_at(plan[at + DRAW], (plan, at, np.int64(source), arena, np.int64(0), offsets, arena[SCRATCH]))
        add(plan, at, t, arena, offsets[thread], offsets[thread + 1], row, weight)

    return add, add_alone


@cache
def deliver_operation(dtype: str) -> Any:
    """In each step: adds what arrives of this thread's synapses to its inputs, or puts it down in the ring."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type
    add, add_alone = _adding(dtype)

    @compiled()
    def ask_for(plan: Array, at: int, arenas: Array, indices: Array, spike: Any) -> None:
        """Fetch what a later spike does, if it is in an arena: another core may have written it."""
        threads, thread = plan[at + THREADS], plan[at + THREAD]
        turn, who = spike // threads, spike % threads
        if turn < SPIKES:
            index = _longs(indices[who], 1 + SPIKES * (threads + 1))[1 + turn * (threads + 1) :]
            begin, end = index[thread], index[thread + 1]
            arena = arenas[ARENA * who :]
            if 0 <= begin < end:
                prefetch(_words(arena[TARGETS], end), begin, end - begin)
                if plan[at + SYNAPSES] != PLAIN:
                    prefetch(floats(arena[AMOUNTS], end), begin, end - begin)
                if plan[at + SYNAPSES] == DELAYED:
                    prefetch(_shorts(arena[LATE], end), begin, end - begin)

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
        one = number(1) if counted else weight
        spike = 0
        for earlier in range(_longs(indices[thread], 1)[0] if threads > 1 else t, t):
            spike += fired(plan, at, earlier - plan[at + SHORTEST])
        slot = (t - plan[at + SHORTEST]) & (plan[at + SLOTS] - 1)
        for k in range(plan[at + SHARES]):
            share = at + WORDS + 3 * k
            capacity = plan[share + CAPACITY]
            listed = _words(plan[share + PLACES] + 4 * capacity * slot, capacity)
            for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
                if threads == 1:
                    add_alone(plan, at, t, np.int64(listed[i]), row, one)
                    continue
                ask_for(plan, at, arenas, indices, spike + NEXT)
                turn, who = spike // threads, spike % threads
                index = _longs(indices[who], 1 + SPIKES * (threads + 1))
                place = 1 + turn * (threads + 1)
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
