"""Operations that deliver spikes through synapses nobody stores: the partners of whoever fired are drawn again.

What arrives within a window is known when it begins. First the threads share the spikes: each draws all synapses of its
spikes and puts them down in its arena (`gather`). Then they meet, and each takes those whose targets it owns from
everybody's arena when the spike arrives (`deliver`), in the order in which lists deliver it. A spike for which an arena
has no room is drawn by each thread for itself; so are all when there is one thread only.

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
from spikenet.kernels.compress import keep_within
from spikenet.kernels.pointers import array_at
from spikenet.kernels.redrawn_draw import first_from, rises
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
    KIND,
    LATE,
    OWN_ARENA,
    PLACES,
    PLAIN,
    PORT,
    RING,
    ROOM,
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

_longs, _words, _ints, _shorts = (array_at(kind) for kind in ("int64", "uint32", "int32", "uint16"))


@cache
def _adding(dtype: str) -> Any:
    """(the function that adds all of this thread's synapses of a spike, in which it draws them; the one that takes them
    from another's arena)."""
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
    def add_drawn(plan: Array, at: int, t: int, source: Any, row: Array, weight: Any) -> None:
        bounds, thread = _longs(plan[at + BOUNDS], 0), plan[at + THREAD]
        arena = _longs(plan[at + OWN_ARENA], ARENA)
        place = _longs(arena[USED], 2)
        low, high = bounds[thread], bounds[thread + 1]
        call_at(plan[at + DRAW], (plan, at, source, arena, np.int64(0), low, high, place))
        add(plan, at, t, arena, place[0], place[1], row, weight)

    @compiled()
    def add_taken(plan: Array, at: int, t: int, arena: Array, begin: Any, end: Any, row: Array, weight: Any) -> None:
        bounds, thread = _longs(plan[at + BOUNDS], 0), plan[at + THREAD]
        low, high = bounds[thread], bounds[thread + 1]
        targets = _words(arena[TARGETS], end)[begin:]
        if rises(plan[at + KIND]):
            first, last = begin + first_from(targets, low), begin + first_from(targets, high)
            add(plan, at, t, arena, first, last, row, weight)
            return
        own = _longs(plan[at + OWN_ARENA], ARENA)
        which = _ints(own[SCRATCH], targets.size)
        kept = keep_within(targets, low, high, _words(own[TARGETS], targets.size), which)
        if plan[at + SYNAPSES] != PLAIN:
            amounts, many = floats(arena[AMOUNTS], end)[begin:], floats(own[AMOUNTS], kept)
            for e in range(kept):
                many[e] = amounts[np.uint64(np.uint32(which[e]))]
        if plan[at + SYNAPSES] == DELAYED:
            late, when = _shorts(arena[LATE], end)[begin:], _shorts(own[LATE], kept)
            for e in range(kept):
                when[e] = late[np.uint64(np.uint32(which[e]))]
        add(plan, at, t, own, 0, kept, row, weight)

    return add_drawn, add_taken


@cache
def deliver_operation(dtype: str) -> Any:
    """In each step: adds what arrives of this thread's synapses to its inputs, or puts it down in the ring."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type
    add_drawn, add_taken = _adding(dtype)

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
        sharing, spike = plan[at + ROOM] > 0, 0
        for earlier in range(_longs(indices[thread], 1)[0] if sharing else t, t):
            spike += fired(plan, at, earlier - plan[at + SHORTEST])
        slot = (t - plan[at + SHORTEST]) & (plan[at + SLOTS] - 1)
        for k in range(plan[at + SHARES]):
            share = at + WORDS + 3 * k
            capacity = plan[share + CAPACITY]
            listed = _words(plan[share + PLACES] + 4 * capacity * slot, capacity)
            for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
                turn, who = spike // threads, spike % threads
                spike += 1
                index = _longs(indices[who], 1 + 2 * SPIKES)[1 + 2 * turn :]
                if sharing and turn < SPIKES and index[0] >= 0:
                    add_taken(plan, at, t, arenas[ARENA * who :], index[0], index[1], row, one)
                else:
                    add_drawn(plan, at, t, np.int64(listed[i]), row, one)
        if counted:
            into = floats(plan[at + INPUT], n)
            for own in range(n):
                into[own] += weight * row[own]
        keep(tally)

    return deliver
