"""Chips made of cores: Loihi 1 and 2, TrueNorth, SpiNNaker."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from hw.limits.held import held, most
from hw.limits.inputs import inputs, pruned
from hw.limits.smaller import too_many_cores, too_many_targets
from hw.lowering.connectivity import synapse_count
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired, wirings
from hw.placement.fill import fill
from hw.placement.profiles import for_chip
from hw.records.architecture import Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip

FROM_ONE = (Architecture.CROSSBAR_CORES, Architecture.SOFTWARE_CORES)
"""Chips whose delays are counted from the step that every connection takes: that one is part of their word."""


def cores(layout: Layout, wired: Wired, chip: Chip, n_chips: int) -> Iterator[Breach]:
    """Delays, fan-in, and how many cores a greedy filling needs."""
    for stage in layout.stages:
        own = int(stage.delay > 0 and chip.architecture in FROM_ONE)
        left = most(chip, "delay") - own
        change = "leave delays out" if left < 1 else f"shorten it to {left} steps"
        yield from held(chip, "delay", stage.name, stage.delay + own, change)
    if wired is None:
        yield from _bound(layout, chip, n_chips)
        return
    if chip.architecture is Architecture.SOFTWARE_CORES:
        yield from _synapse_bytes(chip, sum(int(wiring.fan_in().sum()) for wiring in wired), n_chips, "")
    few = [min((n for _, n in inputs(wiring, chip)), default=None) for wiring in wired]
    yield from (breach for wiring in wired for breach, _ in inputs(wiring, chip))
    prune = any(n is not None for n in few)
    if prune:  # how many cores it takes then
        cut = (stage if n is None else pruned(stage, n) for stage, n in zip(layout.stages, few, strict=True))
        layout = replace(layout, stages=tuple(cut))
        wired = wirings(layout)
    _, wired = for_chip(layout, wired, chip)
    assert wired is not None
    try:
        filled = fill(wired, chip)
    except DoesNotFit as refused:
        yield from (too_many_targets(wired, chip, breach, n_chips) for breach in refused.breaches)
        return
    each = chip.limit("cores")
    if each is not None and len(filled.cores) > each * n_chips:
        yield too_many_cores(wired, chip, filled, n_chips, only_chips=prune)


def _synapse_bytes(chip: Chip, synapses: int, n_chips: int, at_least: str) -> Iterator[Breach]:
    """Of all synapses of a net together."""
    each, allowed = most(chip, "synapse_word_bytes"), chip.limit("synapse_bytes")
    if allowed is not None and synapses * each > allowed * n_chips:
        prune = synapses - int(allowed * n_chips // each)
        change = f"use {at_least}{math.ceil(synapses * each / allowed)} chips, or prune {at_least}{prune} synapses"
        unit = chip.limits["synapse_bytes"].unit if n_chips == 1 else f"bytes on {n_chips} chips"
        yield Breach(chip.name, "synapse_bytes", "the net", synapses * each, allowed * n_chips, unit, change)


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
    each, used = chip.limit("cores"), math.ceil(max(needs))
    if each is not None and used > each * n_chips:
        unit = chip.limits["cores"].unit if n_chips == 1 else f"cores on {n_chips} chips"
        change = f"use at least {math.ceil(used / each)} chips"
        yield Breach(chip.name, "cores", "the net", used, each * n_chips, unit, change)
    if "synapse_word_bytes" in chip.limits:
        yield from _synapse_bytes(chip, total, n_chips, "at least ")
