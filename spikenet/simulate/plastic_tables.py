"""Tables of synapses that change: of each thread, those of its own targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import plastic
from spikenet.kernels.synapse_values import values
from spikenet.network.plasticity import Plasticity
from spikenet.network.records import Projection
from spikenet.network.synapses import Synapses, starts_of
from spikenet.simulate.layout import Layout
from spikenet.simulate.plan import Plan
from spikenet.simulate.ranks import Ranks
from spikenet.simulate.wiring import description

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
    eligible: Array
    eligible_steps: Array
    short: Array


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
    bounds, rule = layout.bounds[projection.target.index], projection.plasticity
    assert isinstance(rule, Plasticity)
    if (found := (sign * weight).max(initial=0.0)) > rule.largest:
        raise ValueError(
            f"{projection.name}: weight: expected at most the rule's largest {rule.largest:g}, drawn was {found:g}; "
            "cut the distribution there, with low= and high="
        )
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
                np.zeros(waiting := numbers.size if rule.eligibility_s else 0),
                np.zeros(waiting, np.int64),
                np.zeros((projection.source.n if rule.use else 0, 2)),
            )
        )
    return PlasticTable(projection, delay, sign, source, target, parts)


def _first_weights(projection: Projection, n: int, seed: int) -> Array:
    """(n,) float64, in the order in which synapses are drawn."""
    kept: list[Any] = []  # what the row's addresses point to
    row, numbers = description(projection, 1.0, kept)
    weights, unused_steps = np.empty(n), np.empty(n, np.int64)
    values(row, numbers, seed, weights, unused_steps)
    return weights * projection.factor


def add_plastic(plan: Plan, layout: Layout, table: PlasticTable, dt_s: float, *, firing: bool) -> None:
    """The operation of arrivals, or that of firings."""
    p, rule = table.projection, table.projection.plasticity
    assert isinstance(rule, Plasticity)
    if firing and not rule.learns:
        return
    amounts = np.array([
        *(dt_s / tau for tau in (rule.tau_r1_s, rule.tau_r2_s, rule.tau_o1_s, rule.tau_o2_s)), rule.on_arrival,
        rule.arrival_by_o1, rule.arrival_by_o1_r2, rule.firing_by_r1, rule.firing_by_r1_o2, rule.largest, rule.power,
        float(rule.nearest), table.sign, dt_s / rule.eligibility_s if rule.eligibility_s else 0.0, rule.use,
        *(dt_s / tau if tau else np.inf for tau in (rule.tau_recover_s, rule.tau_facilitate_s)),
    ])  # fmt: skip
    size = np.dtype(layout.dtype).itemsize
    for thread, part in enumerate(table.parts):
        share = layout.shares[p.target.index][thread]
        if not share.n:
            continue
        row = plan.address(layout.inputs[thread]) + size * share.inputs[p.receptor]
        arrays = [part.starts, part.targets, part.weights, part.behind_starts, part.behind, part.sources, part.traces]
        arrays += [part.trace_steps, part.own_traces, part.own_steps, part.eligible, part.eligible_steps, part.short]
        entry = [*map(plan.address, (*arrays, amounts)), share.n, p.source.n, table.delay, row, layout.slots]
        lists = [share] if firing else layout.lists[p.source.index]
        entry.append(len(lists))
        for one in lists:
            entry += [plan.address(one.counts), plan.address(one.places), one.places.shape[1], one.low]
        plan.add(thread, OPERATIONS[firing](layout.dtype), entry)


STATE = ("weights", "traces", "trace_steps", "own_traces", "own_steps", "eligible", "eligible_steps", "short")


def reward(table: PlasticTable, amount: float, step: int, dt_s: float) -> None:
    """Weights change by the reward times what is eligible now, at the beginning of `step`.

    What a step does is done at its end, so that of the last one is as it was made. ValueError for another rule.
    """
    rule = table.projection.plasticity
    if rule is None or not rule.eligibility_s:
        raise ValueError(
            f"reward: {table.projection.name}: expected a rule that can be rewarded, sn.plasticity.rewarded"
        )
    for part in table.parts:
        change = amount * part.eligible * np.exp((part.eligible_steps - (step - 1)) * (dt_s / rule.eligibility_s))
        weights = part.weights.astype(np.float64)
        if rule.power:
            share = weights / rule.largest
            change *= np.where(change > 0, 1.0 - share, share) ** rule.power
        part.weights[:] = np.clip(weights + change, 0.0, rule.largest)


def state_of(table: PlasticTable, ranks: Ranks) -> dict[str, Array]:
    """All that changes, for any number of threads: weights by synapse, traces by source and by target."""
    mine = next(((p.traces, p.trace_steps, p.short) for p in table.parts if p.behind_starts.size > 1), None)
    sources = next(found for found in ranks.everybody(mine) if found is not None)  # who has no targets keeps none
    return {
        "weights": table.sign * table.weights(ranks),
        **dict(zip(("traces", "trace_steps", "short"), sources, strict=True)),
        "own_traces": ranks.joined([p.own_traces[:, : p.behind_starts.size - 1] for p in table.parts], axis=1),
        "own_steps": ranks.joined([p.own_steps[: p.behind_starts.size - 1] for p in table.parts]),
        **{name: _by_number(table, name, ranks) for name in ("eligible", "eligible_steps")},
    }


def put_state(table: PlasticTable, layout: Layout, state: dict[str, Array]) -> None:
    """The reverse of `state_of`."""
    for part, share in zip(table.parts, layout.shares[table.projection.target.index], strict=True):
        part.weights[:] = state["weights"][part.numbers]
        part.traces[:], part.trace_steps[:] = state["traces"], state["trace_steps"]
        part.own_traces[:, : share.n] = state["own_traces"][:, share.low : share.high]
        part.own_steps[: share.n] = state["own_steps"][share.low : share.high]
        part.short[:] = state["short"]
        for name in ("eligible", "eligible_steps"):
            if part.eligible.size:
                getattr(part, name)[:] = state[name][part.numbers]


def _by_number(table: PlasticTable, name: str, ranks: Ranks) -> Array:
    """(synapses,), or nothing where nothing waits for a reward."""
    values = ranks.joined([getattr(part, name) for part in table.parts])
    if not values.size:
        return values
    whole = np.empty_like(values)
    whole[ranks.joined([part.numbers for part in table.parts])] = values
    return whole
