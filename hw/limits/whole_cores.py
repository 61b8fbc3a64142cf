"""Chips on which whole layers take whole cores: Speck, a layer a core; Xylo and BrainScaleS-2, one core for all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from hw.limits.analogue import analogue
from hw.limits.convolution_cores import convolution_cores, kernel_memory, memories, neuron_memory
from hw.limits.held import most
from hw.limits.single_core import single_core
from hw.lowering.stages import Layout, Stage
from hw.placement.core_room import Wiring
from hw.placement.fill import Core, Filled, Piece
from hw.placement.laid import Laid
from hw.placement.mesh import Integers, Mesh
from hw.records.architecture import Architecture
from hw.records.breach import DoesNotFit
from hw.records.chip import Chip

ROUTER = "cores exchange spikes through one router: hops are not modelled"
RULES = {
    Architecture.CONVOLUTION_CORES: convolution_cores,
    Architecture.SINGLE_CORE: single_core,
    Architecture.ANALOGUE: analogue,
}


def on_whole_cores(found: Layout, wired: tuple[Wiring, ...], chip: Chip, n_chips: int | None) -> Laid:
    """Every layer on a core that holds it.

    Raises DoesNotFit with every limit broken, TypeError for a chip whose mapping is not published, ValueError for
    more than one chip.
    """
    if chip.architecture not in RULES:
        raise TypeError(
            f"place: {chip.name} is {chip.architecture.value}; how nets are mapped onto it is not published"
        )
    if n_chips not in (None, 1):
        raise ValueError(f"place: {chip.name}: expected n_chips 1, got {n_chips}; nets are not divided over several")
    broken = tuple(RULES[chip.architecture](found, wired, chip, 1))
    if broken:
        raise DoesNotFit(broken)
    pieces = [Piece(k, 0, stage.n_neurons) for k, stage in enumerate(found.stages)]
    if chip.architecture is Architecture.CONVOLUTION_CORES:
        slots = np.zeros((len(pieces), 4), np.int64)
        slots[:, 3] = tightest(found.stages, chip)
        filled = Filled(tuple((piece,) for piece in pieces), wired)
        used = [_memories(filled, core) for core in filled.cores]
        return Laid(filled, filled, slots, Mesh(1, 1, most(chip, "cores")), 1, used, (ROUTER,))
    filled = Filled((tuple(pieces),), wired)
    return Laid(filled, filled, np.zeros((1, 4), np.int64), Mesh(1, 1, 1), 1, (_sizes(filled, filled.cores[0]),), ())


def tightest(stages: tuple[Stage, ...], chip: Chip) -> Integers:
    """(stages,) a core each, so that the memories taken are as small as they can be: an assignment."""
    sizes = memories(chip)
    never = 1 + len(stages) * max(map(sum, sizes))
    costs = [
        [k + n if kernel_memory(stage) <= k and neuron_memory(stage) <= n else never for k, n in sizes]
        for stage in stages
    ]
    return np.asarray(linear_sum_assignment(np.array(costs))[1], np.int64)


def _memories(filled: Filled, core: Core) -> Mapping[str, float]:
    stage = filled.wired[core[0].stage].stage
    return {"kernel_memory": kernel_memory(stage), "neuron_memory": neuron_memory(stage)}


def _sizes(filled: Filled, core: Core) -> Mapping[str, float]:
    wired = [filled.wired[piece.stage] for piece in core]
    return {
        "neurons": sum(wiring.stage.n_neurons for wiring in wired),
        "synapses": sum(int(wiring.fan_in().sum()) for wiring in wired),
    }
