"""Xylo: inputs, one pool of hidden neurons whatever the layers, outputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hw.limits.held import held, most
from hw.lowering.connectivity import synapse_count
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired
from hw.records.breach import Breach
from hw.records.chip import Chip


def single_core(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """All limits of the core. Hidden layers behind the first are recurrent connections to the chip."""
    stages = layout.stages
    least = most(chip, "neuron_layers")
    if len(stages) < least:
        change = "put a hidden layer of neurons in front of the outputs"
        yield Breach(
            chip.name, "neuron_layers", "the net", len(stages), least, chip.limits["neuron_layers"].unit, change
        )
    inputs, hidden, out = stages[0].n_sources, sum(s.n_neurons for s in stages[:-1]), stages[-1].n_neurons
    yield from held(chip, "inputs", stages[0].name, inputs, f"reduce the input to {most(chip, 'inputs')} channels")
    share = most(chip, "neurons") / max(hidden, 1)
    yield from held(chip, "neurons", "the hidden layers", hidden,
                    f"take {hidden - most(chip, 'neurons')} neurons out ({share:.0%} of each layer stay)")  # fmt: skip
    yield from held(chip, "outputs", stages[-1].name, out, f"read out {most(chip, 'outputs')} classes")
    if stages[-1].recurrent is not None:
        yield Breach(chip.name, "recurrent outputs", stages[-1].name, None, None, "", "leave their recurrence out")
    for stage in stages:
        if stage.delay:
            change = "leave them out: a spike takes one step from layer to layer, and no other delay is there"
            yield Breach(chip.name, "delays", stage.name, None, None, "", change)
    total = sum(map(synapse_count, stages))
    if wired is not None:
        fan_ins = [wiring.fan_in() for wiring in wired]
        total = sum(int(fan_in.sum()) for fan_in in fan_ins)
        allowed = chip.limit("fan_in") or np.inf
        for stage, fan_in in zip(stages, fan_ins, strict=True):
            cut = int(np.maximum(fan_in - allowed, 0).sum())
            change = f"keep the {allowed:.12g} largest weights of each neuron (prune {cut} of {int(fan_in.sum())})"
            yield from held(chip, "fan_in", stage.name, int(fan_in.max()), change)
    yield from held(chip, "synapses", "the net", total, f"prune {total - most(chip, 'synapses')} weights")
