"""The weights of a placed program as its loop takes them: for every source the rows that its spikes add.

A spike adds its weights at all the cores it reaches at once: neurons of a layer stand side by side, core after core.
Synapses of different delays have sums of their own, as they have in `hw.neurons.loihi.deliver`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.execution.axons import Axons, Integers, Projection, placed_weights
from hw.programs.weight_rows import by_delay, weight_rows

Array = npt.NDArray[Any]
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


def rows(axons: Axons, projections: Sequence[Projection], *, wide: bool = False) -> Rows:
    """The rows of all sources. wide: whether sums have 64 bits, not 32

    Raises ValueError when a weight has no place in 16 bits or the sums of a neuron none in theirs.
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
        for delay, some in by_delay(placed, _placed_delays(projection, axons.neurons)):
            made, late = weight_rows(some, np.int16), projection.late + delay
            entries.append(np.column_stack([made.source + begin, made.table(size, late, filled)]))
            weights.append(made.weights)
            targets.append(made.targets)
            filled += made.weights.size
            longest = max(longest, late)
            ports.append((size, int(axons.begins[projection.target]), width, projection.exponent))
            size += width
    if largest >= 1 << 31 and not wide:
        raise ValueError(f"placed program: sums of up to {largest} have no place in 32 bits; take smaller exponents")
    table = np.concatenate(entries)
    table = table[np.argsort(table[:, 0], kind="stable")]
    first = np.searchsorted(table[:, 0], np.arange(axons.n_inputs + axons.begins[-1] + 1)).astype(np.int64)
    return Rows(first, np.ascontiguousarray(table[:, 1:]), np.concatenate(weights), np.concatenate(targets),
                np.array(ports, np.int64), largest, longest)  # fmt: skip


def _placed_delays(projection: Projection, neurons: tuple[Integers, ...]) -> Any:
    """Of each synapse, rows and columns in the order in which neurons are placed; None where there are none."""
    if projection.delays is None:
        return None
    delays = np.broadcast_to(projection.delays, projection.weights.shape)[:, neurons[projection.target]]
    return delays if projection.source < 0 else delays[neurons[projection.source]]
