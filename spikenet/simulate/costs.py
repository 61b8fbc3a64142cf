"""What the time of a simulation goes into: delivering spikes, inputs from outside, neurons."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from spikenet.simulate.operations import DELIVERY, NEURONS, OUTSIDE
from spikenet.simulate.running import steps_in
from spikenet.simulate.simulation import Simulation

LINES = 16  # words between two threads' clocks, which shall not share a cache line


class Costs(NamedTuple):
    """What a stretch of simulated time took.

    run_s     : on the wall
    delivery_s: seconds of all threads together, as the following: spikes through synapses, to the inputs of neurons
    drive_s   : inputs from outside
    neurons_s : states, thresholds, lists of who fired, synapses that change by it; meeting and recording are left out
    events    : synaptic events: spikes that were sent, times their fan-out
    spikes    : that were sent
    """

    run_s: float
    delivery_s: float
    drive_s: float
    neurons_s: float
    events: int
    spikes: int

    @property
    def event_ns(self) -> float:
        """The cost of a synaptic event: nanoseconds of one core to deliver it, nothing else counted."""
        return 1e9 * self.delivery_s / max(self.events, 1)


def costs(simulation: Simulation, duration_s: float) -> Costs:
    """Goes on for `duration_s`, and says what took how long instead of what was recorded."""
    if os.name != "posix":
        raise NotImplementedError("costs: the clock that is read inside compiled code is that of Linux and macOS")
    clocks = np.zeros((simulation.threads, LINES), np.int64)
    pieces = simulation.prepared(clocks=clocks)
    end = simulation.step + steps_in(duration_s, simulation.network.dt_s)
    fan_out = {p.name: simulation.fan_out(p) for p in simulation.network.populations}
    run_s, events, spikes = 0.0, 0, 0
    for piece in pieces.of(simulation.step, end, 0.0, 0, False):
        simulation.step = pieces.step
        run_s += piece.run.run_s
        for name, sent in piece.spikes.items():
            events += int(fan_out[name][sent.neurons].sum())
            spikes += len(sent)
    seconds = 1e-9 * clocks.sum(axis=0)
    delivery_s, drive_s, neurons_s = (float(seconds[part]) for part in (DELIVERY, OUTSIDE, NEURONS))
    return Costs(run_s, delivery_s, drive_s, neurons_s, events, spikes)
