"""Which profiles of its core each neuron needs, on chips whose cores have few; those alike put next to each other.

On Loihi 1 decays and refractory periods stand in compartment profiles, thresholds in threshold profiles; a neuron has
the number of one of each. A core that holds neurons of several layers needs the profiles of all of them, each once
(nengo-loihi, hardware/allocators.py `compute_cfgs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.connectivity import order
from hw.lowering.neurons import numbers_of
from hw.lowering.stages import Layout, Stage
from hw.neurons.loihi_words import THRESHOLD, decay_word
from hw.placement.core_room import Wired, Wiring
from hw.records.architecture import PROFILES, Architecture
from hw.records.chip import Chip

Array = npt.NDArray[Any]
Words = Mapping[str, Array]
"""Of a layer, for each kind of profile (neurons, numbers) of what stands in it, neurons in the layer's own order."""


def for_chip(found: Layout, wired: Wired, chip: Chip) -> tuple[Layout, Wired]:
    """The net as its neurons are to be placed on the chip, before it is compiled: thresholds are as fine as they are.

    Each layer has thresholds of its own, because it has a scale of its own.
    """
    if wired is None or chip.architecture is not Architecture.AXON_CORES:
        return found, wired
    made = profiled(wired, [_words(stage, k) for k, stage in enumerate(found.stages)], chip)
    return replace(found, stages=tuple(wiring.stage for wiring in made)), made


def profiled(wired: Sequence[Wiring], words: Sequence[Words], chip: Chip) -> tuple[Wiring, ...]:
    """Wirings that know their neurons' profiles, those that need more than a core has with neurons alike together."""
    names = [name for name in PROFILES if chip.limit(name) is not None]
    numbers = {name: _numbered([each[name] for each in words]) for name in names}
    found = []
    for k, wiring in enumerate(wired):
        places = order(wiring.stage)
        each = {name: numbers[name][k][places] for name in names}
        if any(np.unique(ids).size > (chip.limit(name) or 0) for name, ids in each.items()):
            at = _alike_together([(ids, int(chip.limit(name) or 0)) for name, ids in each.items()])
            wiring = _in_order(wiring, at)
            each = {name: ids[at] for name, ids in each.items()}
        found.append(replace(wiring, profiles=each))
    return tuple(found)


def _words(stage: Stage, k: int) -> Words:
    n = stage.n_neurons
    if stage.neurons is None:
        return {"compartment_profiles": np.zeros((n, 3)), "threshold_profiles": np.full((n, 2), k)}
    numbers = numbers_of(stage.neurons, stage.shape)
    threshold = np.where(np.isfinite(numbers.threshold), numbers.threshold, 0.0)
    fine = np.rint(threshold / max(float(np.abs(threshold).max(initial=0.0)), 1e-300) * THRESHOLD)
    return {
        "compartment_profiles": np.stack(
            [decay_word(numbers.syn_leak), decay_word(numbers.leak), numbers.refractory], axis=1
        ),
        "threshold_profiles": np.stack([np.full(n, k), fine], axis=1),
    }


def _numbered(rows: list[Array]) -> list[Array]:
    """For each of the arrays (n, columns) a number of each row, the same for equal rows of all of them."""
    numbers = np.unique(np.concatenate(rows), axis=0, return_inverse=True)[1].reshape(-1)
    return np.split(numbers.astype(np.int64), np.cumsum([len(part) for part in rows[:-1]]))


def _alike_together(kinds: list[tuple[Array, int]]) -> Array:
    """An order in which stretches need few profiles of every kind: blocks of as many values as a core has, in turn.

    kinds: (numbers of the profiles, how many of them a core has) each
    """
    ranks = [np.unique(ids, return_inverse=True)[1].reshape(-1) for ids, _ in kinds]
    blocks = [rank // most for rank, (_, most) in zip(ranks, kinds, strict=True)]
    return np.lexsort((*ranks, *blocks))


def _in_order(wiring: Wiring, at: Array) -> Wiring:
    """The same synapses, the neurons taken in another order of their places."""
    first, *own = wiring.columns
    columns = (first[:, at], *(matrix[at][:, at] for matrix in own))
    return replace(wiring, stage=replace(wiring.stage, arranged=order(wiring.stage)[at]), columns=columns)
