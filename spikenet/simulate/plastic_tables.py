"""Tables of synapses that change: of each thread, those of its own targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import plastic
from spikenet.kernels.sampling import sample_row
from spikenet.network import rules
from spikenet.network.draw import Distribution
from spikenet.network.plasticity import Plasticity
from spikenet.network.populations import WEIGHTS
from spikenet.network.records import Projection
from spikenet.network.synapses import Synapses, listed_order, starts_of
from spikenet.simulate.layout import Layout
from spikenet.simulate.plan import Plan
from spikenet.simulate.ranks import Ranks

OPERATIONS = plastic.arrival_operation, plastic.firing_operation


@dataclass(frozen=True)
class PlasticPart:
    """One thread's synapses, by source; `numbers`: which of the whole projection's they are; arrays as in plastic."""

    numbers: Array
    starts: Array
    targets: Array
    weights: Array
    sources: Array
    behind_starts: Array
    behind: Array
    traces: Array
    trace_steps: Array
    own_traces: Array
    own_steps: Array


@dataclass(frozen=True)
class PlasticTable:
    """source, target: (synapses,) of the projection, by source; delay: steps; sign: of its weights."""

    projection: Projection
    delay: int
    sign: float
    source: Array
    target: Array
    parts: list[PlasticPart]

    def weights(self, ranks: Ranks) -> Array:
        """(synapses,) with their sign."""
        numbers = ranks.joined([part.numbers for part in self.parts])
        values = ranks.joined([part.weights for part in self.parts])
        whole = np.empty(self.source.size, values.dtype)
        whole[numbers] = self.sign * values
        return whole

    def fan_out(self) -> Array:
        """(sources,) int64: synapses onto the neurons of this process."""
        return sum((np.diff(p.starts) for p in self.parts), start=np.zeros(self.projection.source.n, np.int64))


def plastic_table(projection: Projection, made: Synapses, delay: int, layout: Layout, seed: int) -> PlasticTable:
    """The table with the weights as they begin."""
    owner = np.repeat(np.arange(made.degrees.size, dtype=np.int64), made.degrees)
    partner = made.draw(0, made.degrees.size).astype(np.int64)
    source, target = (owner, partner) if made.by_source else (partner, owner)
    weight = _first_weights(projection, source.size, seed)
    order = np.argsort(source, kind="stable")
    source, target, weight = source[order], target[order], weight[order]
    sign = -1.0 if weight.size and weight.min() < 0 else 1.0
    if (sign * weight < 0).any():
        raise ValueError(f"{projection.name}: plastic weights: expected all >= 0 or all <= 0")
    bounds = layout.bounds[projection.target.index]
    parts = []
    for thread in range(layout.threads):
        low, high = int(bounds[thread]), int(bounds[thread + 1])
        numbers = np.flatnonzero((target >= low) & (target < high))
        mine, local, n = source[numbers], target[numbers] - low, high - low
        parts.append(
            PlasticPart(
                numbers,
                starts_of(np.bincount(mine, minlength=projection.source.n)),
                local.astype(np.uint32),
                np.ascontiguousarray(sign * weight[numbers], layout.dtype),
                mine.astype(np.uint32),
                starts_of(np.bincount(local, minlength=n)),
                np.argsort(local, kind="stable"),
                np.zeros((2, projection.source.n, 2)),
                np.full(projection.source.n, plastic.NEVER, np.int64),
                np.zeros((2, max(n, 1), 2)),
                np.full(max(n, 1), plastic.NEVER, np.int64),
            )
        )
    return PlasticTable(projection, delay, sign, source, target, parts)


def _first_weights(projection: Projection, n: int, seed: int) -> Array:
    """(n,) float64, in the order in which synapses are drawn."""
    given = projection.weight
    if isinstance(given, Distribution):
        values = np.empty(n)
        sample_row(given.kind, given.a, given.b, given.low, given.high, WEIGHTS + projection.index, seed, values)
    elif isinstance(given, float):
        values = np.full(n, given)
    else:
        assert isinstance(projection.rule, rules.Listed)
        values = given[listed_order(projection.rule)]
    return values * projection.factor


def add_plastic(plan: Plan, layout: Layout, table: PlasticTable, dt_s: float, *, firing: bool) -> None:
    """The operation of arrivals, or that of firings."""
    p, rule = table.projection, table.projection.plasticity
    assert isinstance(rule, Plasticity)
    amounts = np.array([
        *(dt_s / tau for tau in (rule.tau_r1_s, rule.tau_r2_s, rule.tau_o1_s, rule.tau_o2_s)), rule.on_arrival,
        rule.arrival_by_o1, rule.arrival_by_o1_r2, rule.firing_by_r1, rule.firing_by_r1_o2, rule.largest, rule.power,
        float(rule.nearest), table.sign,
    ])  # fmt: skip
    size = np.dtype(layout.dtype).itemsize
    for thread, part in enumerate(table.parts):
        share = layout.shares[p.target.index][thread]
        if not share.n:
            continue
        row = plan.address(layout.inputs[thread]) + size * share.inputs[p.receptor]
        arrays = (part.starts, part.targets, part.weights, part.behind_starts, part.behind, part.sources, part.traces,
                  part.trace_steps, part.own_traces, part.own_steps, amounts)  # fmt: skip
        entry = [*map(plan.address, arrays), share.n, p.source.n, table.delay, row, layout.slots]
        lists = [share] if firing else layout.lists[p.source.index]
        entry.append(len(lists))
        for one in lists:
            entry += [plan.address(one.counts), plan.address(one.places), one.places.shape[1], one.low]
        plan.add(thread, OPERATIONS[firing](layout.dtype), entry)


STATE = ("weights", "traces", "trace_steps", "own_traces", "own_steps")


def state_of(table: PlasticTable, ranks: Ranks) -> dict[str, Array]:
    """All that changes, for any number of threads: weights by synapse, traces by source and by target."""
    return {
        "weights": table.sign * table.weights(ranks),
        "traces": table.parts[0].traces,
        "trace_steps": table.parts[0].trace_steps,
        "own_traces": ranks.joined([p.own_traces[:, : p.behind_starts.size - 1] for p in table.parts], axis=1),
        "own_steps": ranks.joined([p.own_steps[: p.behind_starts.size - 1] for p in table.parts]),
    }


def put_state(table: PlasticTable, layout: Layout, state: dict[str, Array]) -> None:
    """The reverse of `state_of`."""
    for part, share in zip(table.parts, layout.shares[table.projection.target.index], strict=True):
        part.weights[:] = state["weights"][part.numbers]
        part.traces[:], part.trace_steps[:] = state["traces"], state["trace_steps"]
        part.own_traces[:, : share.n] = state["own_traces"][:, share.low : share.high]
        part.own_steps[: share.n] = state["own_steps"][share.low : share.high]
