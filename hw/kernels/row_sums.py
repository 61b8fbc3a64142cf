"""Spikes add the rows of weights of their sources to sums, wherever these are kept.

rows    (n, 5)  of each source, `first[source]` to `first[source + 1]`: where its targets begin among the sums,
                steps until it arrives, where its weights begin, how many, whether it names its targets
weights         of all rows, which may share them;  targets: the place of each among the sums of its row, for rows
                that name them
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from hw.kernels.machine_integers import add, multiply
from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel


@compiled()
def hear(
    sums: Any, rows: Any, low: Any, high: Any, slot: Any, ring: Any, weights: Any, targets: Any, times: Any
) -> None:
    """`times` spikes, or one of that payload, add the rows low..high-1 to what will have arrived.

    sums: a ring of slots, in the integers that are added in
    """
    size, one = sums.size // ring, sums.dtype.type
    many = one(times)
    for k in range(low, high):
        at, late, row, n = rows[k, 0], rows[k, 1], rows[k, 2], rows[k, 3]
        there = slot + late
        if there >= ring:  # a remainder would take longer than adding the row
            there -= ring
        into = there * size + at
        added = weights[row : row + n]
        if rows[k, 4] > 0:
            named, reached = targets[row : row + n], sums[into : (into - at) + size]
            for j in range(added.size):
                reached[named[j]] = add(reached[named[j]], multiply(one(added[j]), many))
        elif times == 1:
            reached = sums[into : into + n]
            for j in range(added.size):
                reached[j] = add(reached[j], one(added[j]))
        else:
            reached = sums[into : into + n]
            for j in range(added.size):
                reached[j] = add(reached[j], multiply(one(added[j]), many))


@compiled()
def _sum(task: Any, spikes: Any, first: Any, rows: Any, weights: Any, targets: Any, places: Any, total: Any) -> None:
    """places: of each column of `total`, its place among the sums."""
    given, wanted = spikes[task, :], total[task, :]
    sums = np.zeros(wanted.size, wanted.dtype)
    for i in range(given.size):
        if given[i] != 0:
            hear(sums, rows, first[i], first[i + 1], np.int64(0), np.int64(1), weights, targets, np.int64(given[i]))
    for j in range(wanted.size):
        wanted[j] = sums[places[j]]


@compiled()
def _deliver(
    task: Any, sent: Any, first: Any, rows: Any, weights: Any, targets: Any, slot: Any, ring: Any, sums: Any
) -> None:
    given, heard = sent[task, :], sums[task, :]
    for i in range(given.size):
        if given[i] != 0:
            hear(heard, rows, first[i], first[i + 1], slot, ring, weights, targets, np.int64(given[i]))


@cache
def message_loop() -> Callable[..., None]:
    """run(batch, sent (batch, sources), first, rows, weights, targets, slot, ring, sums (batch, ring * sums)).

    sent: payloads of the messages of one step, 0 for none;  slot: of the step, in rings of 64-bit sums
    """
    kinds = (
        *(array("int32", 2, read=True), array("int64", 1, read=True), array("int64", 2, read=True)),
        *(array("int16", 1, read=True), array("int32", 1, read=True), numba.int64, numba.int64),
        array("int64", 2, read=False),
    )
    return in_parallel(_deliver, kinds)


@cache
def sum_loop(*, wide: bool = False) -> Callable[..., None]:
    """run(rows, spikes (rows, inputs), first, table, weights, targets, places, total (rows, n))

    wide: whether spikes are 32 bits and their sums 64, in place of 16 and 32
    """
    sent, summed = ("int32", "int64") if wide else ("int16", "int32")
    kinds = (
        *(array(sent, 2, read=True), array("int64", 1, read=True), array("int64", 2, read=True)),
        *(array("int32", 1, read=True), array("int32", 1, read=True), array("int64", 1, read=True)),
        array(summed, 2, read=False),
    )
    return in_parallel(_sum, kinds)
