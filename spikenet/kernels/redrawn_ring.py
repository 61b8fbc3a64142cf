"""Input under way from synapses whose delays are drawn: a ring of rows of inputs, one a step.

Rows of a large network fill more than the caches hold, and what a spike does is scattered over all of them. So it is
appended to a list of its row instead, and lists are added to the rows in one go: when they are full, or due. Each place
of a row gets its amounts in the order in which they were put down, whenever that happens.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at

WORDS = 8  # of a ring's description, int64
(
    ROWS,  # a power of two
    SIZE,  # numbers of a row
    RING,  # address of (ROWS, SIZE) floats
    ROOM,  # entries of a list
    TARGETS,  # addresses of (ROWS, ROOM) uint32 and floats, and of (ROWS,) int64, how many there are
    AMOUNTS,
    FILLED,
    INPUTS,  # address of the inputs of the thread, or 0 when what is due is thrown away
) = range(WORDS)

_longs, _words = array_at("int64"), array_at("uint32")


@compiled()
def _emptied(ring: Array, k: Any, rows: Array, lists: Array) -> None:
    """Adds the list of row k to it; rows, lists: of all, the ring's and its amounts."""
    filled = _longs(ring[FILLED], ring[ROWS])
    row = rows[k * ring[SIZE] :][: ring[SIZE]]
    targets, amounts = _words(ring[TARGETS], ring[ROWS] * ring[ROOM])[k * ring[ROOM] :], lists[k * ring[ROOM] :]
    for e in range(filled[k]):
        row[np.int64(targets[e])] += amounts[e]
    filled[k] = 0


@compiled()
def put_down(
    ring: Array, t: Any, targets: Array, amounts: Array, late: Array, begin: Any, end: Any, port: Any, rows: Array,
    lists: Array,
) -> None:  # fmt: skip
    """Synapses begin to end - 1 of an arena, due `late` steps after t; port: what to add to a target to get its place
    in a row."""
    mask, room = ring[ROWS] - 1, ring[ROOM]
    filled, listed = _longs(ring[FILLED], ring[ROWS]), _words(ring[TARGETS], ring[ROWS] * room)
    for e in range(begin, end):
        k = (t + np.int64(late[e])) & mask
        count = filled[k]
        if count == room:
            _emptied(ring, k, rows, lists)
            count = 0
        listed[k * room + count] = np.int64(targets[e]) + port
        lists[k * room + count] = amounts[e]
        filled[k] = count + 1


@cache
def ring_operation(dtype: str) -> Any:
    """Adds the row of the step to the inputs and clears it."""
    floats = array_at(dtype)
    number: Any = np.dtype(dtype).type

    @compiled()
    def take_row(plan: Array, at: int, t: int) -> None:
        ring = _longs(plan[at], WORDS)
        size, k = ring[SIZE], t & (ring[ROWS] - 1)
        rows = floats(ring[RING], ring[ROWS] * size)
        _emptied(ring, k, rows, floats(ring[AMOUNTS], ring[ROWS] * ring[ROOM]))
        row = rows[k * size :][:size]
        if ring[INPUTS] != 0:
            into = floats(ring[INPUTS], size)
            for j in range(size):
                into[j] += row[j]
        for j in range(size):
            row[j] = number(0)

    return take_row
