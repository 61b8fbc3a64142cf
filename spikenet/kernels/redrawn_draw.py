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
    NUMBER,
    OWN,
    PLACES,
    PLACES_EACH,
    PLAIN,
    ROOM,
    ROW,
    SCALE,
    SCRATCH,
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
    WINDOW,
    WORDS,
    N,
    fired,
)
from spikenet.kernels.synapse_values import FIELDS, NUMBERS, amounts_drawn, steps_drawn

_N, _LONGS = numba.int64, numba.int64[::1]
DRAWS = (PLAN, _N, _N, _LONGS, _N, _LONGS, _N)
_ONE = np.uint64(1)

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
def _own(targets: Array, amounts: Array, late: Array, many: Any, synapses: int, low: Any, high: Any) -> Any:
    """What belongs to this process comes to the front; how many that are."""
    kept, low, high = np.uint64(0), np.uint64(low), np.uint64(high)
    for e in range(many):
        target = targets[e]
        targets[kept] = target
        if synapses != PLAIN:
            amounts[kept] = amounts[e]
        if synapses == DELAYED:
            late[kept] = late[e]
        kept += np.uint64((target >= low) & (target < high))
    return np.int64(kept)


@compiled()
def _by_owner(
    targets: Array, amounts: Array, late: Array, many: Any, synapses: int, n: Any, bounds: Array, threads: Any,
    targets_into: Array, amounts_into: Array, late_into: Array, offsets: Array, begin: Any,
) -> None:  # fmt: skip
    """targets_into (many,) = the targets, of n, by the thread that owns them, else in their order, and with them
    amounts and lateness where `synapses` have them; offsets: where those of each thread begin, counted from `begin`.
    Without a branch, which would be foreseen wrongly half of the time."""
    end, rest = np.int64(0), np.int64(many)
    if bounds[0] > 0 or bounds[threads] < n:
        rest = _own(targets, amounts, late, many, synapses, bounds[0], bounds[threads])
    for owner in range(threads):
        offsets[owner] = begin + end
        bound, own = np.uint32(bounds[owner + 1]), np.int64(0)
        for e in range(rest):
            own += np.int64(targets[e] < bound)
        here, there = np.uint64(end), np.uint64(end + own)
        for e in range(rest):
            target = targets[e]
            later = np.uint64(target >= bound)
            place = there if later else here
            targets_into[place] = target
            if synapses != PLAIN:
                amounts_into[place] = amounts[e]
            if synapses == DELAYED:
                late_into[place] = late[e]
            here, there = here + (_ONE - later), there + later
        end, rest = end + own, rest - own
        if owner + 2 == threads:  # what is left is the last one's
            offsets[owner + 1], end = begin + end, end + rest
            break
        targets[:rest] = targets_into[end:][:rest]
        if synapses != PLAIN:
            amounts[:rest] = amounts_into[end:][:rest]
        if synapses == DELAYED:
            late[:rest] = late_into[end:][:rest]
    offsets[threads] = begin + end


def draw_address(dtype: str) -> int:
    """Where the code of `draw_function` begins; it is compiled if it was not."""
    return compiled_address(draw_function(dtype), DRAWS)


@cache
def draw_function(dtype: str) -> Any:
    """The function that draws the synapses of one source into an arena; called by its address, of the type DRAWS."""
    floats = array_at(dtype)

    @compiled()
    def draw(plan: Array, at: int, source: Any, arena: Array, begin: Any, offsets: Array, scratch: int) -> None:
        """From `begin` on, sorted by thread; offsets[: threads + 1]: where those of each begin, and end; scratch:
        address of `scratch_words` floats."""
        starts = _longs(plan[at + STARTS], 0)
        first = starts[source]
        many = starts[source + 1] - first
        threads = plan[at + THREADS]
        bounds = _longs(plan[at + BOUNDS], threads + 1)
        targets = _words(arena[TARGETS], begin + many + 1)[begin:]
        amounts = floats(arena[AMOUNTS], begin + many + 1)[begin:]
        late = _shorts(arena[LATE], begin + many + 1)[begin:]
        reals, weights = _doubles(scratch, many), floats(scratch + 8 * many, many)
        drawn, words = _words(scratch + 16 * many, many), _words(scratch + 20 * many, many + 2 * GROUP)
        steps = _shorts(scratch + 24 * many + 8 * GROUP, many)
        kind, n, synapses = plan[at + KIND], plan[at + N], plan[at + SYNAPSES]
        sorts = kind in (EVENLY, SHUFFLED) and (bounds[0] > 0 or bounds[1] < n)
        draw_partners(
            kind, source, first, many, n, plan[at + OWN], _doubles(plan[at + SCALE], 1)[0], plan[at + PLACES_EACH],
            plan[at + STREAM], plan[at + SEED], drawn if sorts else targets,
        )  # fmt: skip
        if synapses != PLAIN:
            row, numbers = _longs(plan[at + ROW], FIELDS), _doubles(plan[at + NUMBER], NUMBERS)
            seed, shortest = plan[at + SEED], plan[at + SHORTEST]
            amounts_drawn(row, numbers, first, many, seed, words, weights if sorts else amounts)
            if synapses == DELAYED:
                steps_drawn(row, numbers, first, many, seed, shortest, words, reals, steps if sorts else late)
        if sorts:
            _by_owner(drawn, weights, steps, many, synapses, n, bounds, threads, targets, amounts, late, offsets, begin)
        else:
            for owner in range(threads + 1):
                alike = kind in (EVENLY, SHUFFLED)
                offsets[owner] = begin + _first_from(targets, 0, many, bounds[owner], alike)

    return draw


def scratch_words(most: int) -> int:
    """float64 that drawing the synapses of a source takes, which has `most` of them."""
    return 4 * most + 2 * GROUP


@cache
def gather_operation() -> Any:
    """At the beginning of a window: draws what this thread draws of all that arrives in it."""

    @compiled()
    def gather(plan: Array, at: int, t: int) -> None:
        threads, thread = plan[at + THREADS], plan[at + THREAD]
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
                            call_at(plan[at + DRAW], (plan, at, source, arena, used[0], offsets, arena[SCRATCH]))
                            used[0] = offsets[threads]
                        else:
                            offsets[0] = -1
                    spike += 1

    return gather
