"""What a layer asks for that a chip has not got: decays without a decay, conventional activations, maximum pooling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hw.architecture import Architecture
from hw.breach import Breach
from hw.chip import Chip
from hw.stages import Layout, Stage

CUBA = ("IF", "LIF", "CubaLIF", "LI")
NEURONS: dict[Architecture, tuple[tuple[str, ...], str]] = {  # kinds a chip has, and what to take instead
    Architecture.AXON_CORES: (CUBA, "take IF, LIF or CubaLIF"),
    Architecture.CROSSBAR_CORES: (("IF",), "take IF: the leak is a constant, not a factor"),
    Architecture.SINGLE_CORE: (CUBA, "take IF, LIF or CubaLIF"),
    Architecture.CONVOLUTION_CORES: (("IF",), "take IF: states do not decay"),
    Architecture.ANALOGUE: (CUBA, "take LIF or CubaLIF"),
}  # programmable chips run any


def constructs(layout: Layout, chip: Chip) -> Iterator[Breach]:
    """Every construct of the net that the chip lacks."""
    for obstacle in layout.obstacles:
        yield _lacking(chip, obstacle.where, obstacle.what, obstacle.change)
    for stage in layout.stages:
        if not np.isfinite(stage.weight).all() or (
            stage.recurrent is not None and not np.isfinite(stage.recurrent).all()
        ):
            yield _lacking(chip, stage.name, "weights hold NaN or infinity", "train again, or replace them")
        if chip.architecture is Architecture.NEURAL_PROCESSORS:
            yield from _without_time(stage, chip)
        else:
            yield from _spiking(stage, chip)


def _spiking(stage: Stage, chip: Chip) -> Iterator[Breach]:
    if stage.activation is not None:
        yield _lacking(
            chip, stage.name, f"conventional activation {stage.activation.kind}", "put spiking neurons there"
        )
    known = NEURONS.get(chip.architecture)
    if known is not None and stage.neurons is not None and stage.neurons.kind not in known[0]:
        yield _lacking(chip, stage.name, f"neurons {stage.neurons.kind} are not among the chip's", known[1])
    for kind, _ in stage.pools:
        if kind.startswith("Max"):
            yield _lacking(chip, stage.name, f"{kind} of spikes is no sum", f"take {kind.replace('Max', 'Sum')}")
    if stage.recurrent is not None and chip.architecture is Architecture.CONVOLUTION_CORES:
        yield _lacking(chip, stage.name, "recurrent neurons", "leave the recurrence out: loops of cores may deadlock")


def _without_time(stage: Stage, chip: Chip) -> Iterator[Breach]:
    if stage.neurons is not None:
        yield _lacking(chip, stage.name, f"neurons {stage.neurons.kind} live in time", "take ReLU, quantised to 4 bits")
    if stage.recurrent is not None:
        yield _lacking(chip, stage.name, "recurrent neurons", "leave the recurrence out")
    if stage.activation is not None and stage.activation.kind != "ReLU":
        yield _lacking(chip, stage.name, f"activation {stage.activation.kind}", "take ReLU")
    for kind, _ in stage.pools:
        if not kind.startswith("Max"):
            yield _lacking(chip, stage.name, f"{kind}", f"take {'Max' + kind[3:]}")


def _lacking(chip: Chip, where: str, what: str, change: str) -> Breach:
    return Breach(chip.name, what, where, None, None, "", change)
