"""Operations of synapses that change: what arrives, and what a firing does to the synapses behind it.

Every thread has the synapses of its own targets, and its own copy of the sources' traces. A trace is kept as its value
just after its last spike, the value just before, and the step of it; it is decayed when it is asked for.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at

WORDS = 20  # of an entry of the plan, before the sources' lists
(
    STARTS,  # address of (sources + 1,) int64: where the synapses of each source begin
    TARGETS,  # address of uint32: targets, counted in this thread's share
    WEIGHTS,  # address of floats: sizes of weights
    BEHIND_STARTS,  # address of (targets + 1,) int64 and of int64: numbers of the synapses onto each target
    BEHIND,
    SOURCES,  # address of uint32: the source of each synapse
    TRACES,  # address of (2, sources, 2) float64: r1, r2, after and before the last spike
    TRACE_STEPS,  # address of (sources,) int64
    OWN_TRACES,  # address of (2, targets, 2) float64: o1, o2
    OWN_STEPS,  # address of (targets,) int64
    ELIGIBLE,  # address of float64: what waits for a reward, by synapse; and of int64, in which step it was computed
    ELIGIBLE_STEPS,
    SHORT,  # address of (sources, 2) float64: u and x after each source's last spike
    RULE,  # address of the AMOUNTS below, float64
    N_TARGETS,
    N_SOURCES,
    DELAY,  # steps
    INPUT,  # address of the row that is added to
    SLOTS,
    SHARES,  # lists of the sources' spikes; one list, of the targets themselves, for the operation of firing
) = range(WORDS)
COUNTS, PLACES, CAPACITY, FIRST = range(4)  # of a list; FIRST: number of the share's first neuron
AMOUNTS = 17
(
    R1,
    R2,
    O1,
    O2,
    ON_ARRIVAL,
    BY_O1,
    BY_O1_R2,
    BY_R1,
    BY_R1_O2,
    LARGEST,
    POWER,
    NEAREST,
    SIGN,
    WAIT,
    USE,
    RECOVER,
    FACILITATE,
) = range(AMOUNTS)
NEVER = -(1 << 40)  # step of the last spike of whoever has none

_doubles, _longs, _words, _ints = (array_at(kind) for kind in ("float64", "int64", "uint32", "int32"))


@compiled()
def _trace(traces: Array, last: Any, place: Any, t: int, decay: float) -> Any:
    """Value before whatever happens in step t; decay: exponent a step."""
    if last == t:
        return traces[2 * place + 1]
    return traces[2 * place] * math.exp((last - t) * decay) if last > NEVER else 0.0


@compiled()
def _spiked(traces: Array, place: Any, before: float, nearest: bool) -> None:
    traces[2 * place] = 1.0 if nearest else before + 1.0
    traces[2 * place + 1] = before


@compiled()
def _changed(w: float, change: float, rule: Array) -> Any:
    largest, power = rule[LARGEST], rule[POWER]
    if power > 0.0 and change != 0.0:
        share = w / largest
        change *= (1.0 - share if change > 0.0 else share) ** power
    return min(max(w + change, 0.0), largest)


@compiled()
def _wait(eligible: Array, steps: Array, e: Any, t: int, change: float, decay: float) -> None:
    """Puts a change down for a reward."""
    eligible[e] = eligible[e] * math.exp((steps[e] - t) * decay) + change
    steps[e] = t


@compiled()
def _released(short: Array, s: Any, last: Any, t: int, rule: Array) -> float:
    """u x of a spike of source s; Tsodyks, Pawelzik & Markram 1998."""
    u: float = rule[USE]
    x = 1.0
    if last > NEVER:
        u += short[2 * s] * (1.0 - u) * math.exp((last - t) * rule[FACILITATE])
        x += (short[2 * s + 1] - 1.0) * math.exp((last - t) * rule[RECOVER])
    short[2 * s], short[2 * s + 1] = u, x - u * x
    return u * x


@cache
def arrival_operation(dtype: str) -> Any:
    """Changes, then delivers, the synapses of sources whose spikes arrive."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def plastic_arrivals(plan: Array, at: int, t: int) -> None:
        n, sources = plan[at + N_TARGETS], plan[at + N_SOURCES]
        rule = _doubles(plan[at + RULE], AMOUNTS)
        starts, targets = _longs(plan[at + STARTS], sources + 1), _words(plan[at + TARGETS], 0)
        weights, row = floats(plan[at + WEIGHTS], 0), floats(plan[at + INPUT], n)
        r1, r2 = _doubles(plan[at + TRACES], 2 * sources), _doubles(plan[at + TRACES] + 16 * sources, 2 * sources)
        o1, last_o = _doubles(plan[at + OWN_TRACES], 2 * n), _longs(plan[at + OWN_STEPS], n)
        last_r = _longs(plan[at + TRACE_STEPS], sources)
        slot = (t - plan[at + DELAY]) & (plan[at + SLOTS] - 1)
        sign, nearest, waits = number(rule[SIGN]), rule[NEAREST] > 0.0, rule[WAIT] > 0.0
        eligible, waited = _doubles(plan[at + ELIGIBLE], 0), _longs(plan[at + ELIGIBLE_STEPS], 0)
        short = _doubles(plan[at + SHORT], 0)
        for k in range(plan[at + SHARES]):
            share = at + WORDS + 4 * k
            capacity = plan[share + CAPACITY]
            listed = _words(plan[share + PLACES] + 4 * capacity * slot, capacity)
            for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
                s = np.int64(listed[i])
                slow = _trace(r2, last_r[s], s, t, rule[R2])
                sent = sign
                if rule[USE] > 0.0:
                    sent = number(rule[SIGN] * _released(short, s, last_r[s], t, rule))
                for e in range(starts[s], starts[s + 1]):
                    j = np.int64(targets[e])
                    post = _trace(o1, last_o[j], j, t, rule[O1])
                    change = rule[ON_ARRIVAL] + rule[BY_O1] * post + rule[BY_O1_R2] * post * slow
                    if waits:
                        _wait(eligible, waited, e, t, change, rule[WAIT])
                    else:
                        weights[e] = number(_changed(float(weights[e]), change, rule))
                    row[j] += sent * weights[e]
                _spiked(r1, s, _trace(r1, last_r[s], s, t, rule[R1]), nearest)
                _spiked(r2, s, slow, nearest)
                last_r[s] = t

    return plastic_arrivals


