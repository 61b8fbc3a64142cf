"""Buffers that the loop fills with spikes and states, and what is fetched from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.kernels import recorders
from spikenet.network.clock import steps_of
from spikenet.network.network import Network
from spikenet.network.records import Population
from spikenet.simulate.layout import Layout, state_rows
from spikenet.simulate.plan import Plan
from spikenet.simulate.ranks import Ranks
from spikenet.simulate.recording import Spikes, States

ROOM = 1 << 18  # spikes between two fetches, at least
SAMPLE_BYTES = 1 << 24  # of sampled states between two fetches


@dataclass(frozen=True, eq=False)
class Probe:
    """States of a population to sample: names, neurons (None: all), and seconds between samples (None: every step)."""

    population: Population
    states: tuple[str, ...]
    neurons: Array | None
    every_s: float | None


def probe(
    population: Population, states: str | Sequence[str] = "v", *, neurons: Any = None, every_s: Any = None
) -> Probe:
    """What `sn.simulate(states=[...])` samples: states by name, after every step or every `every_s` seconds,
    rounded to the nearest step."""
    if not isinstance(population, Population) or population.model is None:
        raise TypeError(f"probe: expected a population with states, got {population!r:.60}")
    names = (states,) if isinstance(states, str) else tuple(states)
    picked = None if neurons is None else chosen(f"probe of {population.name!r}", neurons, population.n)
    return Probe(population, names, picked, every_s)


def all_probes(states: Any) -> Sequence[Probe]:
    """`states` as given to a run; TypeError for anything but a list of probes."""
    if not isinstance(states, (list, tuple)) or not all(isinstance(one, Probe) for one in states):
        raise TypeError(f"simulate: states: expected a list of what sn.probe makes, got {states!r:.60}")
    return states


def chosen(name: str, neurons: Any, n: int) -> Array:
    """Numbers of neurons, int64, each once; ValueError for one that is not there."""
    picked = np.atleast_1d(np.asarray(neurons))
    if picked.dtype.kind not in "iu" or picked.ndim != 1:
        raise TypeError(f"{name}: expected numbers of neurons, got {neurons!r:.60}")
    if picked.size and not 0 <= int(picked.min()) <= int(picked.max()) < n:
        raise ValueError(f"{name}: expected neurons 0 to {n - 1}, got {int(picked.min())} to {int(picked.max())}")
    if np.unique(picked).size != picked.size:
        raise ValueError(f"{name}: expected each neuron once")
    return picked.astype(np.int64)


class SpikeBuffer:
    """Spikes of one population, as each thread lists them."""

    def __init__(self, plan: Plan, layout: Layout, population: Population, neurons: Array | None, window: int,
                 halts: Array) -> None:  # fmt: skip
        self._parts: list[tuple[Array, Array, Array]] = []
        mask = 0
        self.n = population.n if neurons is None else len(neurons)
        if neurons is not None:
            wanted = np.zeros(population.n, np.uint8)
            wanted[neurons] = 1
            mask = plan.address(wanted)
        for thread, share in enumerate(layout.shares[population.index]):
            if not share.n:
                continue
            reserve = share.n * window
            room = max(ROOM, 2 * reserve)
            steps, kept, used = np.empty(room, np.int64), np.empty(room, np.uint32), np.zeros(1, np.int64)
            self._parts.append((steps, kept, used))
            entry = [plan.address(a) for a in (share.counts, share.places)] + [share.places.shape[1], layout.slots]
            entry += [plan.address(steps), plan.address(kept), room, plan.address(used), reserve]
            plan.add(thread, recorders.spike_recorder(), [*entry, plan.address(halts), mask])

    def fetched(self, ranks: Ranks, dt_s: float) -> Spikes:
        """Everybody's spikes since the last fetch, in order; the buffers are empty afterwards."""
        steps = ranks.joined([np.empty(0, np.int64), *(s[: u[0]] for s, _, u in self._parts)])
        neurons = ranks.joined([np.empty(0, np.uint32), *(k[: u[0]] for _, k, u in self._parts)])
        for *_, used in self._parts:
            used[0] = 0
        if len(self._parts) > 1 or ranks.size > 1:  # neurons rise within a step of a thread, and so do the threads'
            order = np.argsort(steps, kind="stable")
            steps, neurons = steps[order], neurons[order]
        return Spikes(steps, neurons, self.n, dt_s)


