"""Xylo: inputs, one pool of hidden neurons whatever the layers, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.limits.held import held, most
from hw.lowering.connectivity import order, synapse_count
from hw.lowering.stages import Layout
from hw.placement.core_room import Wired, Wiring
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
        total = sum(int(wiring.fan_in().sum()) for wiring in wired)
        yield from _projections(wired, chip)
        yield from _fans(wired, chip)
    yield from held(chip, "synapses", "the net", total, f"prune {total - most(chip, 'synapses')} weights")


def _projections(wired: tuple[Wiring, ...], chip: Chip) -> Iterator[Breach]:
    """Hidden neurons that hear inputs, and that outputs hear: on some chips only so many can."""
    first, last = wired[0], wired[-1]
    if len(wired) == 1:
        return
    hear, heard = np.diff(first.columns[0].indptr), _rows(last.columns[0])
    for limit, found, name, who in (
        ("input_targets", hear, first.stage.name, "that hear inputs"),
        ("output_sources", heard, wired[-2].stage.name, "that outputs hear"),
    ):
        n = int(np.count_nonzero(found))
        yield from held(chip, limit, name, n, f"keep {most(chip, limit)} of the {n} neurons of {name} {who}")


def _fans(wired: tuple[Wiring, ...], chip: Chip) -> Iterator[Breach]:
    """Synapses onto each neuron; from each hidden neuron onto hidden ones, and all of these together."""
    for wiring in wired:
        fan_in, allowed = wiring.fan_in(), chip.limit("fan_in") or np.inf
        cut = int(np.maximum(fan_in - allowed, 0).sum())
        change = f"keep the {allowed:.12g} largest weights of each neuron (prune {cut} of {int(fan_in.sum())})"
        yield from held(chip, "fan_in", wiring.stage.name, int(fan_in.max()), change)
    together = 0
    for wiring, behind in pairwise(wired):
        reached = np.zeros(wiring.stage.n_neurons, np.int64) if behind is wired[-1] else _rows(behind.columns[0])
        for own in wiring.columns[1:]:
            reached[order(wiring.stage)] += _rows(own)
        together += int(reached.sum())
        allowed = chip.limit("fan_out") or np.inf
        cut = int(np.maximum(reached - allowed, 0).sum())
        change = f"keep the {allowed:.12g} largest weights from each neuron (prune {cut} of {int(reached.sum())})"
        yield from held(chip, "fan_out", wiring.stage.name, int(reached.max()), change)
    change = f"prune {together - most(chip, 'hidden_synapses')} weights among hidden neurons"
    yield from held(chip, "hidden_synapses", "the hidden layers", together, change)


def _rows(matrix: Any) -> npt.NDArray[np.int64]:
    """(sources,) synapses from each."""
    return np.bincount(matrix.indices, minlength=matrix.shape[0]).astype(np.int64)
