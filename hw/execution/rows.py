"""The weights of a placed program as its loop takes them: for every source the rows that its spikes add.

A spike adds its weights at all the cores it reaches at once: neurons of a layer stand side by side, core after core.
Synapses of different delays have sums of their own, as they have in `hw.neurons.loihi.deliver`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.execution.axons import Axons, Integers, Projection, placed_weights

Array = npt.NDArray[Any]
DENSE = 8  # a row with a synapse onto at least one of so many neurons is kept whole
MOST_WEIGHT = (1 << 15) - 1


@dataclass(frozen=True, eq=False)
class Rows:
    """first, table, weights, targets, ports: see `hw.kernels.placed_loop`, where `table` is called rows.

    largest: of the sums that can reach a neuron;  longest: steps that a spike may be on its way
    """

    first: Integers
    table: Integers
    weights: npt.NDArray[np.int16]
    targets: npt.NDArray[np.int32]
    ports: Integers
    largest: int
    longest: int


def rows(axons: Axons, projections: Sequence[Projection]) -> Rows:
    """The rows of all sources.

    Raises ValueError when a weight has no place in 16 bits or the sums of a neuron none in 32.
    """
    ports, entries = list[tuple[int, ...]](), list[Array]()
    weights, targets = [np.zeros(0, np.int16)], [np.zeros(0, np.int32)]
    filled = size = largest = longest = 0
    for projection in projections:
        placed = placed_weights(projection, axons.neurons)
        if placed.nnz and max(-int(placed.data.min()), int(placed.data.max())) > MOST_WEIGHT:
            raise ValueError("placed program: expected weights within 16 bits signed; take smaller mantissas")
        width, shift = placed.shape[1], max(projection.exponent, 0)
        largest += int(abs(placed).sum(axis=0).max()) << shift if placed.nnz else 0
        begin = 0 if projection.source < 0 else axons.n_inputs + int(axons.begins[projection.source])
        for delay, some in _by_delay(placed, projection, axons.neurons):
            fan = np.diff(some.indptr)
            for whole in (True, False):
                sources = np.flatnonzero((fan > 0) & ((fan * DENSE >= width) == whole))
                kept = some[sources]
                weights.append((kept.toarray().reshape(-1) if whole else kept.data).astype(np.int16))
                targets.append((np.zeros(weights[-1].size) if whole else kept.indices).astype(np.int32))
                n = np.full(len(sources), width) if whole else fan[sources]
                starts = filled + np.cumsum(n) - n
                each = np.ones(len(sources), np.int64)
                late = projection.late + delay
                entries.append(np.stack([sources + begin, each * size, each * late, starts, n, each * (not whole)]))
                filled += weights[-1].size
                longest = max(longest, late)
            ports.append((size, int(axons.begins[projection.target]), width, projection.exponent))
            size += width
    if largest >= 1 << 31:
        raise ValueError(f"placed program: sums of up to {largest} have no place in 32 bits; take smaller exponents")
    table = np.concatenate(entries, axis=1).T.astype(np.int64)
    table = table[np.argsort(table[:, 0], kind="stable")]
    first = np.searchsorted(table[:, 0], np.arange(axons.n_inputs + axons.begins[-1] + 1)).astype(np.int64)
    return Rows(first, np.ascontiguousarray(table[:, 1:]), np.concatenate(weights), np.concatenate(targets),
                np.array(ports, np.int64), largest, longest)  # fmt: skip


def _by_delay(placed: Any, projection: Projection, neurons: tuple[Integers, ...]) -> Iterator[tuple[int, Any]]:
    """(delay, the weights that have it), delays growing."""
    if projection.delays is None:
        yield 0, placed
        return
    delays = np.broadcast_to(projection.delays, projection.weights.shape)[:, neurons[projection.target]]
    if projection.source >= 0:
        delays = delays[neurons[projection.source]]
    entries = placed.tocoo()
    waits = delays[entries.row, entries.col]
    for delay in np.unique(waits):
        has = waits == delay
        some = (entries.data[has], (entries.row[has], entries.col[has]))
        yield int(delay), sparse.csr_array(some, shape=placed.shape)