class StateBuffer:
    """Samples of one probe."""

    def __init__(self, plan: Plan, layout: Layout, wanted: Probe, dt_s: float, window: int, halts: Array) -> None:
        population, name = wanted.population, f"probe of {wanted.population.name!r}"
        cell = layout.cells[population.index]
        assert cell is not None
        if unknown := [s for s in wanted.states if s not in cell.model.states]:
            raise ValueError(f"{name}: no states {unknown}; there are {', '.join(cell.model.states)}")
        self.every = 1 if wanted.every_s is None else int(steps_of(f"{name}: every_s", wanted.every_s, dt_s, 1))
        self.neurons = np.arange(population.n) if wanted.neurons is None else wanted.neurons
        self.states, self.cell, self.dtype = wanted.states, cell, layout.dtype
        self._parts: list[tuple[Array, Array, Array]] = []
        spare = window // self.every + 1
        for thread, share in enumerate(layout.shares[population.index]):
            places = np.flatnonzero((self.neurons >= share.low) & (self.neurons < share.high))
            if not places.size:
                continue
            rows = state_rows(cell, share)
            picked = self.neurons[places] - share.low
            samples = max(2 * spare, SAMPLE_BYTES // (8 * places.size * len(self.states)))
            for k, state in enumerate(self.states):
                buffer = np.empty((samples, 1, places.size), layout.dtype)
                taken = np.zeros(1, np.int64)
                self._parts.append((buffer, taken, np.array([k, *places])))
                entry = [plan.address(rows[state]), 1, 0, plan.address(picked), places.size, self.every]
                entry += [plan.address(buffer), samples, plan.address(taken), plan.address(halts), spare]
                plan.add(thread, recorders.state_recorder(layout.dtype), entry)

    def fetched(self, ranks: Ranks, start: int, dt_s: float) -> States:
        """Everybody's samples since the last fetch, after step `start`, as they are shown: the membrane with its
        rest."""
        mine = [(k, places, buffer[: taken[0], 0].copy()) for buffer, taken, (k, *places) in self._parts]
        for _, taken, _ in self._parts:
            taken[0] = 0
        parts = [part for other in ranks.everybody(mine) for part in other]
        samples = len(parts[0][2]) if parts else 0
        values = np.empty((samples, len(self.states), len(self.neurons)), self.dtype)
        for k, places, sampled in parts:
            values[:, k, places] = sampled
        first = (start // self.every + 1) * self.every
        times = (first + self.every * np.arange(samples)) * dt_s
        named: dict[str, Array] = {}
        for k, state in enumerate(self.states):
            origin = np.asarray(self.cell.origin.get(state, 0.0))
            origin = origin[self.neurons] if origin.ndim and origin.size > 1 else origin
            named[state] = (values[:, k] + origin).astype(values.dtype)
        return States(times, self.neurons, named)


def wanted_spikes(network: Network, spikes: Any) -> dict[int, Array | None]:
    """Which neurons of which populations are recorded: {population's place: numbers, or None for all}."""
    if spikes is None:
        return {p.index: None for p in network.populations}
    if not isinstance(spikes, Mapping):
        return {_place(network, p): None for p in spikes}
    return {
        _place(network, p): None if k is None else chosen(f"spikes of {p.name!r}", k, p.n) for p, k in spikes.items()
    }


def _place(network: Network, population: Any) -> int:
    network.own(population)
    return whole("population", population.index, 0)
