"""Simulation: a network drawn and in motion, run piece by piece."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.kernels.program import run_windows
from spikenet.network.network import Network
from spikenet.network.populations import cell_for, starting
from spikenet.network.records import Population, Projection
from spikenet.simulate.bit_tables import BitTable, bit_table
from spikenet.simulate.layout import Layout, layout, own_parameters, state_rows
from spikenet.simulate.list_tables import ListTable, list_tables
from spikenet.simulate.memory_need import check_memory
from spikenet.simulate.operations import add_network
from spikenet.simulate.plan import Plan
from spikenet.simulate.plastic_tables import plastic_table, put_state, state_of
from spikenet.simulate.recorders import Probe, SpikeBuffer, StateBuffer, spikes_record, wanted_spikes
from spikenet.simulate.recording import Recording, Run
from spikenet.simulate.running import most_threads, raise_fault, steps_in, using_threads
from spikenet.simulate.state_file import heading, put_under_way, read_state, under_way, write_state
from spikenet.simulate.wiring import wire

LONGEST_WINDOW = 64  # steps between two meetings of the threads: longer ones only need more room


class Simulation:
    """A network with its synapses drawn, standing at `step`.

    seed   : of everything that is drawn, connections and inputs alike
    threads: which share the neurons; results are the same for any number, bit for bit
    dtype  : np.float32 or np.float64, of states, weights and inputs

        simulation = sn.Simulation(net, seed=1, threads=2)
        first = simulation.run(0.5)
        simulation.set(exc, bias_pa=400.0)
        second = simulation.run(0.5)
    """

    def __init__(self, network: Network, *, seed: int = 0, threads: int | None = None, dtype: Any = np.float32) -> None:
        if not isinstance(network, Network) or not network.populations:
            raise ValueError(f"simulate: expected a Network with populations, got {network!r:.60}")
        self.network, self.seed = network, whole("simulate: seed", seed, 0)
        self.threads = most_threads() if threads is None else whole("simulate: threads", threads)
        self.dtype = np.dtype(dtype).name
        if self.dtype not in ("float32", "float64"):
            raise TypeError(f"simulate: dtype: expected np.float32 or np.float64, got {dtype!r}")
        self.step = 0
        started = time.perf_counter()
        with using_threads(self.threads):
            self._build()
        self.build_s = time.perf_counter() - started

    def _build(self) -> None:
        wiring = wire(self.network, self.seed)
        check_memory(self.network, wiring, self.threads, self.dtype)
        self.window = min(wiring.shortest or LONGEST_WINDOW, LONGEST_WINDOW)
        self.longest = wiring.longest
        slots = 1 << (wiring.longest + self.window).bit_length()
        self.layout: Layout = layout(self.network, self.dtype, self.threads, slots, self.seed)
        self._bits: list[BitTable] = []
        again = []
        for projection, made in wiring.dense:
            table, rest = bit_table(projection, made, wiring.delays[projection.index][0], self.layout)
            self._bits.append(table)
            again += [rest] if rest else []
        self._lists: list[ListTable] = list_tables(wiring, again, self.layout, self.network.dt_s)
        self._plastic = [
            plastic_table(p, made, wiring.delays[p.index][0], self.layout, self.seed) for p, made in wiring.plastic
        ]
        self.synapses = wiring.total
        for population, cell in zip(self.network.populations, self.layout.cells, strict=True):
            if cell is not None:
                self._put(population, starting(population, cell, self.seed))
                self._put_parameters(population)

    def run(
        self, duration_s: float, *, spikes: Any = None, states: Sequence[Probe] = (), progress: Any = None
    ) -> Recording:
        """Go on for `duration_s` seconds, a multiple of the step; what was recorded meanwhile.

        spikes  : populations whose spikes to record, or {population: numbers of neurons}; all if not given
        states  : probes, made by sn.probe
        progress: called with (simulated seconds, wall seconds) now and then
        """
        network, layout = self.network, self.layout
        steps = steps_in(duration_s, network.dt_s)
        halts = np.zeros(1, np.int64)
        plan = Plan(self.threads)
        faults = np.full((len(network.populations), self.threads, 2), -1, np.int64)
        add_network(plan, layout, network, self._bits, self._lists, self._plastic, faults, self.seed)
        places = wanted_spikes(network, spikes)
        listed = {
            p: SpikeBuffer(plan, layout, network.populations[p], neurons, self.window, halts)
            for p, neurons in places.items()
        }
        sampled = [StateBuffer(plan, layout, wanted, network.dt_s, self.window, halts) for wanted in states]
        table = plan.written()
        begin, end = self.step, self.step + steps
        spike_parts: dict[int, list[tuple[Array, Array]]] = {p: [] for p in listed}
        state_parts: list[list[Array]] = [[] for _ in sampled]
        spent = 0.0
        chunk = max(self.window, 1 << 14)
        with using_threads(self.threads):
            while True:
                started = time.perf_counter()
                self.step = run_windows(table, self.threads, self.step, min(end, self.step + chunk), self.window, halts)
                spent += time.perf_counter() - started
                halts[:] = 0
                for p, buffer in listed.items():
                    spike_parts[p].append(buffer.fetched())
                for parts, samples in zip(state_parts, sampled, strict=True):
                    parts.append(samples.fetched())
                raise_fault(network, faults, network.dt_s)
                if progress is not None:
                    progress((self.step - begin) * network.dt_s, spent)
                if self.step >= end:
                    break
        run = Run(steps * network.dt_s, self.build_s, spent, self.synapses)
        return Recording(
            begin * network.dt_s, end * network.dt_s, network.dt_s,
            {network.populations[p].name: spikes_record(parts, listed[p].n, network.dt_s)
             for p, parts in spike_parts.items()},
            {p.population.name: b.shown(parts, begin, network.dt_s)
             for p, b, parts in zip(states, sampled, state_parts, strict=True)},
            run,
        )  # fmt: skip

    def set(self, population: Population, **values: Any) -> None:
        """Change arguments of a population's model, as they were given to Network.population; states stay."""
        self.network.own(population)
        changed = replace(population, values={**population.values, **values})
        cell = cell_for(changed, self.network.dt_s, self.seed)
        before = self.layout.cells[population.index]
        if before is None or cell.model != before.model or own_parameters(cell) != own_parameters(before):
            raise ValueError(f"population {population.name!r}: set changes numbers, not the model, nor one into many")
        self.layout.cells[population.index] = cell
        self._put_parameters(population)

    def states(self, population: Population) -> dict[str, Array]:
        """(n,) of every state of a population, as it is computed (the membrane above its rest)."""
        self.network.own(population)
        cell = self.layout.cells[population.index]
        if cell is None:
            return {}
        shares = self.layout.shares[population.index]
        rows = [state_rows(cell, share) for share in shares]
        return {
            s: np.concatenate([row[s][: share.n] for row, share in zip(rows, shares, strict=True)])
            for s in cell.model.states
        }

    def fan_out(self, population: Population) -> Array:
        """(n,) how many synapses a spike of each neuron reaches, counted in the tables that deliver it."""
        self.network.own(population)
        bits = (table.fan_out() for table in self._bits if table.projection.source is population)
        lists = (table.fan_out(self.threads) for table in self._lists if table.source is population)
        plastic = (
            np.bincount(t.source, minlength=population.n) for t in self._plastic if t.projection.source is population
        )
        return sum((*bits, *lists, *plastic), start=np.zeros(population.n, np.int64))

    def weights(self, projection: Projection) -> tuple[Array, Array, Array]:
        """(sources, targets, weights) of a projection whose synapses change, as they are now."""
        for table in self._plastic:
            if table.projection is projection:
                return table.source, table.target, table.weights()
        raise ValueError(f"weights: {projection!r:.80}: expected a projection of this network with plasticity")

    def save(self, path: str | os.PathLike[str]) -> None:
        """The whole state in a file, from which `restore` goes on bit for bit."""
        arrays: dict[str, Array] = {}
        for k, population in enumerate(self.network.populations):
            arrays |= {f"{k}.state.{name}": values for name, values in self.states(population).items()}
            arrays[f"{k}.steps"], arrays[f"{k}.neurons"] = under_way(self.layout, k, self.step, self.longest)
        for table in self._plastic:
            arrays |= {f"p{table.projection.index}.{name}": values for name, values in state_of(table).items()}
        write_state(path, heading(self.network, self.seed, self.dtype) | {"step": self.step}, arrays)

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Stand where the simulation stood that saved the file: of the same network, seed and float type."""
        head, arrays = read_state(path, heading(self.network, self.seed, self.dtype))
        for k, population in enumerate(self.network.populations):
            if population.model is not None:
                self._put(population, {name: arrays[f"{k}.state.{name}"] for name in self.states(population)})
            put_under_way(self.layout, k, arrays[f"{k}.steps"], arrays[f"{k}.neurons"])
        for table in self._plastic:
            put_state(
                table, self.layout, {name: arrays[f"p{table.projection.index}.{name}"] for name in state_of(table)}
            )
        self.step = int(head["step"])

    def _put(self, population: Population, states: Mapping[str, Array]) -> None:
        cell = self.layout.cells[population.index]
        assert cell is not None
        for share in self.layout.shares[population.index]:
            rows = state_rows(cell, share)
            for name, values in states.items():
                rows[name][: share.n] = values[share.low : share.high]

    def _put_parameters(self, population: Population) -> None:
        cell = self.layout.cells[population.index]
        assert cell is not None
        for share in self.layout.shares[population.index]:
            for row, name in zip(share.rows, own_parameters(cell), strict=False):
                row[: share.n] = cell.values[name][share.low : share.high]


def simulate(
    network: Network, duration_s: float, seed: int = 0, threads: int | None = None, *, dtype: Any = np.float32,
    spikes: Any = None, states: Sequence[Probe] = (), progress: Any = None,
) -> Recording:  # fmt: skip
    """Draw a network and run it; arguments as those of `Simulation` and its `run`."""
    return Simulation(network, seed=seed, threads=threads, dtype=dtype).run(
        duration_s, spikes=spikes, states=states, progress=progress
    )
