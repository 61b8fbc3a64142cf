"""Chips made of cores: Loihi 1 and 2, TrueNorth, SpiNNaker."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hw.limits.held import held, most
from hw.lowering.connectivity import synapse_count
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired
from hw.placement.fill import fill
from hw.records.architecture import Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip

FROM_ONE = (Architecture.CROSSBAR_CORES, Architecture.SOFTWARE_CORES)
"""Chips whose delays are counted from the step that every connection takes: that one is part of their word."""


def cores(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Delays, fan-in, and how many cores a greedy filling needs."""
    for stage in layout.stages:
        own = int(stage.delay > 0 and chip.architecture in FROM_ONE)
        change = f"shorten it to {most(chip, 'delay') - own} steps"
        yield from held(chip, "delay", stage.name, stage.delay + own, change)
    if wired is None:
        yield from _bound(layout, chip, n_chips)
        return
    too_many = False
    if "input_axons" in chip.limits:
        for wiring in wired:
            fan_in = wiring.fan_in()
            for breach in held(chip, "input_axons", wiring.stage.name, int(fan_in.max()), ""):
                n = int((fan_in > (breach.allowed or 0)).sum())
                change = f"keep the {breach.allowed:.12g} largest weights of each neuron ({n} neurons have more)"
                yield Breach(chip.name, "input_axons", breach.where, breach.needed, breach.allowed, breach.unit, change)
                too_many = True
    if chip.architecture is Architecture.SOFTWARE_CORES:
        synapses = sum(int(wiring.fan_in().sum()) for wiring in wired)
        needed = synapses * most(chip, "synapse_word_bytes")
        yield from _on_chips(chip, "synapse_bytes", needed, n_chips)
    if too_many:
        return  # no filling there is
    try:
        used = len(fill(wired, chip).cores)
    except DoesNotFit as refused:
        yield from refused.breaches
        return
    yield from _on_chips(chip, "cores", used, n_chips)


def _on_chips(chip: Chip, limit: str, needed: float, n_chips: int) -> Iterator[Breach]:
    allowed = chip.limit(limit)
    if allowed is not None and needed > allowed * n_chips:
        chips = math.ceil(needed / allowed)
        share = allowed * n_chips / needed
        change = f"use {chips} chips, or prune to about {share:.0%} of the synapses or neurons"
        yield Breach(chip.name, limit, "the net", needed, allowed * n_chips, chip.limits[limit].unit, change)


def _bound(layout: Layout, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Cores from sums alone: neurons, and the bits of all synapses. Windows over a border are counted in full."""
    total = sum(map(synapse_count, layout.stages))
    neurons = sum(stage.n_neurons for stage in layout.stages)
    needs = [neurons / (chip.limit("neurons") or math.inf)]
    memory = chip.limits.get("synapse_bits", chip.limits.get("memory_bits"))
    if memory is not None and memory.value:
        needs.append(total * most(chip, "weight_bits") / memory.value)
    if "input_axons" in chip.limits and chip.architecture is Architecture.CROSSBAR_CORES:
        needs.append(total / (most(chip, "neurons") * most(chip, "input_axons")))
    yield from _on_chips(chip, "cores", math.ceil(max(needs)), n_chips)
    if "synapse_word_bytes" in chip.limits:
        yield from _on_chips(chip, "synapse_bytes", total * most(chip, "synapse_word_bytes"), n_chips)
