"""The layers of a program as `hw.place` takes them: names, shapes and synapses, weights that became 0 left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from hw.execution.axons import Projection
from hw.lowering.connectivity import order
from hw.lowering.stages import Layout
from hw.placement.core_room import Wiring, synapse_bits_of
from hw.placement.fill import Core, Filled, Piece, reach_of, with_copies
from hw.placement.profiles import profiled
from hw.programs.truenorth import TrueNorthLayer
from hw.records.architecture import Architecture


@dataclass(frozen=True)
class ProgramStage:
    """What placing a layer needs to know of it, as `hw.lowering.stages.Stage` has it."""

    name: str
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    delay: int
    arranged: Any = None

    @property
    def n_sources(self) -> int:
        return math.prod(self.in_shape)

    @property
    def n_neurons(self) -> int:
        return math.prod(self.out_shape)


def projections(program: Any) -> tuple[Projection, ...]:
    """Every connection of a program, from layer to layer and within layers."""
    found = []
    for k, layer in enumerate(program.layers):
        exponent, delays = getattr(layer, "exponent", 0), getattr(layer, "delays", None)
        windows = sparse.issparse(getattr(layer, "weights", None))
        operations = getattr(layer, "operations", None)
        late = program.late if k else 0
        late_ones = getattr(layer, "recurrent_delays", None)
        bits = synapse_bits_of(program.chip, _longest(delays, late_ones))
        found.append(Projection(k - 1, k, layer.connectivity, exponent, late, delays, windows, operations, bits))
        if layer.recurrent is not None:
            own = getattr(layer, "recurrent_exponent", 0)
            found.append(Projection(k, k, layer.recurrent, own, max(program.late, 1), late_ones, synapse_bits=bits))
    return tuple(found)


def staged(program: Any) -> tuple[Layout, tuple[Wiring, ...]]:
    """(stages, their synapses listed) of a program."""
    wired = list[Wiring]()
    for layer in program.layers:
        longest = _longest(getattr(layer, "delays", None), getattr(layer, "recurrent_delays", None))
        stage: Any = ProgramStage(layer.name, (layer.n_inputs,), tuple(layer.shape), longest)
        places = order(stage)
        matrices = [_ones(layer.connectivity)[:, places]]
        if layer.recurrent is not None:
            matrices.append(_ones(layer.recurrent)[places][:, places])
        wired.append(Wiring(stage, tuple(matrix.tocsc() for matrix in matrices)))
    if program.chip.architecture is Architecture.AXON_CORES:
        wired = list(profiled(wired, [_profiles(layer) for layer in program.layers], program.chip))
    return Layout(tuple(wiring.stage for wiring in wired), ()), tuple(wired)


def _profiles(layer: Any) -> dict[str, Any]:
    n, words = math.prod(layer.shape), layer.params
    each = (words.du, words.dv, words.refractory, words.vth)
    *compartment, vth = (np.broadcast_to(np.asarray(given).reshape(-1), (n,)) for given in each)
    return {"compartment_profiles": np.stack(compartment, axis=1), "threshold_profiles": vth[:, None]}


def crossbars(program: Any, wired: tuple[Wiring, ...]) -> Filled | None:
    """TrueNorth's cores as they were compiled, each type of axon being a core's own; None for other programs."""
    if not all(isinstance(layer, TrueNorthLayer) for layer in program.layers):
        return None
    pieces = dict[int, Core]()
    for k, layer in enumerate(program.layers):
        low = 0  # a layer's cores follow each other in the order of its neurons
        for core in layer.cores:
            pieces[core.number] = (*pieces.get(core.number, ()), Piece(k, low, low + core.neurons.size))
            low += core.neurons.size
    cores = tuple(pieces[number] for number in sorted(pieces))
    return Filled(cores, tuple(map(with_copies, wired, reach_of(wired, cores))))


def _longest(*delays: Any) -> int:
    return max(0 if some is None else int(np.max(some, initial=0)) for some in delays)


def _ones(matrix: Any) -> Any:
    kept = sparse.csr_array(matrix, copy=True)
    kept.eliminate_zeros()
    kept.data = np.ones(kept.nnz, np.int8)
    return kept
