"""What a placed program gives: the output of its integers, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hw.energy.total import Energy
from hw.execution.events import Events
from hw.execution.price import event_energy
from hw.execution.times import StepTimes, joined
from hw.placement.mesh import Floats, Links, link_traffic
from hw.placement.record import MeshPicture
from hw.records.chip import Chip

if TYPE_CHECKING:
    from hw.execution.placed import PlacedProgram

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Execution:
    """A run of a placed program.

    `print` it for events, time and energy.

    output, rates, overflows, words: as `program.run` gives them, exactly
    events : of every core;  times: of every step and sample
    """

    output: Array
    rates: dict[str, float]
    overflows: dict[str, int]
    words: dict[str, dict[str, int]]
    placed: PlacedProgram
    events: Events
    times: StepTimes

    def energy(self, chip: Chip | None = None) -> Energy:
        """Energy of a sample, from the chip's table of events; `chip`: another record of the same machine."""
        return event_energy(self, self.placed.program.chip if chip is None else chip)

    def __str__(self) -> str:
        from hw.execution.report import text

        return text(self)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the output, JSON-able."""
        from hw.execution.report import as_dict

        return as_dict(self)

    @property
    def load(self) -> Floats:
        """(cores,) synaptic operations and neuron updates a step, measured."""
        each = self.events.synaptic_ops + self.events.updates
        return np.asarray(each / max(self.events.samples * self.events.steps, 1), np.float64)

    @property
    def links(self) -> Links:
        """Messages a step on every link, measured."""
        placement = self.placed.placement
        places = np.array([(core.x, core.y) for core in placement.cores], np.int64)
        traffic = self.events.traffic(self.placed.axons) / max(self.events.samples * self.events.steps, 1)
        return link_traffic(placement.mesh, places, traffic)

    @property
    def picture(self) -> MeshPicture:
        """What `sn.plot.mesh(*execution.picture)` draws: measured load and traffic."""
        drawn, links = self.placed.placement.picture, self.links
        for core, load in zip(self.placed.placement.cores, self.load, strict=True):
            drawn.load[core.y, core.x, core.number] = load
        return MeshPicture(drawn.load, links.east + links.west, links.south + links.north, drawn.chip_tiles)

    @classmethod
    def of(
        cls, placed: PlacedProgram, steps: int, batch: int, outputs: Sequence[Array], fired: Floats,
        words: list[dict[str, int]], events: Events, times: Sequence[StepTimes],
    ) -> Execution:  # fmt: skip
        """Put together from what its batches gave."""
        layers = placed.program.layers
        names = [layer.name for layer in layers]
        neurons = [max(steps * batch * int(np.prod(layer.shape)), 1) for layer in layers]
        return cls(
            placed.program.as_given(
                np.concatenate(outputs, axis=1) if outputs else np.zeros((steps, 0, *layers[-1].shape), np.int8)
            ),
            {name: float(f) / n for name, f, n in zip(names, fired, neurons, strict=True)},
            {name: sum(met.values()) for name, met in zip(names, words, strict=True)},
            dict(zip(names, words, strict=True)),
            placed,
            events,
            joined(times),
        )
