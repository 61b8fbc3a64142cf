"""Synapses that nobody stores, drawn when spikes pass: each thread draws those of its share of the spikes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.by_address import call_at, compiled_address
from spikenet.kernels.partners import EVENLY, SHUFFLED, draw_partners
from spikenet.kernels.philox import GROUP
from spikenet.kernels.pointers import array_at
from spikenet.kernels.program import PLAN
from spikenet.kernels.redrawn_plan import (
    AMOUNTS,
    ARENA,
    ARENAS,
    BOUNDS,
    CAPACITY,
    COUNTS,
    DELAYED,
    DRAW,
    FIRST,
    INDICES,
    KIND,
    LATE,
    MOST,
    NUMBER,
    OWN,
    PLACES,
    PLACES_EACH,
    PLAIN,
    ROOM,
    ROW,
    SCALE,
    SEED,
    SHARES,
    SHORTEST,
    SLOTS,
    SPIKES,
    STARTS,
    STREAM,
    SYNAPSES,
    TARGETS,
    THREAD,
    THREADS,
    USED,
    VALUES,
    WINDOW,
    WORDS,
    N,
    fired,
)
from spikenet.kernels.synapse_values import FACTOR, FIELDS, NUMBERS
from spikenet.kernels.unowned import keep, unowned

_N, _LONGS, _UINTS = numba.int64, numba.int64[::1], numba.uint32[::1]
DRAWS = (PLAN, _N, _N, _LONGS, _N, _LONGS, _UINTS, _UINTS, numba.float64[:, ::1], numba.uint64[:, ::1])
_ONE, _HALF, _LOW = np.uint64(1), np.uint64(32), np.uint64(0xFFFFFFFF)

_longs, _doubles, _words, _ints, _shorts = (
    array_at(kind) for kind in ("int64", "float64", "uint32", "int32", "uint16")
)


@compiled()
def _first_from(targets: Array, begin: Any, end: Any, bound: Any, alike: Any) -> Any:
    """Where the targets from `bound` on begin; they rise, or are `alike`: all of one thread."""
    if alike:
        return end if bound > 0 and begin < end and np.int64(targets[begin]) < bound else begin
    while begin < end:
        middle = (begin + end) >> 1
        if np.int64(targets[middle]) < bound:
            begin = middle + 1
        else:
            end = middle
    return begin


@compiled()
def _own(keys: Array, many: Any, low: Any, high: Any) -> Any:
    """Those of the first `many` whose targets are this process's come to the front; how many there are."""
    kept, low, high = np.uint64(0), np.uint64(low), np.uint64(high)
    for e in range(many):
        target = np.uint64(keys[e]) & _LOW
        keys[kept] = keys[e]
        kept += np.uint64((target >= low) & (target < high))
    return np.int64(kept)


@compiled()
def _by_owner(keys: Array, many: Any, bounds: Array, threads: Any, into: Array, offsets: Array, begin: Any) -> None:
    """into (many + 1,) = keys by the thread that owns the target, else in their order; offsets: where those of each
    begin, counted from `begin`. Without a branch, which would be foreseen wrongly half of the time."""
    end, rest = np.uint64(0), np.int64(many)
    for owner in range(threads - 1):
        offsets[owner] = begin + np.int64(end)
        bound, kept = np.uint64(bounds[owner + 1]), np.uint64(0)
        for e in range(rest):
            key = keys[e]
            later = np.uint64((np.uint64(key) & _LOW) >= bound)
            into[end], keys[kept] = key, key
            end, kept = end + (_ONE - later), kept + later
        rest = np.int64(kept)
    offsets[threads - 1] = begin + np.int64(end)
    for e in range(rest):
        into[end + np.uint64(e)] = keys[e]
    offsets[threads] = begin + np.int64(end) + rest


def draw_address(dtype: str) -> int:
    """Where the code of `draw_function` begins; it is compiled if it was not."""
    return compiled_address(draw_function(dtype), DRAWS)


