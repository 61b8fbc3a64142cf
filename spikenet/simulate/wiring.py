"""From projections to tables: which become bits, which lists, and how long their delays are."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.errors import Array
from spikenet.kernels import synapse_values as fields
from spikenet.kernels.alias import MOST, alias_table, counts_between, shift_for
from spikenet.kernels.sampling import share_within, words_between
from spikenet.kernels.synapse_lists import delay_range
from spikenet.network import rules
from spikenet.network.clock import steps_of
from spikenet.network.draw import Distribution
from spikenet.network.network import Network
from spikenet.network.populations import DELAYS, SYNAPSES, WEIGHTS
from spikenet.network.records import Projection
from spikenet.network.synapses import LARGEST, Synapses, listed_order, synapses

DENSE = 1 / 32  # share of all pairs from which bits take less time than a list, and less memory from twice that
WIDE = 256  # targets below which a vector of bits is mostly empty
LONGEST_WINDOW = 64  # steps between two meetings of the threads: longer ones only need more room
NEAR = 1 << 15  # synapses that are drawn again between two meetings, so that they are read from the caches
BUSY_HZ = 10.0  # at which neurons are taken to fire
COUNTED = 1_000_000  # synapses up to which the longest delay is looked up, not taken from the distribution's reach


@dataclass(frozen=True)
class Part:
    """Synapses of one projection that go into a list.

    degrees: (sources,) int64; draw(first, last): uint32 targets; edges: their numbers, where they are not in order
    """

    projection: Projection
    degrees: Array
    draw: Callable[[int, int], Array]
    edges: Array | None


@dataclass(frozen=True)
class Wiring:
    """dense: projections that become bits, with their synapses; listed: the others; delays: (shortest, longest) of each
    projection in steps, by its index; plastic: those that change; redrawn: those not stored, (projection, synapses,
    whether they would be bits)."""

    dense: list[tuple[Projection, Synapses]]
    listed: list[tuple[Projection, Synapses]]
    delays: dict[int, tuple[int, int]]
    seed: int
    plastic: list[tuple[Projection, Synapses]]
    redrawn: list[tuple[Projection, Synapses, bool]]

    @property
    def shortest(self) -> int:
        return min((d[0] for d in self.delays.values()), default=0)

    @property
    def longest(self) -> int:
        return max((d[1] for d in self.delays.values()), default=0)

    def window(self, dt_s: float) -> int:
        """Steps between two meetings of the threads: until the next spike can arrive anywhere, or enough is drawn."""
        drawn_a_step = BUSY_HZ * dt_s * sum(made.total for _, made, _ in self.redrawn)
        return int(max(1, min(self.shortest or LONGEST_WINDOW, LONGEST_WINDOW, NEAR / max(drawn_a_step, 1e-9))))

    @property
    def total(self) -> int:
        stored = sum(s.total for _, s in (*self.dense, *self.listed, *self.plastic))
        return stored + sum(s.total for _, s, _ in self.redrawn)


def wire(network: Network, seed: int, procedural: Container[Projection] = ()) -> Wiring:
    """Draws how many synapses everyone has, not yet which; `procedural`: those that shall not be stored."""
    dense: list[tuple[Projection, Synapses]] = []
    listed: list[tuple[Projection, Synapses]] = []
    plastic: list[tuple[Projection, Synapses]] = []
    redrawn: list[tuple[Projection, Synapses, bool]] = []
    delays: dict[int, tuple[int, int]] = {}
    for p in network.projections:
        one = p.source is p.target
        made = synapses(p.name, p.rule, p.source.n, p.target.n, one, seed, SYNAPSES + p.index)
        if made.total > LARGEST:
            raise ValueError(
                f"{p.name}: {made.total} synapses; one projection holds at most {LARGEST}; make it several"
            )
        if not made.total and p.plasticity is None:
            continue
        delays[p.index] = _delays(p, made.total, network.dt_s, seed)
        if p in procedural and (made.again is None or p.plasticity is not None):
            why = (
                "synapses that change must be stored"
                if p.plasticity is not None
                else f"{type(p.rule).__name__} cannot be drawn again source by source, as all_to_all, one_to_one, "
                "pairwise, fixed_outdegree and fixed_total with multapses and fixed_indegree with both can"
            )
            raise ValueError(f"{p.name}: procedural: {why}; store this projection")
        if p.plasticity is not None:
            plastic.append((p, made))
            continue
        if p in procedural:
            redrawn.append((p, made, is_dense(p, made.total)))
        else:
            (dense if is_dense(p, made.total) else listed).append((p, made))
    return Wiring(dense, listed, delays, seed, plastic, redrawn)


def is_dense(p: Projection, total: float) -> bool:
    """Whether so many synapses become bits, not lists."""
    alike = isinstance(p.weight, float) and isinstance(p.delay_s, float)
    return alike and total >= DENSE * p.source.n * p.target.n and p.target.n >= WIDE


def _delays(p: Projection, total: int, dt_s: float, seed: int) -> tuple[int, int]:
    """Shortest and longest delay in steps."""
    name = f"{p.name}: delay_s"
    if not isinstance(p.delay_s, Distribution):
        steps = steps_of(name, p.delay_s, dt_s, 1)
        return int(steps.min()), int(steps.max())
    low, high = p.delay_s.range
    if total > COUNTED and high < 100 * max(p.delay_s.mean, dt_s):
        return max(1, int(steps_of(name, low, dt_s, 0))), int(steps_of(name, high, dt_s, 0))
    tasks = numba.get_num_threads()
    table, numbers = description(p, dt_s)
    ranges = np.empty((tasks, 2), np.int64)
    delay_range(tasks, table, numbers, total, seed, tasks, ranges)
    longest = int(ranges[:, 1].max())
    steps_of(name, longest * dt_s, dt_s, 0)
    return int(ranges[:, 0].min()), longest


@cache
def delay_table(value: Distribution, steps_a_second: float) -> tuple[int, Array] | None:
    """(steps of the first outcome, alias_table) of drawn delays, each rounded to the nearest step and one at least;
    None where there are too many."""
    reach = (np.floor(seconds * steps_a_second + 0.5) for seconds in value.range)
    first, last = (int(max(1.0, min(steps, 2.0**40))) for steps in reach)
    if last - first >= MOST:
        return None
    drawn = value.kind, value.a, value.b
    whole = share_within(*drawn, value.low, value.high)
    edges = ((steps + 0.5) / steps_a_second for steps in range(first, last))
    below = (share_within(*drawn, value.low, edge) / whole if edge > value.low else 0.0 for edge in edges)
    return first, alias_table(counts_between([*(min(part, 1.0) for part in below), 1.0]))


def description(p: Projection, dt_s: float, keep: list[Any] | None = None) -> tuple[Array, Array]:
    """The rows of synapse_values for a projection's weights and delays; keep gets what they point to."""
    table, numbers = np.zeros(fields.FIELDS, np.int64), np.zeros(fields.NUMBERS)
    table[fields.WEIGHT_STREAM] = table[fields.DELAY_STREAM] = -1
    numbers[fields.DELAY_UNIT], numbers[fields.FACTOR] = 1 / dt_s, p.factor
    places = (
        (fields.WEIGHT_VALUES, fields.WEIGHT_STREAM, WEIGHTS),
        (fields.DELAY_VALUES, fields.DELAY_STREAM, DELAYS),
    )
    for k, (value, (values, stream, purpose)) in enumerate(zip((p.weight, p.delay_s), places, strict=True)):
        at = k * fields.CHOSEN
        if isinstance(value, Distribution):
            table[stream] = purpose + p.index
            drawn = value.kind, value.a, value.b, value.low, value.high
            numbers[at : at + fields.CHOSEN] = *drawn, *words_between(*drawn)
            looked_up = delay_table(value, 1 / dt_s) if stream == fields.DELAY_STREAM else None
            if looked_up:
                first, steps = looked_up
                table[fields.DELAY_TABLE :] = steps.ctypes.data, int(shift_for(steps.size)), first
        elif isinstance(value, float):
            numbers[at + 1] = value
        else:
            assert isinstance(p.rule, rules.Listed)
            given = np.ascontiguousarray(value[listed_order(p.rule)])
            table[values] = given.ctypes.data
            if keep is not None:
                keep.append(given)
    return table, numbers
