"""Projections whose synapses are not stored: what is needed to draw them again, and the inputs they have under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory, redrawn
from spikenet.network.draw import Distribution
from spikenet.network.network import Network
from spikenet.network.records import Projection
from spikenet.network.synapses import Again, Synapses, starts_of
from spikenet.simulate.layout import Layout
from spikenet.simulate.plan import Plan
from spikenet.simulate.wiring import Wiring, description


@dataclass(frozen=True)
class Redrawn:
    """starts: (sources + 1,) int64, number of each source's first synapse; shortest, longest: delays in steps; counted:
    whether spikes are counted before they are weighted, as in tables of bits; row, numbers: of weights and delays."""

    projection: Projection
    again: Again
    starts: Array
    shortest: int
    longest: int
    counted: bool
    row: Array
    numbers: Array

    @property
    def late(self) -> bool:
        """Whether its delays differ, so that its spikes go through the ring."""
        return self.longest > self.shortest


@dataclass(frozen=True)
class RedrawnTables:
    """In the order in which stored ones would be delivered; rings: (rows, inputs) floats of each thread, or none."""

    tables: list[Redrawn]
    rings: list[Array]

    def fan_out(self, projection_source: Any) -> list[Array]:
        """(sources,) int64 of each projection of a source."""
        return [np.diff(t.starts) for t in self.tables if t.projection.source is projection_source]


def chosen_projections(network: Network, procedural: bool | Sequence[Projection]) -> tuple[Projection, ...]:
    """Those that shall not be stored."""
    if isinstance(procedural, bool):
        return tuple(network.projections) if procedural else ()
    for one in procedural:
        if not any(one is p for p in network.projections):
            raise ValueError(f"simulate: procedural: expected projections of this network, got {one!r:.60}")
    return tuple(procedural)


def ring_rows(delays: Sequence[tuple[int, int]]) -> int:
    """Rows of the ring for projections of these shortest and longest delays; 0 where all have one."""
    reach = max((longest - shortest for shortest, longest in delays), default=0)
    return 1 << reach.bit_length() if reach else 0


def redrawn_tables(wiring: Wiring, layout: Layout, dt_s: float) -> RedrawnTables:
    groups: dict[Any, list[tuple[Projection, Synapses, bool]]] = {}
    for p, made, dense in wiring.redrawn:  # bits come first, then lists by source and weight
        weight = p.weight * p.factor if isinstance(p.weight, float) else None
        groups.setdefault(("bits",) if dense else (p.source.index, weight), []).append((p, made, dense))
    ordered = [*groups.pop(("bits",), []), *(one for group in groups.values() for one in group)]
    tables = []
    for p, made, dense in ordered:
        assert made.again is not None
        row, numbers = description(p, dt_s)
        tables.append(Redrawn(p, made.again, starts_of(made.degrees), *wiring.delays[p.index], dense, row, numbers))
    rows = ring_rows([(t.shortest, t.longest) for t in tables])
    rings = [memory.zeros((rows, inputs.size), layout.dtype) for inputs in layout.inputs] if rows else []
    return RedrawnTables(tables, rings)


def add_redrawn(plan: Plan, layout: Layout, drawn: RedrawnTables, seed: int, *, taken: bool = True) -> None:
    """Delivery of all of them; taken: whether the step's row of the ring goes into the inputs."""
    for table in drawn.tables:
        if taken or table.late:
            _add(plan, layout, drawn, table, seed)
    for thread, ring in enumerate(drawn.rings):
        inputs = plan.address(layout.inputs[thread]) if taken else 0
        entry = [*ring.shape, inputs, plan.address(ring)]
        plan.add(thread, redrawn.ring_operation(layout.dtype), entry)


def _add(plan: Plan, layout: Layout, drawn: RedrawnTables, table: Redrawn, seed: int) -> None:
    p, again = table.projection, table.again
    size = np.dtype(layout.dtype).itemsize
    constant = p.weight * p.factor if not isinstance(p.weight, Distribution) else 0.0
    for thread, share in enumerate(layout.shares[p.target.index]):
        if not share.n:
            continue
        home, stride = layout.inputs[thread], 0
        if table.late:
            home, stride = drawn.rings[thread], drawn.rings[thread].shape[1]
        entry = [
            again.kind, p.target.n, again.own, again.stream, seed, plan.address(np.array([again.scale])),
            plan.address(table.starts), max(1, int(np.diff(table.starts).max())), share.low, share.high,
            int(table.counted), plan.address(table.row), plan.address(table.numbers), table.shortest,
            plan.address(home) + size * share.inputs[p.receptor], stride, len(home) if table.late else 1,
            plan.address(np.array([constant], layout.dtype)), layout.slots, len(layout.lists[p.source.index]),
        ]  # fmt: skip
        for one in layout.lists[p.source.index]:
            entry += [plan.address(one.counts), plan.address(one.places), one.places.shape[1]]
        plan.add(thread, redrawn.redraw_operation(layout.dtype, table.late), entry)
