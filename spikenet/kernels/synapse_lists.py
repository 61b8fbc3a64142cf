"""Synapses sorted as they are delivered: of each source by the thread that owns the target, then by delay.

What a projection is made of stands in two tables, one row a projection; an address of 0 means there is no such array.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.philox import philox
from spikenet.kernels.pointers import array_at
from spikenet.kernels.sampling import from_word, sample
from spikenet.kernels.unowned import keep, unowned

FIELDS = 10
(
    STARTS,  # address of (sources of this stretch + 1,) int64
    PARTNERS,  # address of uint32: targets, counted in the target population
    EDGES,  # address of int64: the synapses' numbers, or 0 where they are NUMBER, NUMBER + 1, ...
    NUMBER,
    BOUNDS,  # address of (threads + 1,) int64: which thread owns a target
    PORTS,  # address of (threads,) int64: place of the first target's input among those of its thread
    WEIGHT_VALUES,  # address of float64, by number of the synapse, or 0
    DELAY_VALUES,  # likewise, seconds
    WEIGHT_STREAM,  # of random numbers, or -1: the weight is one number
    DELAY_STREAM,  # likewise
) = range(FIELDS)
CHOSEN = 5  # numbers of a distribution: kind, a, b, low, high; of a constant: 0, the value
NUMBERS = 2 * CHOSEN + 2
PAIRED = 0xFFFFFFFF  # in the place of the attempt, which counts from 0
DELAY_UNIT, FACTOR = 2 * CHOSEN, 2 * CHOSEN + 1  # steps a second; what a weight is multiplied by

_longs, _words, _floats = array_at("int64"), array_at("uint32"), array_at("float64")


@compiled()
def _value(values: int, stream: int, numbers: Array, first: int, edge: Any, seed: int) -> Any:
    if values != 0:
        return _floats(values, 0)[edge]
    if stream >= 0:
        return sample(
            numbers[first], numbers[first + 1], numbers[first + 2], numbers[first + 3], numbers[first + 4],
            edge, stream, seed,
        )  # fmt: skip
    return numbers[first + 1]


@compiled()
def _steps(seconds: float, numbers: Array) -> Any:
    return max(1, np.int64(np.floor(seconds * numbers[DELAY_UNIT] + 0.5)))


@compiled()
def _weight_and_delay(row: Array, numbers: Array, edge: Any, seed: int) -> Any:
    """(weight, delay in steps) of a synapse; where both are drawn, one counter serves them."""
    weight_stream, delay_stream = row[WEIGHT_STREAM], row[DELAY_STREAM]
    if weight_stream < 0 or delay_stream < 0:
        weight = _value(row[WEIGHT_VALUES], weight_stream, numbers, 0, edge, seed)
        return weight, _steps(_value(row[DELAY_VALUES], delay_stream, numbers, CHOSEN, edge, seed), numbers)
    x0, x1, _, _ = philox(edge & 0xFFFFFFFF, edge >> 32, PAIRED, weight_stream, seed)
    weight = from_word(numbers[0], numbers[1], numbers[2], x0)
    seconds = from_word(numbers[CHOSEN], numbers[CHOSEN + 1], numbers[CHOSEN + 2], x1)
    if not numbers[3] <= weight <= numbers[4]:
        weight = _value(0, weight_stream, numbers, 0, edge, seed)
    if not numbers[CHOSEN + 3] <= seconds <= numbers[CHOSEN + 4]:
        seconds = _value(0, delay_stream, numbers, CHOSEN, edge, seed)
    return weight, _steps(seconds, numbers)


@compiled(parallel=True)
def delay_range(table: Array, numbers: Array, synapses: int, seed: int, tasks: int, ranges: Array) -> None:
    """ranges[task] = shortest and longest delay in steps, of one projection's synapses of the task's part."""
    for task in numba.prange(tasks):
        low, high = synapses * np.int64(task) // tasks, synapses * (np.int64(task) + 1) // tasks
        shortest: Any = np.int64(1) << 40
        longest: Any = np.int64(0)
        for edge in range(low, high):
            _, d = _weight_and_delay(table, numbers, edge, seed)
            shortest, longest = min(shortest, d), max(longest, d)
        ranges[task, 0], ranges[task, 1] = shortest, longest


@compiled(parallel=True)
def fill(
    table: Array, numbers: Array, threads: int, shortest: int, delays: int, most: int, seed: int, tasks: int,
    first: int, begins: Array, rows: Array, targets: Array, weights: Array,
) -> None:  # fmt: skip
    """Sort the synapses of a stretch of sources into their places.

    first : number of the first source; begins (sources of the stretch + 1,) int64: where each one's synapses begin
    most  : synapses of one source at most
    rows  : (sources * threads * delays + 1,) uint32; targets, weights: of all sources; weights of size 1 are left alone
    """
    sources = begins.size - 1
    for task in numba.prange(tasks):
        place, room = np.empty((2, most), np.int64), np.empty(most)
        port, line = unowned(place)[0], unowned(place)[1]
        weight = unowned(room)
        counts = np.empty(threads * delays + 1, np.int64)
        for i in range(sources * np.int64(task) // tasks, sources * (np.int64(task) + 1) // tasks):
            counts[:] = 0
            n = 0
            for p in range(table.shape[0]):
                row, own = table[p], numbers[p]
                starts, partners = _longs(row[STARTS], sources + 1), _words(row[PARTNERS], 0)
                bounds, ports = _longs(row[BOUNDS], threads + 1), _longs(row[PORTS], threads)
                for k in range(starts[i], starts[i + 1]):
                    j = np.int64(partners[k])
                    owner = 0
                    while j >= bounds[owner + 1]:
                        owner += 1
                    edge = row[NUMBER] + k if row[EDGES] == 0 else _longs(row[EDGES], 0)[k]
                    drawn, d = _weight_and_delay(row, own, edge, seed)
                    port[n] = ports[owner] + j - bounds[owner]
                    line[n] = owner * delays + d - shortest
                    if weights.size > 1:
                        weight[n] = own[FACTOR] * drawn
                    counts[line[n] + 1] += 1
                    n += 1
            for r in range(threads * delays):
                counts[r + 1] += counts[r]
            base = (first + i) * threads * delays
            for r in range(threads * delays):
                rows[base + r] = begins[i] + counts[r]
            for k in range(n):
                at = begins[i] + counts[line[k]]
                counts[line[k]] += 1
                targets[at] = port[k]
                if weights.size > 1:
                    weights[at] = weight[k]
        keep(place)
        keep(room)
