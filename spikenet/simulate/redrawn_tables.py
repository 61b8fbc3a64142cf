"""Projections whose synapses are not stored: what is needed to draw them again, and the inputs they have under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory, redrawn, redrawn_draw, redrawn_plan, redrawn_ring
from spikenet.kernels.program import run_windows
from spikenet.network.draw import Distribution
from spikenet.network.network import Network
from spikenet.network.records import Projection
from spikenet.network.synapses import Again, Synapses, starts_of
from spikenet.simulate.layout import Layout
from spikenet.simulate.plan import Plan
from spikenet.simulate.running import using_threads
from spikenet.simulate.wiring import Wiring, description

ARENA_ROOM = 1 << 19  # synapses that a thread puts down in a window; more are drawn by every thread


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

    @property
    def most(self) -> int:
        """Synapses of one source, at most."""
        return max(1, int(np.diff(self.starts).max()))

    @property
    def synapses(self) -> int:
        """PLAIN, VALUED or DELAYED, as in kernels.redrawn_plan."""
        drawn = redrawn_plan.VALUED if isinstance(self.projection.weight, Distribution) else redrawn_plan.PLAIN
        return redrawn_plan.DELAYED if self.late else drawn


@dataclass(frozen=True)
class Ring:
    """One thread's, as in kernels.redrawn_ring. rows: (steps + 1, inputs) floats, of which few are ever touched;
    listed: (steps, entries, words) uint64; filled, spilled: (steps,)."""

    rows: Array
    listed: Array
    filled: Array
    spilled: Array

    def clear(self) -> None:
        self.rows[:-1][self.spilled != 0] = 0
        self.filled.fill(0)
        self.spilled.fill(0)


@dataclass(frozen=True)
class RedrawnTables:
    """In the order in which stored ones would be delivered; rings: one a thread, or none; arenas, alone: of each
    thread, as in kernels.redrawn_plan, for the spikes of a window and for one; indices: of each table and thread; room:
    synapses of an arena; window: steps between two meetings."""

    tables: list[Redrawn]
    rings: list[Ring]
    arenas: list[tuple[Array, ...]]
    alone: list[tuple[Array, ...]]
    indices: list[list[Array]]
    room: int
    window: int

    def fan_out(self, projection_source: Any) -> list[Array]:
        """(sources,) int64 of each projection of a source."""
        return [np.diff(t.starts) for t in self.tables if t.projection.source is projection_source]


def chosen_projections(network: Network, procedural: bool | Sequence[Projection]) -> tuple[Projection, ...]:
    """Those that shall not be stored."""
    if isinstance(procedural, bool):
        return tuple(network.projections) if procedural else ()
    if not isinstance(procedural, Sequence) or isinstance(procedural, str):
        raise TypeError(f"simulate: procedural: expected True, False or a list of projections, got {procedural!r:.60}")
    for one in procedural:
        if not any(one is p for p in network.projections):
            raise ValueError(f"simulate: procedural: expected projections of this network, got {one!r:.60}")
    return tuple(procedural)


def ring_rows(delays: Sequence[tuple[int, int]]) -> int:
    """Rows of the ring for projections of these shortest and longest delays; 0 where all have one."""
    reach = max((longest - shortest for shortest, longest in delays), default=0)
    return 1 << reach.bit_length() if reach else 0


def redrawn_tables(wiring: Wiring, layout: Layout, dt_s: float, window: int) -> RedrawnTables:
    groups: dict[Any, list[tuple[Projection, Synapses, bool]]] = {}
    for p, made, dense in wiring.redrawn:  # bits come first, then lists by source and weight
        weight = p.weight * p.factor if isinstance(p.weight, float) else None
        groups.setdefault(("bits",) if dense else (p.source.index, weight), []).append((p, made, dense))
    ordered = [*groups.pop(("bits",), []), *(one for group in groups.values() for one in group)]
    tables = []
    for p, made, dense in ordered:
        assert made.again is not None
        shortest, longest = wiring.delays[p.index]
        if longest - shortest >= 1 << 16:
            raise ValueError(
                f"{p.name}: procedural: delays of {shortest} to {longest} steps, expected fewer than {1 << 16} apart; "
                "store this projection"
            )
        row, numbers = description(p, dt_s)
        tables.append(Redrawn(p, made.again, starts_of(made.degrees), shortest, longest, dense, row, numbers))
    if not tables:
        return RedrawnTables([], [], [], [], [], 0, window)
    rows = ring_rows([(t.shortest, t.longest) for t in tables])
    rings = [_ring(rows, inputs.size, layout.dtype) for inputs in layout.inputs] if rows else []
    most = max(t.most for t in tables)
    room = arena_room(sum(int(t.starts[-1]) for t in tables), layout.threads)
    kinds = {t.synapses for t in tables}
    arenas = [_arena(room, most, kinds, layout.dtype) for _ in layout.inputs]
    alone = [_arena(most, most, kinds, layout.dtype) for _ in layout.inputs]
    indices = [
        [np.zeros(1 + 2 * redrawn_plan.SPIKES, np.int64) for _ in layout.inputs] for _ in tables
    ]  # fmt: skip
    return RedrawnTables(tables, rings, arenas, alone, indices, room, window)


def _ring(rows: int, size: int, dtype: str) -> Ring:
    listed = np.empty((rows, list_room(size), redrawn_ring.entry_words(dtype)), np.uint64)
    return Ring(np.zeros((rows + 1, size), dtype), listed, np.zeros(rows, np.uint64), np.zeros(rows, np.int64))


def list_room(size: int) -> int:
    """Entries of a list of a ring with rows of this size."""
    return max(64, size)


def arena_room(synapses: int, threads: int) -> int:
    """Synapses of a thread's arena: none where there is one thread only."""
    return min(ARENA_ROOM, synapses) if threads > 1 else 0


