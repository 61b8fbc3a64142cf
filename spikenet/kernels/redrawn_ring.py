"""Input under way from synapses whose delays are drawn: a list for each step to come.

What a spike does is scattered over all steps of the longest delay, and rows of inputs for all of them fill more than
the caches hold. So it is appended to the list of its step instead, and the list is added up when it is due, in one row
that stays near. A list that is full before that is added to a row of its own. Each place gets its amounts in the order
in which they were put down, whenever that happens.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.logarithm import recast_bits
from spikenet.kernels.pointers import array_at
from spikenet.kernels.vector_products import prefetch_to_write

SOON = 16  # words from where a list is written to what it will need next

WORDS = 8  # of a ring's description, int64
(
    ROWS,  # a power of two
    SIZE,  # numbers of a row
    RING,  # address of (ROWS + 1, SIZE) floats, the last the row that is added up in; all 0 between two steps but those
    # of lists that were full
    ROOM,  # entries of a list
    LISTED,  # address of (ROWS, ROOM) entries of `entry_words` uint64
    FILLED,  # addresses of (ROWS,) uint64, entries of each list, and of (ROWS,) int64, whether it has been full
    SPILLED,
    INPUTS,  # address of the inputs of the thread, or 0 when what is due is thrown away
) = range(WORDS)

_longs, _ulongs = array_at("int64"), array_at("uint64")
_ONE, _TWO, _EIGHT, _HALF, _LOW = (np.uint64(x) for x in (1, 2, 8, 32, 0xFFFFFFFF))


def entry_words(dtype: str) -> int:
    """uint64 of an entry, which is a place and an amount: one for both as float32."""
    return 1 if dtype == "float32" else 2


@compiled()
def _put_single(listed: Array, at: Any, place: Any, amount: Any) -> None:
    listed[at] = place | (np.uint64(np.uint32(recast_bits(amount))) << _HALF)


@compiled()
def _add_single(listed: Array, n: Any, row: Array) -> None:
    for e in range(n):
        row[listed[e] & _LOW] += recast_bits(np.int32(listed[e] >> _HALF))


@compiled()
def _put_double(listed: Array, at: Any, place: Any, amount: Any) -> None:
    listed[_TWO * at], listed[_TWO * at + _ONE] = place, recast_bits(amount)


@compiled()
def _add_double(listed: Array, n: Any, row: Array) -> None:
    for e in range(n):
        row[listed[2 * e]] += recast_bits(listed[2 * e + 1])


@cache
def put_down_function(dtype: str) -> Any:
    """The function that appends synapses begin to end - 1 of an arena to the lists of their steps, `late` steps after
    t; port: what to add to a target, as a uint64 that may go round, to get its place in a row."""
    floats = array_at(dtype)
    put, add = (_put_single, _add_single) if dtype == "float32" else (_put_double, _add_double)
    words = np.uint64(entry_words(dtype))

    @compiled()
    def put_down(
        ring: Array, t: Any, targets: Array, amounts: Array, late: Array, begin: Any, end: Any, port: Any
    ) -> None:
        mask, room, size = np.uint64(ring[ROWS] - 1), np.uint64(ring[ROOM]), ring[SIZE]
        filled, listed = _ulongs(ring[FILLED], ring[ROWS]), _ulongs(ring[LISTED], 0)
        now = np.uint64(t)
        whose, many, when = targets[begin:end], amounts[begin:end], late[begin:end]
        fullest: Any = room if 4 * whose.size < filled.size else np.uint64(0)  # looking would take longer
        for one in range(filled.size if fullest == 0 else 0):
            fullest = max(fullest, filled[one])
        if fullest + np.uint64(whose.size) <= room:
            for e in range(whose.size):
                k = (now + np.uint64(when[e])) & mask
                count = filled[k]
                at = k * room + count
                # of so many lists no cache foresees the next line
                prefetch_to_write(listed, np.int64(at * words) + SOON, 1)
                put(listed, at, np.uint64(whose[e]) + port, many[e])
                filled[k] = count + _ONE
            return
        for e in range(whose.size):
            k = (now + np.uint64(when[e])) & mask
            count = filled[k]
            if count == room:
                row = floats(ring[RING], (ring[ROWS] + 1) * size)[np.int64(k) * size :][:size]
                add(_ulongs(ring[LISTED] + np.int64(_EIGHT * k * room * words), 0), np.int64(room), row)
                _longs(ring[SPILLED], ring[ROWS])[k] = 1
                count = np.uint64(0)
            at = k * room + count
            put(listed, at, np.uint64(whose[e]) + port, many[e])
            filled[k] = count + _ONE

    return put_down


@cache
def ring_operation(dtype: str) -> Any:
    """Adds what is due in the step to the inputs."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type
    add, words = (_add_single, 1) if dtype == "float32" else (_add_double, 2)

    @compiled()
    def take_row(plan: Array, at: int, t: int) -> None:
        ring = _longs(plan[at], WORDS)
        size, k = ring[SIZE], t & (ring[ROWS] - 1)
        filled, spilled = _ulongs(ring[FILLED], ring[ROWS]), _longs(ring[SPILLED], ring[ROWS])
        if filled[k] == 0 and spilled[k] == 0:
            return
        which = k if spilled[k] != 0 else ring[ROWS]
        row = floats(ring[RING], (ring[ROWS] + 1) * size)[which * size :][:size]
        add(_ulongs(ring[LISTED] + 8 * k * ring[ROOM] * words, 0), np.int64(filled[k]), row)
        filled[k], spilled[k] = np.uint64(0), 0
        if ring[INPUTS] != 0:
            into = floats(ring[INPUTS], size)
            for j in range(size):
                into[j] += row[j]
                row[j] = number(0)
        else:
            row[:] = number(0)

    return take_row