@cache
def firing_operation(dtype: str) -> Any:
    """Changes the synapses onto targets that fired in this step; comes after the neurons."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def plastic_firings(plan: Array, at: int, t: int) -> None:
        n, sources_n = plan[at + N_TARGETS], plan[at + N_SOURCES]
        rule = _doubles(plan[at + RULE], AMOUNTS)
        begins, behind = _longs(plan[at + BEHIND_STARTS], n + 1), _longs(plan[at + BEHIND], 0)
        sources, weights = _words(plan[at + SOURCES], 0), floats(plan[at + WEIGHTS], 0)
        r1, last_r = _doubles(plan[at + TRACES], 2 * sources_n), _longs(plan[at + TRACE_STEPS], sources_n)
        o1, o2 = _doubles(plan[at + OWN_TRACES], 2 * n), _doubles(plan[at + OWN_TRACES] + 16 * n, 2 * n)
        last_o = _longs(plan[at + OWN_STEPS], n)
        slot, share = t & (plan[at + SLOTS] - 1), at + WORDS
        listed = _words(plan[share + PLACES] + 4 * plan[share + CAPACITY] * slot, plan[share + CAPACITY])
        nearest, waits = rule[NEAREST] > 0.0, rule[WAIT] > 0.0
        eligible, waited = _doubles(plan[at + ELIGIBLE], 0), _longs(plan[at + ELIGIBLE_STEPS], 0)
        for i in range(_ints(plan[share + COUNTS], slot + 1)[slot]):
            j = np.int64(listed[i]) - plan[share + FIRST]
            slow = _trace(o2, last_o[j], j, t, rule[O2])
            for k in range(begins[j], begins[j + 1]):
                e = behind[k]
                s = np.int64(sources[e])
                pre = _trace(r1, last_r[s], s, t, rule[R1])
                change = rule[BY_R1] * pre + rule[BY_R1_O2] * pre * slow
                if waits:
                    _wait(eligible, waited, e, t, change, rule[WAIT])
                else:
                    weights[e] = number(_changed(float(weights[e]), change, rule))
            _spiked(o1, j, _trace(o1, last_o[j], j, t, rule[O1]), nearest)
            _spiked(o2, j, slow, nearest)
            last_o[j] = t

    return plastic_firings
