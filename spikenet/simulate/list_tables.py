"""Tables of listed synapses: all projections of a population together, by source, thread and delay."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels import synapse_values as fields
from spikenet.kernels.synapse_lists import fill
from spikenet.network.records import Population
from spikenet.network.synapses import LARGEST, Synapses, starts_of
from spikenet.simulate.bit_tables import by_source, part
from spikenet.simulate.layout import Layout
from spikenet.simulate.wiring import Part, Wiring, description

STRETCH = 8_000_000  # synapses drawn at a time


@dataclass(frozen=True)
class ListTable:
    """Synapses of one source population.

    shortest, delays: of the delays, and how many steps there are to the longest, both counted
    rows   : (sources * threads * delays + 1,) uint32, which synapse begins each stretch
    listed : uint8, of each stretch its targets, then its weights, as in list_delivery
    target : np.uint16 or np.uint32: places among the inputs of the owning thread, counted from base[thread]
    weight : (1,) the one for all, or nothing
    """

    source: Population
    shortest: int
    delays: int
    rows: Array
    listed: Array
    target: np.dtype[Any]
    weight: Array
    base: Array

    @property
    def valued(self) -> bool:
        """Whether each synapse has a weight of its own."""
        return self.weight.size == 0

    def fan_out(self, threads: int) -> Array:
        """(sources,) int64."""
        counts: Array = np.diff(self.rows[:: threads * self.delays].astype(np.int64))
        return counts


def list_tables(wiring: Wiring, parts: list[Part], layout: Layout, dt_s: float) -> list[ListTable]:
    """One table for each source population and weight, those with many weights in one."""
    groups: dict[tuple[int, float | None], list[Part]] = {}
    for one in (*(_part(p, made, layout) for p, made in wiring.listed), *parts):
        p = one.projection
        weight = p.weight * p.factor if isinstance(p.weight, float) else None
        groups.setdefault((p.source.index, weight), []).append(one)
    return [_table(wiring, group, weight, layout, dt_s) for (_, weight), group in groups.items()]


def _part(projection: Any, made: Synapses, layout: Layout) -> Part:
    """The synapses onto the neurons that this process has."""
    low, high = (int(layout.bounds[projection.target.index][k]) for k in (0, -1))
    starts = starts_of(made.degrees)
    if not made.by_source:
        first, last = starts[low], starts[high]
        made_part = by_source(projection, np.clip(starts, first, last) - first, made.draw(low, high), numbered=True)
        assert made_part.edges is not None
        made_part.edges[:] += first
        return made_part
    if low == 0 and high == projection.target.n:
        return Part(projection, made.degrees, made.draw, None)
    targets, edges, degrees = [np.empty(0, np.uint32)], [np.empty(0, np.int64)], np.zeros_like(made.degrees)
    for begin, end in _stretches(starts):
        drawn = made.draw(begin, end)
        mine = np.flatnonzero((drawn >= low) & (drawn < high))
        targets.append(drawn[mine])
        edges.append(mine + starts[begin])
        owners = np.searchsorted(starts[begin : end + 1] - starts[begin], mine, side="right") - 1
        degrees[begin:end] = np.bincount(owners, minlength=end - begin)
    return part(projection, degrees, np.concatenate(targets), np.concatenate(edges))


def _table(wiring: Wiring, group: list[Part], weight: float | None, layout: Layout, dt_s: float) -> ListTable:
    source, threads = group[0].projection.source, layout.threads
    degrees = np.sum([part.degrees for part in group], axis=0)
    begins = starts_of(degrees)
    if begins[-1] > LARGEST:
        raise ValueError(f"{source.name}: {begins[-1]} synapses; a population sends at most {LARGEST}")
    ranges = [wiring.delays[part.projection.index] for part in group]
    shortest, longest = min(r[0] for r in ranges), max(r[1] for r in ranges)
    delays = longest - shortest + 1
    ports = [layout.ports(part.projection.target.index, part.projection.receptor) for part in group]
    widths = [np.diff(layout.bounds[part.projection.target.index]) for part in group]
    base = np.min(ports, axis=0)
    span = int(np.max(np.array(ports) + widths - base))
    rows = memory.empty((source.n * threads * delays + 1,), np.uint32)
    rows[-1] = begins[-1]
    target = np.dtype(np.uint16 if span <= 1 << 16 else np.uint32)
    alike = np.array([] if weight is None else [weight], layout.dtype)
    each = target.itemsize + (alike.itemsize if weight is None else 0)
    listed = memory.empty((int(begins[-1]) * each,), np.uint8)
    table = ListTable(source, shortest, delays, rows, listed, target, alike, base)
    for first, last in _stretches(begins):
        _fill(wiring, group, table, ports, begins, first, last, layout, dt_s)
    return table


def _stretches(begins: Array) -> list[tuple[int, int]]:
    cuts = np.searchsorted(begins, np.arange(0, int(begins[-1]), STRETCH), side="right") - 1
    edges = sorted({0, *(int(c) for c in cuts), begins.size - 1})
    return list(pairwise(edges))


def _fill(
    wiring: Wiring, group: list[Part], table: ListTable, ports: list[Array], begins: Array, first: int, last: int,
    layout: Layout, dt_s: float,
) -> None:  # fmt: skip
    kept: list[Any] = []  # what the table's addresses point to
    lines, numbers = [], []

    def address(array: Array) -> int:
        kept.append(array)
        return int(array.ctypes.data)

    for one, port in zip(group, ports, strict=True):
        line, number = description(one.projection, dt_s, kept)
        before = int(one.degrees[:first].sum())
        starts = starts_of(one.degrees[first:last])
        line[fields.STARTS] = address(starts)
        line[fields.PARTNERS] = address(np.ascontiguousarray(one.draw(first, last)))
        line[fields.EDGES] = 0 if one.edges is None else address(one.edges[before : before + starts[-1]])
        line[fields.NUMBER] = before
        line[fields.BOUNDS] = address(layout.bounds[one.projection.target.index])
        line[fields.PORTS] = address(port - table.base)
        lines.append(line)
        numbers.append(number)
    most = int(np.max(np.diff(begins[first : last + 1])))
    tasks = numba.get_num_threads()
    fill(
        tasks, fields.values_address(), np.array(lines), np.array(numbers), layout.threads, table.shortest,
        table.delays, max(most, 1), wiring.seed, tasks, first, begins[first : last + 1], table.rows,
        int(table.listed.ctypes.data), table.target.itemsize, table.weight.itemsize if table.valued else 0,
    )  # fmt: skip