@cache
def draw_function(dtype: str) -> Any:
    """The function that draws the synapses of one source into an arena; called by its address, of the type DRAWS."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def draw(plan: Array, at: int, source: Any, arena: Array, begin: Any, offsets: Array, drawn: Array, words: Array,
             values: Array, keys: Array) -> None:  # fmt: skip
        """From `begin` on, sorted by thread; offsets[: threads + 1]: where those of each begin, and end."""
        starts = _longs(plan[at + STARTS], 0)
        first = starts[source]
        many = starts[source + 1] - first
        threads = plan[at + THREADS]
        bounds = _longs(plan[at + BOUNDS], threads + 1)
        targets, amounts = _words(arena[TARGETS], begin + many + 1), floats(arena[AMOUNTS], begin + many + 1)
        late = _shorts(arena[LATE], begin + many + 1)
        kind, n, synapses = plan[at + KIND], plan[at + N], plan[at + SYNAPSES]
        sorts = kind in (EVENLY, SHUFFLED) and (bounds[0] > 0 or bounds[1] < n)
        draw_partners(
            kind, source, first, many, n, plan[at + OWN], _doubles(plan[at + SCALE], 1)[0], plan[at + PLACES_EACH],
            plan[at + STREAM], plan[at + SEED], drawn if sorts else targets[begin:],
        )  # fmt: skip
        weights, steps = values[0], values[1]
        factor, shortest = 1.0, np.int64(plan[at + SHORTEST])
        if synapses != PLAIN:
            row, numbers = _longs(plan[at + ROW], FIELDS), _doubles(plan[at + NUMBER], NUMBERS)
            call_at(plan[at + VALUES], (row, numbers, first, many, plan[at + SEED], words, weights, steps))
            factor = numbers[FACTOR]
        foreign = bounds[0] > 0 or bounds[threads] < n
        rest = many
        if not sorts:
            for owner in range(threads + 1):
                offsets[owner] = _first_from(targets, begin, begin + many, bounds[owner], kind in (EVENLY, SHUFFLED))
        elif synapses == PLAIN:
            if foreign:
                rest = _own(drawn, many, bounds[0], bounds[threads])
            _by_owner(drawn, rest, bounds, threads, targets[begin:], offsets, begin)
            return
        else:
            waiting, ordered = keys[0], keys[1]
            for e in range(many):
                waiting[e] = np.uint64(drawn[e]) | (np.uint64(e) << _HALF)
            if foreign:
                rest = _own(waiting, many, bounds[0], bounds[threads])
            _by_owner(waiting, rest, bounds, threads, ordered, offsets, begin)
            here, there, then = targets[begin:][:rest], amounts[begin:][:rest], late[begin:]
            for i in range(rest):
                e = ordered[i] >> _HALF
                here[i] = np.uint32(ordered[i] & _LOW)
                there[i] = number(weights[e] * factor)
            if synapses == DELAYED:
                for i in range(rest):
                    then[i] = np.uint16(np.int32(steps[ordered[i] >> _HALF]) - shortest)
            return
        if synapses != PLAIN:
            there = amounts[begin:][:many]
            for e in range(many):
                there[e] = number(weights[e] * factor)
        if synapses == DELAYED:
            then = late[begin:][:many]
            for e in range(many):
                then[e] = np.uint16(np.int32(steps[e]) - shortest)

    return draw


@cache
def gather_operation() -> Any:
    """At the beginning of a window: draws what this thread draws of all that arrives in it."""

    @compiled()
    def gather(plan: Array, at: int, t: int) -> None:
        threads, thread, most = plan[at + THREADS], plan[at + THREAD], plan[at + MOST]
        arena = _longs(plan[at + ARENAS], ARENA * threads)[ARENA * thread :]
        used = _longs(arena[USED], 1)
        if plan[at + FIRST] != 0:
            used[0] = 0
        index = _longs(_longs(plan[at + INDICES], threads)[thread], 1 + SPIKES * (threads + 1))
        index[0] = t
        total = 0
        for later in range(plan[at + WINDOW]):
            total += fired(plan, at, t + later - plan[at + SHORTEST])
        if total == 0:
            return
        room, scratch, reals = np.empty(most, np.uint32), np.empty(most + 2 * GROUP, np.uint32), np.empty((2, most))
        pairs = np.empty((2, most + 1), np.uint64)
        drawn, words, values, keys = unowned(room), unowned(scratch), unowned(reals), unowned(pairs)
        starts = _longs(plan[at + STARTS], 0)
        spike = 0
        for later in range(plan[at + WINDOW]):
            slot = (t + later - plan[at + SHORTEST]) & (plan[at + SLOTS] - 1)
            for k in range(plan[at + SHARES]):
                share = at + WORDS + 3 * k
                capacity = plan[share + CAPACITY]
                listed = _words(plan[share + PLACES] + 4 * capacity * slot, capacity)
                for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
                    turn = spike // threads
                    if spike % threads == thread and turn < SPIKES:
                        source = np.int64(listed[i])
                        offsets = index[1 + turn * (threads + 1) :][: threads + 1]
                        if used[0] + starts[source + 1] - starts[source] <= plan[at + ROOM]:
                            call_at(
                                plan[at + DRAW], (plan, at, source, arena, used[0], offsets, drawn, words, values, keys)
                            )
                            used[0] = offsets[threads]
                        else:
                            offsets[0] = -1
                    spike += 1
        keep(room)
        keep(scratch)
        keep(reals)
        keep(pairs)

    return gather
