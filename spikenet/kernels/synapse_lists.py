"""Synapses sorted as they are delivered: of each source by the thread that owns the target, then by delay.

What a projection is made of stands in two tables, whose rows are those of synapse_values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.by_address import call_at
from spikenet.kernels.philox import GROUP
from spikenet.kernels.pointers import array_at
from spikenet.kernels.synapse_values import (
    BOUNDS,
    EDGES,
    FACTOR,
    NUMBER,
    PARTNERS,
    PORTS,
    STARTS,
    weight_and_delay,
)
from spikenet.kernels.tasks import shared
from spikenet.kernels.unowned import keep, unowned

_longs, _words, _shorts, _singles, _doubles = (
    array_at(kind) for kind in ("int64", "uint32", "uint16", "float32", "float64")
)


@shared
def delay_range(task: int, table: Array, numbers: Array, synapses: int, seed: int, tasks: int, ranges: Array) -> None:
    """ranges[task] = shortest and longest delay in steps, of one projection's synapses of the task's part."""
    low, high = synapses * task // tasks, synapses * (task + 1) // tasks
    shortest: Any = np.int64(1) << 40
    longest: Any = np.int64(0)
    for edge in range(low, high):
        _, d = weight_and_delay(table, numbers, edge, seed)
        shortest, longest = min(shortest, d), max(longest, d)
    ranges[task, 0], ranges[task, 1] = shortest, longest


@compiled()
def _put(stretch: int, width: Any, k: Any, port: Any, weight: float, target_bytes: int, weight_bytes: int) -> None:
    """Synapse k of a stretch of `width`. A function of its own: in a parallel loop numba takes what is written through
    an address, and not read again, for dead."""
    weights = stretch + target_bytes * width
    if target_bytes == 2:
        _shorts(stretch, 0)[k] = port
    else:
        _words(stretch, 0)[k] = port
    if weight_bytes == 4:
        _singles(weights, 0)[k] = weight
    elif weight_bytes == 8:
        _doubles(weights, 0)[k] = weight


@shared
def fill(
    task: int, values_at: int, table: Array, numbers: Array, threads: int, shortest: int, delays: int, most: int,
    seed: int, tasks: int, first: int, begins: Array, rows: Array, listed: int, target_bytes: int, weight_bytes: int,
) -> None:  # fmt: skip
    """Sort the synapses of a stretch of sources into their places.

    values_at: of synapse_values.values_address()
    first : number of the first source; begins (sources of the stretch + 1,) int64: where each one's synapses begin
    most  : synapses of one source at most
    rows  : (sources * threads * delays + 1,) uint32
    listed: address of the table of bytes, as list_delivery reads it; target_bytes: 2 or 4; weight_bytes: 4, 8, or 0
            where one weight stands for all
    """
    sources, each = begins.size - 1, target_bytes + weight_bytes
    place, room, drawn_words = (
        np.empty((2, most), np.int64),
        np.empty((3, most)),
        np.empty(most + 2 * GROUP, np.uint32),
    )
    port, line = unowned(place)[0], unowned(place)[1]
    weight, drawn, delayed = unowned(room)[0], unowned(room)[1], unowned(room)[2]
    words = unowned(drawn_words)
    counts = np.empty(threads * delays + 1, np.int64)
    starting = np.empty(threads * delays + 1, np.int64)
    for i in range(sources * task // tasks, sources * (task + 1) // tasks):
        counts[:] = 0
        n = 0
        for p in range(table.shape[0]):
            row, own = table[p], numbers[p]
            starts, partners = _longs(row[STARTS], sources + 1), _words(row[PARTNERS], 0)
            bounds, ports = _longs(row[BOUNDS], threads + 1), _longs(row[PORTS], threads)
            begin, many = starts[i], starts[i + 1] - starts[i]
            if row[EDGES] == 0:
                call_at(values_at, (row, own, row[NUMBER] + begin, many, seed, words, drawn, delayed))
            else:
                edges = _longs(row[EDGES], 0)
                for k in range(many):
                    drawn[k], delayed[k] = weight_and_delay(row, own, edges[begin + k], seed)
            for k in range(many):
                j = np.int64(partners[begin + k])
                owner = 0
                while j >= bounds[owner + 1]:
                    owner += 1
                port[n] = ports[owner] + j - bounds[owner]
                line[n] = owner * delays + np.int64(delayed[k]) - shortest
                weight[n] = own[FACTOR] * drawn[k]
                counts[line[n] + 1] += 1
                n += 1
        for r in range(threads * delays):
            counts[r + 1] += counts[r]
        starting[:] = counts
        base = (first + i) * threads * delays
        for r in range(threads * delays):
            rows[base + r] = begins[i] + counts[r]
        for k in range(n):
            r = line[k]
            _put(
                listed + each * (begins[i] + starting[r]), starting[r + 1] - starting[r], counts[r] - starting[r],
                port[k], weight[k], target_bytes, weight_bytes,
            )  # fmt: skip
            counts[r] += 1
    keep(place)
    keep(room)
    keep(drawn_words)
