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

import numpy as np

from hw.kernels.machine_integers import add, multiply
from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel


@compiled()
def hear(
    sums: Any, rows: Any, low: Any, high: Any, slot: Any, ring: Any, weights: Any, targets: Any, times: Any
) -> None:
    """`times` spikes add the rows low..high-1 to what will have arrived; `sums` is a ring of slots."""
    size = sums.size // ring
    many = np.int32(times)
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
                reached[named[j]] = add(reached[named[j]], multiply(np.int32(added[j]), many))
        elif times == 1:
            reached = sums[into : into + n]
            for j in range(added.size):
                reached[j] = add(reached[j], np.int32(added[j]))
        else:
            reached = sums[into : into + n]
            for j in range(added.size):
                reached[j] = add(reached[j], multiply(np.int32(added[j]), many))


@compiled()
def _sum(task: Any, spikes: Any, first: Any, rows: Any, weights: Any, targets: Any, places: Any, total: Any) -> None:
    """places: of each column of `total`, its place among the sums."""
    given, wanted = spikes[task, :], total[task, :]
    sums = np.zeros(wanted.size, np.int32)
    for i in range(given.size):
        if given[i] != 0:
            hear(sums, rows, first[i], first[i + 1], np.int64(0), np.int64(1), weights, targets, np.int64(given[i]))
    for j in range(wanted.size):
        wanted[j] = sums[places[j]]


@cache
def sum_loop() -> Callable[..., None]:
    """run(rows, spikes (rows, inputs), first, table, weights, targets, places, total (rows, n))"""
    kinds = (
        *(array("int16", 2, read=True), array("int64", 1, read=True), array("int64", 2, read=True)),
        *(array("int32", 1, read=True), array("int32", 1, read=True), array("int64", 1, read=True)),
        array("int32", 2, read=False),
    )
    return in_parallel(_sum, kinds)
