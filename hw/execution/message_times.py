"""Time of every step of a placed program with links that fill up, message by message; see `hw.execution.detailed`.

A core's messages leave one after another; of all cores, the one whose message is due first goes on. A message on its
way counts 1 / (hops + 2) on the link out of its core and on each link from tile to tile, until its receiver begins
with it. density, the sum over its links, tells how long it takes; the mean time of processing those on their way, m,
how fast links empty.

    tables : first, to_core of `Axons`, `effects` of them;  neurons: of each core, `begins[core]` to `begins[core + 1]`
    places : (cores, 3) tile x, tile y, core of the tile;  grid: (3,) tiles across, tiles down, cores a tile
    takes  : (axons,) seconds in which a message is processed where it arrives
    costs  : (7,) seconds of an inactive update, of an active one, a spike, an axon out, a hop east-west, a hop
             north-south, the barrier
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel

IDLE, ACTIVE, SPIKE, OUT, EAST_WEST, NORTH_SOUTH, BARRIER = range(7)
NOWHERE = -1  # the axon of what a core still has to do after its last message


@compiled()
def _write(core: Any, said: Any, neurons: Any, begins: Any, first: Any, n_inputs: Any, costs: Any, axon: Any,
           gap: Any, at: Any) -> Any:  # fmt: skip
    """The messages of a core from place `at` on: their axons, and the time from the one before; where they end."""
    spent = 0.0
    for k in range(begins[core], begins[core + 1]):
        j = neurons[k]
        spent += costs[ACTIVE] if said[j] & 1 else costs[IDLE]
        for _ in range(said[j] >> 1):
            spent += costs[SPIKE]
            for a in range(first[n_inputs + j], first[n_inputs + j + 1]):
                axon[at], gap[at] = a, spent + costs[OUT]
                spent = 0.0
                at += 1
    if spent > 0:
        axon[at], gap[at] = NOWHERE, spent
        at += 1
    return at


@compiled()
def _along(a: Any, b: Any, places: Any, grid: Any, density: Any, change: Any) -> Any:
    """Sum of the densities on the way from core a to core b, x first; `change` is then added to each link."""
    x, y, to_x, to_y = places[a, 0], places[a, 1], places[b, 0], places[b, 1]
    each = 4 + grid[2]
    link = (y * grid[0] + x) * each + 4 + places[a, 2]
    total = density[link]
    density[link] += change
    while x != to_x or y != to_y:
        if x != to_x:
            way = 0 if to_x > x else 1
            x += 1 if to_x > x else -1
        else:
            way = 2 if to_y > y else 3
            y += 1 if to_y > y else -1
        link = (y * grid[0] + x) * each + way
        total += density[link]
        density[link] += change
    return total


@compiled()
def _times(
    sample: Any, inputs: Any, flags: Any, first: Any, core_of: Any, to_core: Any, effect: Any, neurons: Any,
    begins: Any, places: Any, grid: Any, takes: Any, costs: Any, buffer: Any, seconds: Any,
) -> None:  # fmt: skip
    n_inputs, cores = inputs.shape[2], places.shape[0]
    most = first[first.size - 1] - first[n_inputs] + cores
    axon, gap, begun = np.empty(most, np.int64), np.empty(most), np.empty(most)
    head, end, sent, busy = np.empty(cores, np.int64), np.empty(cores, np.int64), np.empty(cores), np.empty(cores)
    queue, oldest, newest = np.empty(most, np.int64), np.full(cores, -1), np.full(cores, -1)
    source = np.empty(most, np.int64)
    density = np.zeros(grid[0] * grid[1] * (4 + grid[2]))
    for t in range(flags.shape[0]):
        said = flags[t, sample, :]
        busy[:] = 0.0
        if t < inputs.shape[0]:
            for i in range(n_inputs):
                for a in range(first[i], first[i + 1]):  # what comes from outside is there when the step begins
                    busy[to_core[a]] += inputs[t, sample, i] * takes[a]
        last, at = 0.0, 0
        for c in range(cores):
            last = max(last, busy[c])
            head[c] = at
            at = _write(c, said, neurons, begins, first, n_inputs, costs, axon, gap, at)
            end[c] = at
            sent[c] = gap[head[c]] if at > head[c] else np.inf
        density[:] = 0.0
        on_their_way, mean = 0, 0.0
        while True:
            c = int(np.argmin(sent))
            now = sent[c]
            if now == np.inf:
                break
            for d in range(cores):
                while oldest[d] >= 0 and begun[oldest[d]] <= now:
                    gone = oldest[d]
                    a = axon[gone]
                    hops = effect[a, 2] + effect[a, 3]
                    _along(source[gone], d, places, grid, density, -1.0 / (hops + 2))
                    mean = mean + (mean - takes[a]) / (on_their_way - 1) if on_their_way > 1 else 0.0
                    on_their_way -= 1
                    oldest[d] = queue[gone]
            k = head[c]
            a = axon[k]
            if a != NOWHERE:
                d, hops = to_core[a], effect[a, 2] + effect[a, 3]
                crowd = _along(c, d, places, grid, density, 0.0)
                room = (hops + 1) * buffer
                if crowd > room:
                    now += (crowd - room) * mean
                way = max(
                    effect[a, 2] * costs[EAST_WEST] + effect[a, 3] * costs[NORTH_SOUTH], crowd * mean / (hops + 1)
                )
                begun[k] = max(busy[d], now + way)
                busy[d] = begun[k] + takes[a]
                last = max(last, busy[d])
                _along(c, d, places, grid, density, 1.0 / (hops + 2))
                mean += (takes[a] - mean) / (on_their_way + 1)
                on_their_way += 1
                source[k], queue[k] = c, -1
                if oldest[d] < 0:
                    oldest[d] = k
                else:
                    queue[newest[d]] = k
                newest[d] = k
            last = max(last, now)
            head[c] += 1
            sent[c] = now + gap[head[c]] if head[c] < end[c] else np.inf
        oldest[:] = -1
        seconds[t, sample] = last + costs[BARRIER]


@cache
def message_times() -> Callable[..., None]:
    """run(samples, *arguments) with the arguments of `_times` behind `sample`; seconds (steps, batch) is written."""
    whole = [array("int64", axes, read=True) for axes in (1, 2)]
    kinds = (
        *(array("int16", 3, read=True), array("uint16", 3, read=True), whole[0], whole[0], whole[0], whole[1]),
        *(whole[0], whole[0], whole[1], whole[0], array("float64", 1, read=True), array("float64", 1, read=True)),
        numba.float64,
        array("float64", 2, read=False),
    )
    return in_parallel(_times, kinds)