def _arena(room: int, most: int, kinds: set[int], dtype: str) -> tuple[Array, ...]:
    valued, late = bool(kinds - {redrawn_plan.PLAIN}), redrawn_plan.DELAYED in kinds
    scratch = memory.empty((redrawn_draw.scratch_words(most),), np.float64)
    return (
        memory.empty((room + 1,), np.uint32), memory.empty((room + 1 if valued else 1,), dtype),
        memory.empty((room + 1 if late else 1,), np.uint16), scratch,
        np.zeros(2, np.int64),
    )  # fmt: skip


def add_redrawn(plan: Plan, layout: Layout, drawn: RedrawnTables, seed: int, *, taken: bool = True) -> None:
    """Delivery of all of them; taken: whether the step's row of the ring goes into the inputs."""
    if not drawn.tables:
        return
    arenas, alone = (
        np.array([[plan.address(a) for a in arena] for arena in kind], np.int64) for kind in (drawn.arenas, drawn.alone)
    )
    rings = [
        plan.address(np.array([
            ring.filled.size, ring.rows.shape[1], plan.address(ring.rows), ring.listed.shape[1],
            plan.address(ring.listed), plan.address(ring.filled), plan.address(ring.spilled),
            plan.address(inputs) if taken else 0,
        ], np.int64))
        for ring, inputs in zip(drawn.rings, layout.inputs, strict=False)
    ]  # fmt: skip
    first = True
    for table, indices in zip(drawn.tables, drawn.indices, strict=True):
        if taken or table.late:
            _add(plan, layout, drawn, table, indices, arenas, alone, rings, seed, first)
            first = False
    for thread, ring in enumerate(rings):
        plan.add(thread, redrawn_ring.ring_operation(layout.dtype), [ring])


def _add(
    plan: Plan, layout: Layout, drawn: RedrawnTables, table: Redrawn, indices: list[Array], arenas: Array,
    alone: Array, rings: list[int], seed: int, first: bool,
) -> None:  # fmt: skip
    p, again = table.projection, table.again
    size = np.dtype(layout.dtype).itemsize
    constant = p.weight * p.factor if not isinstance(p.weight, Distribution) else 0.0
    lists = layout.lists[p.source.index]
    for thread, share in enumerate(layout.shares[p.target.index]):
        port = share.inputs[p.receptor]
        entry = [
            again.kind, p.target.n, again.own, again.places, again.stream, seed,
            plan.address(np.array([again.scale])),
            plan.address(table.starts),
            layout.threads, thread, plan.address(layout.bounds[p.target.index]), int(first),
            plan.address(arenas), plan.address(alone[thread].copy()),
            plan.address(np.array([plan.address(one) for one in indices], np.int64)), drawn.window, int(table.counted),
            plan.address(table.row), plan.address(table.numbers), table.shortest,
            plan.address(layout.inputs[thread]) + size * port, port, rings[thread] if table.late else 0,
            plan.address(np.array([constant], layout.dtype)), layout.slots, drawn.room, table.synapses,
            redrawn_draw.draw_address(layout.dtype), len(lists),
        ]  # fmt: skip
        for one in lists:
            entry += [plan.address(one.counts), plan.address(one.places), one.places.shape[1]]
        if drawn.room:
            plan.add(thread, redrawn_draw.gather_operation(), entry, begins=True)
        if share.n:
            plan.add(thread, redrawn.deliver_operation(layout.dtype), entry)


def put_down_again(layout: Layout, drawn: RedrawnTables, seed: int, begin: int, end: int, window: int) -> None:
    """The inputs under way in the rings, from the spikes of the steps `begin` to end - 1."""
    if drawn.rings:
        for ring in drawn.rings:
            ring.clear()
        plan = Plan(layout.threads)
        add_redrawn(plan, layout, drawn, seed, taken=False)
        with using_threads(layout.threads):
            run_windows(plan.written(), layout.threads, begin, end, window, np.zeros(1, np.int64))
