"""What a simulation hands back: spikes, sampled states, and how the run went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spikenet.errors import Array
from spikenet.network.records import Population


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of one population, in the order of time, then of neurons.

    steps  : (spikes,) int64; a spike of step k leaves at the end of it, at (k + 1) dt_s
    neurons: (spikes,) uint32
    n      : neurons that could have fired: the recorded ones
    """

    steps: Array
    neurons: Array
    n: int
    dt_s: float

    @property
    def times_s(self) -> Array:
        return (self.steps + 1) * self.dt_s

    def __len__(self) -> int:
        return int(self.steps.size)

    def __repr__(self) -> str:
        return f"<{len(self)} spikes of {self.n} neurons>"


@dataclass(frozen=True, eq=False)
class States:
    """Sampled states: times_s (samples,), neurons (k,), values of each state (samples, k)."""

    times_s: Array
    neurons: Array
    values: Mapping[str, Array]


@dataclass(frozen=True)
class Run:
    """How it went. build_s: of the network, once; run_s: of the loop, without compiling; both by the wall clock."""

    simulated_s: float
    build_s: float
    run_s: float
    synapses: int

    @property
    def real_time_factor(self) -> float:
        """Seconds computed for each second simulated."""
        return self.run_s / self.simulated_s if self.simulated_s else 0.0


@dataclass(frozen=True, eq=False)
class Recording:
    """start_s to stop_s of a simulation; spikes and states by population, or by its name."""

    start_s: float
    stop_s: float
    dt_s: float
    spikes: Mapping[str, Spikes]
    states: Mapping[str, States]
    run: Run

    def __getitem__(self, population: Population | str) -> Spikes:
        name = population.name if isinstance(population, Population) else population
        if name not in self.spikes:
            raise KeyError(
                f"no spikes of {name!r} were recorded; there are those of {', '.join(self.spikes) or 'nobody'}"
            )
        return self.spikes[name]

    @property
    def duration_s(self) -> float:
        return self.stop_s - self.start_s

    @property
    def trains(self) -> dict[str, tuple[Array, Array, int]]:
        """(times in seconds, neurons, number of neurons) of every population, as pictures and statistics take them."""
        return {name: (s.times_s, s.neurons, s.n) for name, s in self.spikes.items()}

    def rates_hz(self, population: Population | str) -> Array:
        """(n,) mean rate of every recorded neuron's number; of all neurons unless some were chosen."""
        spikes = self[population]
        counts = np.bincount(spikes.neurons, minlength=spikes.n)
        return counts / max(self.duration_s, self.dt_s)


def joined(recordings: Iterable[Recording]) -> Recording:
    """Recordings of stretches that follow each other, as one."""
    parts = list(recordings)
    if not parts:
        raise ValueError("joined: expected recordings, got none")
    first, last = parts[0], parts[-1]
    for a, b in pairwise(parts):
        if abs(a.stop_s - b.start_s) > 0.5 * a.dt_s or a.spikes.keys() != b.spikes.keys():
            raise ValueError(
                f"joined: expected stretches of one run, in order, got one up to {a.stop_s:g} s of "
                f"{', '.join(a.spikes)} and then one from {b.start_s:g} s of {', '.join(b.spikes)}"
            )
    if len(parts) == 1:
        return first
    spikes = {
        name: Spikes(
            np.concatenate([p.spikes[name].steps for p in parts]),
            np.concatenate([p.spikes[name].neurons for p in parts]), s.n, s.dt_s,
        )
        for name, s in first.spikes.items()
    }  # fmt: skip
    states = {
        name: States(
            np.concatenate([p.states[name].times_s for p in parts]), s.neurons,
            {k: np.concatenate([p.states[name].values[k] for p in parts]) for k in s.values},
        )
        for name, s in first.states.items()
    }  # fmt: skip
    return Recording(first.start_s, last.stop_s, first.dt_s, spikes, states, whole_run([p.run for p in parts]))


def whole_run(runs: Sequence[Run]) -> Run:
    """The sum of pieces."""
    return Run(sum(r.simulated_s for r in runs), runs[0].build_s, sum(r.run_s for r in runs), runs[0].synapses)
