"""Tables of bits for dense projections of one weight and one delay; what is there twice becomes a list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory, synapse_bits
from spikenet.kernels.bit_counts import SLAB
from spikenet.kernels.connect import count_partners, turned_round
from spikenet.network.records import Projection
from spikenet.network.synapses import Synapses, starts_of
from spikenet.simulate.layout import Layout
from spikenet.simulate.wiring import Part


@dataclass(frozen=True)
class BitTable:
    """bits: (slabs, sources + 1, SLAB / 64) uint64, one a thread."""

    projection: Projection
    delay: int
    weight: float
    bits: list[Array]

    def fan_out(self) -> Array:
        """(sources,) int64: bits that are set."""
        return sum(
            (np.bitwise_count(bits).sum(axis=(0, 2), dtype=np.int64)[:-1] for bits in self.bits),
            start=np.zeros(self.projection.source.n, np.int64),
        )


def bit_table(projection: Projection, made: Synapses, delay: int, layout: Layout) -> tuple[BitTable, Part | None]:
    """The table, and the synapses that are there more than once."""
    bounds = layout.bounds[projection.target.index]
    starts = starts_of(made.degrees)
    partners = made.draw(0, made.degrees.size)
    twice = np.zeros(made.degrees.size, np.int64)
    tables = []
    for thread in range(layout.threads):
        low, high = int(bounds[thread]), int(bounds[thread + 1])
        slabs = -(-(high - low) // SLAB)
        bits = memory.zeros((slabs, projection.source.n + 1, SLAB // 64), np.uint64)
        fill = synapse_bits.set_by_source if made.by_source else synapse_bits.set_by_target
        if slabs:
            fill(starts.size - 1 if made.by_source else slabs, starts, partners, low, high, bits, twice)
        tables.append(bits)
    assert isinstance(projection.weight, float)
    table = BitTable(projection, delay, projection.weight * projection.factor, tables)
    return table, _again(projection, made, starts, partners, twice)


def _again(projection: Projection, made: Synapses, starts: Array, partners: Array, twice: Array) -> Part | None:
    if not twice.any():
        return None
    begins = starts_of(twice)
    kept = np.empty(int(begins[-1]), np.uint32)
    if made.by_source:
        synapse_bits.collect_marked(twice.size, starts, partners, begins, kept)
        return part(projection, twice, kept, None)
    synapse_bits.collect_front(twice.size, starts, partners, twice, begins, kept)
    return by_source(projection, begins, kept, numbered=False)


def part(projection: Projection, degrees: Array, targets: Array, edges: Array | None) -> Part:
    """A part of what is drawn already."""
    starts = starts_of(degrees)
    return Part(projection, degrees, lambda first, last: targets[starts[first] : starts[last]], edges)


def by_source(projection: Projection, starts: Array, partners: Array, *, numbered: bool) -> Part:
    """Synapses that were drawn by target, turned round; numbered: with the numbers they had."""
    chunks, sources = 16, projection.source.n
    counts = np.zeros((chunks, sources), np.int64)
    count_partners(chunks, starts, partners, chunks, counts)
    degrees = counts.sum(axis=0)
    begins = starts_of(degrees)[:-1] + np.cumsum(counts, axis=0) - counts
    targets = np.empty(partners.size, np.uint32)
    edges = np.empty(partners.size if numbered else 0, np.int64)
    turned_round(chunks, starts, partners, chunks, begins, targets, edges)
    return part(projection, degrees, targets, edges if numbered else None)
