"""Step times with links that fill up: SANA-FE's `detailed` model, followed message by message.

Each core works through its neurons and sends its messages one after another; of all cores, whichever is due first goes
on. A message meets the density d, the sum over the links of its way of 1 / (hops + 2) for every message on them. With
more than buffer (hops + 1) it waits (d - buffer (hops + 1)) m before it leaves, m being the mean time of processing
the messages on their way; the way takes the time of its hops or d m / (hops + 1), whichever is longer. A core receives
one message at a time. The step ends when the last is done, and the barrier with it. Messages from outside are there
when the step begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.execution.events import effects
from hw.execution.message_times import message_times
from hw.execution.times import Simple, StepTimes, Used, synapse_times, synaptic_ops, tiles_in_use
from hw.kernels.event_counts import ACTIVE_UPDATES, AXONS_IN, AXONS_OUT, EAST_WEST, NORTH_SOUTH, SPIKES
from hw.records.event_times import EventTimes, Tick
from spikenet.errors import positive
from spikenet.kernels.memory import read_only

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Detailed:
    """Every message on its links. times: the chip's own when None;  buffer: messages a link holds (SANA-FE's 16)."""

    times: EventTimes | Tick | None = None
    buffer: float = 16.0

    def __post_init__(self) -> None:
        positive("Detailed: buffer", self.buffer)
        if self.times is not None:
            self.times.check("times")

    def __call__(self, placed: Any, spikes: Array, flags: Array, counts: Array) -> StepTimes:
        times = self.times or placed.program.chip.times
        if not isinstance(times, EventTimes):
            return Simple(times)(placed, spikes, flags, counts)
        used, tables, cores = Used(), placed.axons, placed.placement.cores
        happened: Array = np.asarray(counts.any(axis=(0, 1, 2)))
        idle = counts[..., ACTIVE_UPDATES] < np.bincount(tables.core, minlength=len(cores))
        costs = np.array([
            used("inactive updates", times.update_inactive, bool(idle.any())),
            used("active updates", times.update_active, happened[ACTIVE_UPDATES]),
            used("spikes", times.spike_out, happened[SPIKES]),
            used("axons out", times.axon_out, happened[AXONS_OUT]),
            used("hops east-west", times.hop_east_west, happened[EAST_WEST]),
            used("hops north-south", times.hop_north_south, happened[NORTH_SOUTH]),
            used("barrier", times.barrier_of(tiles_in_use(placed)), True),
        ])  # fmt: skip
        by_form = zip(synaptic_ops(counts), synapse_times(times), strict=True)
        each = np.array([used("synaptic operations", fact, bool(ops.any())) for ops, fact in by_form])
        takes = used("axons in", times.axon_in, happened[AXONS_IN]) + tables.synapses * each[tables.form]
        mesh = placed.placement.mesh
        order = np.argsort(tables.core, kind="stable")
        begins = np.searchsorted(tables.core[order], np.arange(len(cores) + 1))
        places = np.array([(core.x, core.y, core.number) for core in cores], np.int64)
        grid = np.array([mesh.width, mesh.height, mesh.cores], np.int64)
        given = (spikes.astype(np.int16), flags, tables.first, tables.core, tables.to_core, effects(tables), order,
                 begins, places, grid)  # fmt: skip
        values = np.zeros(flags.shape[:2])
        arguments = (read_only(np.ascontiguousarray(a)) for a in (*given, takes, costs))
        message_times()(flags.shape[1], *arguments, float(self.buffer), values)
        return used.times(values, "every message on its links (SANA-FE's detailed model)")


detailed = Detailed()
