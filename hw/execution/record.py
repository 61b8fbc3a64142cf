"""What a placed program gives: the output of its integers, and what it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.energy.report import energy_dict
from hw.energy.total import Energy
from hw.execution import report
from hw.execution.axons import Axons
from hw.execution.events import Events
from hw.execution.powered import power_energy
from hw.execution.price import event_energy
from hw.execution.times import StepTimes
from hw.placement.mesh import Floats, Links, link_traffic
from hw.placement.record import MeshPicture, Placement
from hw.records.architecture import Architecture
from hw.records.chip import Chip

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Execution:
    """A run of a placed program.

    `print` it for events, time and energy.

    output, rates, overflows, words: as `program.run` gives them, exactly
    events : of every core;  times: of every step and sample
    program, placement, axons: what was run, and where
    step_s : seconds that a step of the net stands for, where it was said
    """

    output: Array
    rates: dict[str, float]
    overflows: dict[str, int]
    words: dict[str, dict[str, int]]
    events: Events
    times: StepTimes
    program: Any
    placement: Placement
    axons: Axons
    step_s: float | None = None

    def energy(self, chip: Chip | None = None) -> Energy:
        """Energy of a sample, from the chip's table of events; `chip`: another record of the same kind of machine.

        Raises TypeError for what is no chip, or one whose energies are no events', ValueError for another machine.
        """
        own = self.program.chip
        if chip is not None and not isinstance(chip, Chip):
            raise TypeError(f"energy: expected a chip of hw.chips, got {chip!r:.60}")
        if chip is not None and Architecture.PROCESS is not chip.architecture is not own.architecture:
            raise ValueError(f"energy: {chip.name} is {chip.architecture.value}; these are events of {own.name}")
        return event_energy(self.events, self.placement, own if chip is None else chip)

    def energy_by_power(self) -> Energy | None:
        """All-in energy of a sample: the power of the chips in use times its time; None where one is not known."""
        chips, steps = self.placement.n_chips, self.events.steps
        return power_energy(self.program.chip, chips, steps, self.times, self.step_s)

    def __str__(self) -> str:
        energies = [energy for energy in (self.energy(), self.energy_by_power()) if energy is not None]
        return report.text(self.events, self.placement, self.links, self.words, self.times, energies)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the output, JSON-able."""
        by_power = self.energy_by_power()
        return {
            "rates": self.rates,
            "overflows": self.words,
            **report.events_dict(self.events, self.placement),
            "time": report.times_dict(self.times),
            "energy": energy_dict(self.energy()),
            "energy_by_power": None if by_power is None else energy_dict(by_power),
        }

    @property
    def load(self) -> Floats:
        """(cores,) synaptic operations and neuron updates a step, measured."""
        each = self.events.synaptic_ops + self.events.updates
        return np.asarray(each / max(self.events.samples * self.events.steps, 1), np.float64)

    @property
    def links(self) -> Links:
        """Messages a step on every link, measured."""
        places = np.array([(core.x, core.y) for core in self.placement.cores], np.int64)
        traffic = self.events.traffic(self.axons) / max(self.events.samples * self.events.steps, 1)
        return link_traffic(self.placement.mesh, places, traffic)

    @property
    def picture(self) -> MeshPicture:
        """What `sn.plot.mesh(*execution.picture)` draws: measured load and traffic."""
        drawn, links = self.placement.picture, self.links
        for core, load in zip(self.placement.cores, self.load, strict=True):
            drawn.load[core.y, core.x, core.number] = load
        across, down = links.east + links.west, links.south + links.north
        return drawn._replace(
            horizontal=across, vertical=down, title=f"{self.placement.in_use}, load and traffic measured"
        )
