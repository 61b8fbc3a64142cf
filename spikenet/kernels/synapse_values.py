"""Weights and delays of synapses: numbers of a projection, or drawn for each from its number.

What a projection is made of stands in two rows, one of whole numbers and one of floats; an address of 0 means there is
no such array. Synapses that follow each other are drawn together, a vector of them at a time.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.alias import outcome, slot_of
from spikenet.kernels.by_address import compiled_address
from spikenet.kernels.memory import LINE
from spikenet.kernels.philox import GROUP, LANES, draw_group, philox
from spikenet.kernels.pointers import array_at
from spikenet.kernels.room import from_line
from spikenet.kernels.sampling import PART, READ, between, from_word, from_words
from spikenet.kernels.table_reads import read_alone
from spikenet.kernels.tasks import shared
from spikenet.kernels.unowned import keep

FIELDS = 13  # of the row of whole numbers; those before WEIGHT_VALUES are of synapse_lists
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
    DELAY_TABLE,  # address of alias.alias_table, by which drawn delays are looked up, or 0
    DELAY_SHIFT,  # of that table
    DELAY_FIRST,  # steps of its first outcome
) = range(FIELDS)
CHOSEN = 7  # numbers of a distribution: kind, a, b, low, high, and the words of 32 bits between which the bounds lie,
# the first and how many; of a constant: 0, the value
NUMBERS = 2 * CHOSEN + 2
DELAY_UNIT, FACTOR = 2 * CHOSEN, 2 * CHOSEN + 1  # steps a second; what a weight is multiplied by
TOGETHER = 0xFFFFFFFF  # in the place of the attempt, which counts from 0: words drawn for GROUP synapses at once

_OF_WEIGHTS, _OF_DELAYS = np.int64(0), np.int64(CHOSEN)  # typed: what is called with plain numbers compiles for each

_floats, _pairs = array_at("float64"), array_at("uint64")


@compiled()
def _word(stream: Any, edge: Any, seed: int) -> Any:
    """Of those that `_draw_words` draws."""
    x0, x1, x2, x3 = philox((edge // GROUP) * LANES + edge % LANES, 0, TOGETHER, stream, seed)
    which = edge % GROUP // LANES
    return (x0 if which == 0 else x1) if which < 2 else (x2 if which == 2 else x3)


@compiled()
def _draw_words(stream: Any, begin: Any, n: Any, seed: int, words: Array) -> Any:
    """Those of the synapses begin, begin + 1, ...; where in `words` they begin."""
    skipped = begin % GROUP
    for k in range(0, skipped + n, GROUP):
        draw_group(words, k, (begin + k) // GROUP, 0, TOGETHER, stream, seed)
    return skipped


@compiled()
def _value(values: int, stream: Any, numbers: Array, first: Any, edge: Any, seed: int) -> Any:
    """As `_values`, of one synapse."""
    if values != 0:
        return _floats(values, 0)[edge]
    if stream < 0:
        return numbers[first + 1]
    word = between(_word(stream, edge, seed), np.int64(numbers[first + 5]), np.int64(numbers[first + 6]))
    value = from_word(numbers[first], numbers[first + 1], numbers[first + 2], word)
    return min(max(value, numbers[first + 3]), numbers[first + 4])


@compiled()
def _in_steps(seconds: float, numbers: Array) -> Any:
    return max(1.0, np.floor(seconds * numbers[DELAY_UNIT] + 0.5))


@compiled()
def weight_and_delay(row: Array, numbers: Array, edge: Any, seed: int) -> Any:
    """(weight, delay in steps) of a synapse."""
    weight = _value(row[WEIGHT_VALUES], row[WEIGHT_STREAM], numbers, _OF_WEIGHTS, edge, seed)
    if row[DELAY_TABLE] != 0:
        word, shift = _word(row[DELAY_STREAM], edge, seed), np.uint32(row[DELAY_SHIFT])
        return weight, row[DELAY_FIRST] + outcome(_pairs(row[DELAY_TABLE], 0)[slot_of(shift, word)], shift, word)
    seconds = _value(row[DELAY_VALUES], row[DELAY_STREAM], numbers, _OF_DELAYS, edge, seed)
    return weight, np.int64(_in_steps(seconds, numbers))


@compiled()
def _of_those(
    stream: Any, begin: Any, n: Any, seed: int, words: Array, which: Array, kept: Any
) -> Any:  # fmt: skip
    """(kept,) words of those of the synapses begin, begin + 1, ... whose numbers, rising, are in `which`."""
    drawn = words[_draw_words(stream, begin, n, seed, words) :]
    if kept < n:
        for k in range(kept):
            drawn[k] = drawn[np.uint64(np.uint32(which[k]))]
    return drawn[:kept]


@compiled()
def _drawn(numbers: Array, first: Any, factor: float, words: Array, into: Array) -> None:
    """into = factor times the values that the words stand for, which change."""
    kind, a, b, low, high = (numbers[first], numbers[first + 1], numbers[first + 2], numbers[first + 3],
                             numbers[first + 4])  # fmt: skip
    begins, many = np.int64(numbers[first + 5]), np.int64(numbers[first + 6])
    from_words(kind, a, b, low, high, begins, many, factor, words, into[: words.size])


@compiled()
def _values(
    given: int, stream: Any, numbers: Array, first: Any, begin: Any, n: Any, seed: int, words: Array, into: Array
) -> None:  # fmt: skip
    """into[:n] = those of the synapses begin, begin + 1, ..."""
    if given != 0:
        known = _floats(given, 0)
        for k in range(n):
            into[k] = known[begin + k]
    elif stream < 0:
        for k in range(n):
            into[k] = numbers[first + 1]
    else:
        drawn = words[_draw_words(stream, begin, n, seed, words) :][:n]
        _drawn(numbers, first, 1.0, drawn, into)


@compiled()
def _looked_up(row: Array, first: Any, drawn: Array, steps: Array) -> None:
    """steps = delays from the table for these words; first: in place of the steps of its first outcome."""
    table, shift, begin_with = _pairs(row[DELAY_TABLE], 0), np.uint32(row[DELAY_SHIFT]), np.int32(first)
    room = np.empty(READ + LINE, np.uint64)
    entries = from_line(room)
    for low in range(0, drawn.size, READ):
        part, into = drawn[low:][:READ], steps[low:][:READ]
        for k in range(part.size):
            entries[k] = read_alone(table, slot_of(shift, part[k]))
        for k in range(part.size):
            into[k] = begin_with + outcome(entries[k], shift, part[k])
    keep(room)


@compiled()
def amounts_drawn(
    row: Array, numbers: Array, begin: Any, n: Any, seed: int, words: Array, which: Array, kept: Any, amounts: Array
) -> None:  # fmt: skip
    """amounts[:kept], of the simulation's float type = the weights, with their factor, of those of the n synapses from
    `begin` on whose numbers, rising, are in `which` where they are not all; none has a weight given."""
    if row[WEIGHT_STREAM] < 0:
        amounts[:kept] = numbers[FACTOR] * numbers[1]
    else:
        drawn = _of_those(row[WEIGHT_STREAM], begin, n, seed, words, which, kept)
        _drawn(numbers, _OF_WEIGHTS, numbers[FACTOR], drawn, amounts)


@compiled()
def steps_drawn(
    row: Array, numbers: Array, begin: Any, n: Any, seed: int, shortest: Any, words: Array, which: Array, kept: Any,
    scratch: Array, late: Array,
) -> None:  # fmt: skip
    """late[:kept] (uint16) = how many steps the drawn delays of those of the n synapses from `begin` on, as for the
    weights, are longer than the shortest; scratch: (n,) float64."""
    drawn = _of_those(row[DELAY_STREAM], begin, n, seed, words, which, kept)
    if row[DELAY_TABLE] != 0:
        _looked_up(row, row[DELAY_FIRST] - shortest, drawn, late)
        return
    _drawn(numbers, _OF_DELAYS, 1.0, drawn, scratch)
    for k in range(kept):
        late[k] = np.int32(_in_steps(scratch[k], numbers)) - np.int32(shortest)


def values_address() -> int:
    """Where the code of `weights_and_delays` begins, which others call by it."""
    n, row = numba.int64, tuple(numba.types.Array(kind, 1, "C") for kind in (numba.int64, numba.float64))
    into = numba.uint32[::1], numba.float64[::1], numba.float64[::1]
    return compiled_address(weights_and_delays, (*row, n, n, n, *into))


@compiled()
def weights_and_delays(
    row: Array, numbers: Array, begin: Any, n: Any, seed: int, words: Array, weights: Array, steps: Array
) -> None:  # fmt: skip
    """weights[:n], steps[:n] (float64) = those of the n synapses from `begin` on; words: (n + 2 GROUP,) uint32."""
    _values(row[WEIGHT_VALUES], row[WEIGHT_STREAM], numbers, _OF_WEIGHTS, begin, n, seed, words, weights)
    if row[DELAY_TABLE] != 0:
        drawn = words[_draw_words(row[DELAY_STREAM], begin, n, seed, words) :][:n]
        _looked_up(row, row[DELAY_FIRST], drawn, steps)
        return
    _values(row[DELAY_VALUES], row[DELAY_STREAM], numbers, _OF_DELAYS, begin, n, seed, words, steps)
    if row[DELAY_VALUES] == 0 and row[DELAY_STREAM] < 0:
        steps[:n] = _in_steps(numbers[CHOSEN + 1], numbers)
    else:
        for k in range(n):
            steps[k] = _in_steps(steps[k], numbers)


@shared
def _values_of_part(part: int, row: Array, numbers: Array, seed: int, weights: Array, steps: Array) -> None:
    for k in range(PART * part, min(weights.size, PART * (part + 1))):
        weights[k], steps[k] = weight_and_delay(row, numbers, k, seed)


def values(row: Array, numbers: Array, seed: int, weights: Array, steps: Array) -> None:
    """weights[k], steps[k] = weight and delay of synapse k."""
    _values_of_part(-(-weights.size // PART), row, numbers, seed, weights, steps)
