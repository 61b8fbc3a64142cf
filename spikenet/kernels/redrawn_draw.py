"""Synapses that nobody stores, drawn when spikes pass: all of a source, or those whose targets a thread owns."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.by_address import call_at, compiled_address
from spikenet.kernels.compress import keep_within
from spikenet.kernels.partners import CHANCES, EVENLY, SHUFFLED, draw_partners
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
DRAWS = (PLAN, _N, _N, _LONGS, _N, _N, _N, _LONGS)

_longs, _doubles, _words, _ints, _shorts = (
    array_at(kind) for kind in ("int64", "float64", "uint32", "int32", "uint16")
)


@compiled()
def rises(kind: int) -> bool:
    """Whether partners so drawn rise, and those that a thread owns are a stretch."""
    return kind != EVENLY and kind != SHUFFLED


@compiled()
def first_from(targets: Array, bound: Any) -> int:
    """Where the targets from `bound` on begin; they rise."""
    begin, end = 0, targets.size
    while begin < end:
        middle = (begin + end) >> 1
        if np.int64(targets[middle]) < bound:
            begin = middle + 1
        else:
            end = middle
    return begin


def draw_address(dtype: str) -> int:
    """Where the code of `draw_function` begins; it is compiled if it was not."""
    return compiled_address(draw_function(dtype), DRAWS)


@cache
def draw_function(dtype: str) -> Any:
    """The function that draws synapses of one source into an arena; called by its address, of the type DRAWS."""
    floats = array_at(dtype)

    @compiled()
    def draw(plan: Array, at: int, source: Any, arena: Array, begin: Any, low: Any, high: Any, offsets: Array) -> None:
        """From `begin` on, those onto the targets low, low + 1, ..., high - 1, in the order of the source's synapses;
        offsets[:2]: where they really begin, and end."""
        first = _longs(plan[at + STARTS], 0)[source]
        many = _longs(plan[at + STARTS], 0)[source + 1] - first
        kind, n, synapses = plan[at + KIND], plan[at + N], plan[at + SYNAPSES]
        targets = _words(arena[TARGETS], begin + many + 1)[begin:]
        reals, words = _doubles(arena[SCRATCH], many), _words(arena[SCRATCH] + 8 * many, many + 2 * GROUP)
        which = _ints(arena[SCRATCH] + 12 * many + 8 * GROUP, many)
        drawn = draw_partners(
            kind, source, first, many, high if kind == CHANCES else n, plan[at + OWN],
            _doubles(plan[at + SCALE], 1)[0], plan[at + PLACES_EACH], plan[at + STREAM], plan[at + SEED], targets,
        )  # fmt: skip
        skipped, kept = 0, drawn
        if rises(kind):
            skipped = first_from(targets[:drawn], low)
            kept = first_from(targets[:drawn], high) - skipped
            drawn = kept
        elif low > 0 or high < n:
            kept = keep_within(targets[:drawn], low, high, targets, which)
        begin, first = begin + skipped, first + skipped
        offsets[0], offsets[1] = begin, begin + kept
        if synapses != PLAIN:
            row, numbers = _longs(plan[at + ROW], FIELDS), _doubles(plan[at + NUMBER], NUMBERS)
            seed, shortest = plan[at + SEED], plan[at + SHORTEST]
            amounts = floats(arena[AMOUNTS], begin + kept)[begin:]
            amounts_drawn(row, numbers, first, drawn, seed, words, which, kept, amounts)
            if synapses == DELAYED:
                late = _shorts(arena[LATE], begin + kept)[begin:]
                steps_drawn(row, numbers, first, drawn, seed, shortest, words, which, kept, reals, late)

    return draw


def scratch_words(most: int) -> int:
    """float64 that drawing the synapses of a source takes, which has `most` of them."""
    return 2 * most + 2 * GROUP


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
        index = _longs(_longs(plan[at + INDICES], threads)[thread], 1 + 2 * SPIKES)
        index[0] = t
        total = 0
        for later in range(plan[at + WINDOW]):
            total += fired(plan, at, t + later - plan[at + SHORTEST])
        if total == 0:
            return
        starts, bounds = _longs(plan[at + STARTS], 0), _longs(plan[at + BOUNDS], threads + 1)
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
                        offsets = index[1 + 2 * turn :][:2]
                        if used[0] + starts[source + 1] - starts[source] <= plan[at + ROOM]:
                            low, high = bounds[0], bounds[threads]
                            call_at(plan[at + DRAW], (plan, at, source, arena, used[0], low, high, offsets))
                            used[0] = offsets[1]
                        else:
                            offsets[0] = -1
                    spike += 1

    return gather
