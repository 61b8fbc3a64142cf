"""BrainScaleS-2: circuits under columns of synapses. Signs belong to rows, so a source with both takes two rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hw.limits.held import held, most
from hw.lowering.connectivity import synapse_count
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired
from hw.records.breach import Breach
from hw.records.chip import Chip


def analogue(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Circuits, synapses and the rows of each layer's sources."""
    stages = layout.stages
    neurons = sum(stage.n_neurons for stage in stages)
    yield from held(chip, "neurons", "the net", neurons, f"take {neurons - most(chip, 'neurons')} neurons out")
    total = sum(map(synapse_count, stages))
    if wired is not None:
        fan_ins = [wiring.fan_in() for wiring in wired]
        total = sum(int(fan_in.sum()) for fan_in in fan_ins)
        for stage, fan_in in zip(stages, fan_ins, strict=True):
            rows = 2 if (stage.weight < 0).any() and (stage.weight > 0).any() else 1
            allowed = most(chip, "fan_in") // rows
            signs = ", two rows for weights of both signs" if rows == 2 else ""
            cut = int(np.maximum(fan_in - allowed, 0).sum())
            change = f"keep the {allowed} largest weights of each neuron (prune {cut}{signs})"
            yield from held(chip, "fan_in", stage.name, int(fan_in.max()) * rows, change)
            if stage.delay:
                yield Breach(chip.name, "delays", stage.name, None, None, "", "leave them out: synapses have none")
    yield from held(chip, "synapses", "the net", total, f"prune {total - most(chip, 'synapses')} weights")
