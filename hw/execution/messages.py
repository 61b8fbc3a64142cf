"""A placed program whose messages carry numbers, run message by message: Loihi 2's.

Step after step, in which the input's messages, and those that are on their way, arrive: each adds its payload times the
row of weights of its source, core by core (`hw.execution.rows`). Then all neurons are updated and send, as in
`hw.kernels.placed_loop`, where Loihi 1's spikes carry nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hw.execution.integers import flags_of
from hw.kernels.row_sums import message_loop
from hw.programs.arriving import shifted
from hw.programs.driven import Driven, DrivenLayer
from hw.programs.layer import LayerRun
from spikenet.kernels.memory import read_only

Array = npt.NDArray[Any]


def has_messages(program: Any) -> bool:
    """Whether a program's layers are such: those of SpiNNaker hear the two signs apart, through ring buffers."""
    return all(isinstance(layer, DrivenLayer) and layer.neurons.signs == 1 for layer in program.layers)


def runs_by_messages(placed: Any, spikes: Array) -> tuple[tuple[LayerRun, ...], Array]:
    """(runs of the layers, flags) driven by messages (steps, batch, inputs): equal to `program.layer_runs`."""
    program, tables, added = placed.program, placed.axons, placed.rows
    layers, n_inputs = program.layers, tables.n_inputs
    steps, batch = len(spikes) + program.late * (len(layers) - 1), spikes.shape[1]
    size, ring = int(added.ports[:, 2].sum()), added.longest + 1
    sums = np.zeros((batch, ring * size), np.int64)
    rows = tuple(map(read_only, (added.table, added.weights, added.targets)))

    def deliver(sent: Array, begin: int, slot: int) -> None:
        given = read_only(np.ascontiguousarray(sent, np.int32))
        first = read_only(added.first[begin : begin + sent.shape[1] + 1])
        message_loop()(batch, given, first, *rows, slot, ring, sums)

    found: list[list[Driven]] = [[] for _ in layers]
    for t in range(steps):
        slot = t % ring
        if t < len(spikes):
            deliver(spikes[t], 0, slot)
        now = sums[:, slot * size : (slot + 1) * size]
        for k, layer in enumerate(layers):
            before = found[k][-1].after if found[k] else None
            found[k].append(layer.neurons.run((_arrived(placed, now, k)[None],), before))
        now[:] = 0
        for k, order in enumerate(tables.neurons):
            deliver(found[k][-1].spikes[0][:, order], n_inputs + int(tables.begins[k]), slot)
    runs = tuple(layer.seen(some) for layer, some in zip(layers, found, strict=True))
    return runs, flags_of(placed, program, runs)


def _arrived(placed: Any, now: Array, k: int) -> Array:
    """(batch, n) what this step's sums come to at the neurons of layer k, in its own order."""
    tables = placed.axons
    low, order = int(tables.begins[k]), tables.neurons[k]
    total = np.zeros((len(now), order.size), np.int64)
    for first, neuron, n, exponent in placed.rows.ports:
        if neuron == low:
            total[:, order] += shifted(now[:, first : first + n], int(exponent))
    return total
