"""Simulation: a network drawn and in motion, run piece by piece."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_number, whole
from spikenet.network.checks import check_values
from spikenet.network.network import Network
from spikenet.network.populations import cell_for, numbers_set, starting
from spikenet.network.records import Population, Projection
from spikenet.simulate.layout import Layout, layout, make_room
from spikenet.simulate.memory_need import check_expected, check_memory
from spikenet.simulate.neuron_values import put_parameters, put_states, states_of
from spikenet.simulate.number_range import check_cell, check_range
from spikenet.simulate.pieces import Pieces
from spikenet.simulate.plastic_tables import STATE, PlasticTable, put_state, reward, state_of
from spikenet.simulate.progress import shown
from spikenet.simulate.ranks import Ranks
from spikenet.simulate.recorders import Probe
from spikenet.simulate.recording import Recording, Run, joined, whole_run
from spikenet.simulate.redrawn_tables import chosen_projections, put_down_again
from spikenet.simulate.running import check_unchanged, parts_of, steps_in, thread_count, using_threads
from spikenet.simulate.state_file import heading, put_under_way, read_state, set_values, under_way, write_state
from spikenet.simulate.stream import Writer
from spikenet.simulate.tables import tables
from spikenet.simulate.wiring import wire
from spikenet.simulate.workers import Workers


class Simulation:
    """A network with its synapses drawn, standing at `step`.

    seed   : of everything that is drawn, connections and inputs alike
    threads: which share the neurons; results are the same for any number, bit for bit
    dtype  : np.float32 or np.float64, of states, weights and inputs
    procedural: projections whose synapses are drawn again whenever a spike passes, instead of stored; True for all.
             The network is the same. So are the bits of all results where delays are numbers, except that pairs that
             are connected more than once in a dense projection, and delays that are drawn, add in another order.
             Rules without multapses, by distance or from a list, and fixed_indegree without autapses, must be stored
    communicator: MPI.COMM_WORLD of mpi4py (extra `mpi`) under `mpiexec -n N python -m mpi4py script.py`: each process
             takes its share of the neurons and of the synapses onto them. All call the same methods and get the same
             results, the same bits for any number of processes; the first one writes files

        simulation = sn.Simulation(net, seed=1, threads=2)
        first = simulation.run(0.5)
        simulation.set(exc, bias_pa=400.0)
        second = simulation.run(0.5)
    """

    def __init__(
        self, network: Network, *, seed: int = 0, threads: int | None = None, dtype: Any = np.float32,
        procedural: bool | Sequence[Projection] = False, communicator: Any = None,
    ) -> None:  # fmt: skip
        if not isinstance(network, Network) or not network.populations:
            raise ValueError(f"simulate: expected a Network with populations, got {network!r:.60}")
        self.network, self.seed = network, whole("simulate: seed", seed, 0)
        if self.seed >= 1 << 63:
            raise ValueError(f"simulate: seed: expected a number below 2^63, got {seed}")
        self.threads = thread_count(threads)
        self.dtype = next((kind for kind in ("float32", "float64") if dtype in (kind, getattr(np, kind))), "")
        if not self.dtype:
            raise TypeError(f"simulate: dtype: expected np.float32 or np.float64, got {dtype!r:.60}")
        self.step, self._parts = 0, parts_of(network)
        self._changed: dict[int, dict[str, Any]] = {}  # by population, what `set` changed
        self._ranks = Ranks(communicator)
        network_size = [[p.name, p.n] for p in network.populations], len(network.projections), network.dt_s
        self._ranks.all_same({"network": network_size, "seed": self.seed, "threads": self.threads, "dtype": self.dtype})
        self._unstored = chosen_projections(network, procedural)
        check_range(network, self.dtype)
        started = time.perf_counter()
        with using_threads(self.threads):
            self._build()
            self._workers = Workers(self.threads)
        self.build_s = time.perf_counter() - started

    def _build(self) -> None:
        network = self.network
        check_expected(network, self._unstored, self.dtype, self._ranks.size)
        wiring = wire(network, self.seed, self._unstored)
        check_memory(network, wiring, self.threads, self.dtype, self._ranks.size)
        self.window = wiring.window(network.dt_s)
        self.longest = wiring.longest
        slots = 1 << (wiring.longest + self.window).bit_length()
        self.layout: Layout = layout(
            network, self.dtype, self.threads, slots, self.seed, self._ranks.rank, self._ranks.size
        )
        self._tables = tables(network, wiring, self.layout, self.window, self.seed)
        self.synapses = wiring.total
        self._heading = heading(network, self.layout.cells, wiring.total, self.seed, self.dtype)
        for population, cell in zip(network.populations, self.layout.cells, strict=True):
            if cell is not None:
                starts = starting(population, cell, self.seed)
                check_cell(f"population {population.name!r}", cell, starts, self.dtype)
                put_states(self.layout, population.index, starts)
                put_parameters(self.layout, population.index)

    def run(
        self, duration_s: float, *, spikes: Any = None, states: Sequence[Probe] = (), progress: Any = None
    ) -> Recording:
        """Go on for `duration_s` seconds, a multiple of the step; what was recorded meanwhile.

        spikes  : populations whose spikes to record, or {population: numbers of neurons}; all if not given
        states  : probes, made by sn.probe
        progress: True for a bar of simulated time and real-time factor, or what is called now and then with
                  (simulated seconds, wall seconds)
        """
        return joined(self._pieces(duration_s, spikes, states, progress))

    def stream(
        self, folder: str | os.PathLike[str], duration_s: float, *, spikes: Any = None, states: Sequence[Probe] = (),
        progress: Any = None,
    ) -> Run:  # fmt: skip
        """As `run`, with all that is recorded written into a folder piece by piece, and none of it kept in memory.

        The folder is made; one with recordings of an earlier stretch is continued. sn.recordings(folder) reads it. A
        run that is broken off leaves whole files of all but its last seconds.
        """
        writer = self._ranks.by_first(lambda: Writer(folder, self.step * self.network.dt_s))
        runs = []
        for piece in self._pieces(duration_s, spikes, states, progress):
            runs.append(piece.run)
            if writer:
                writer.add(piece)
        self._ranks.by_first(lambda: writer.flush() if writer else 0)
        return whole_run(runs)

    def prepared(self, spikes: Any = None, states: Sequence[Probe] = (), clocks: Array | None = None) -> Pieces:
        """What runs it from `step` on; as `run` and `costs` use it."""
        check_unchanged(self.network, self._parts)
        return Pieces(
            self.network, self.layout, self._tables, self._ranks, self._workers, self.window, self.seed, spikes, states,
            clocks,
        )  # fmt: skip

    def _pieces(self, duration_s: float, spikes: Any, states: Sequence[Probe], progress: Any) -> Iterator[Recording]:
        steps = steps_in(duration_s, self.network.dt_s)
        pieces = self.prepared(spikes, states)
        begin, spent = self.step, 0.0
        with shown(progress if self._ranks.rank == 0 else None, duration_s) as show:
            for piece in pieces.of(begin, begin + steps, self.build_s, self.synapses, bool(progress)):
                self.step = pieces.step
                spent += piece.run.run_s
                show((self.step - begin) * self.network.dt_s, spent)
                yield piece

    def set(self, population: Population, **values: Any) -> None:
        """Change arguments of a population's model, as they were given to Network.population; states stay.

        values: numbers, arrays with one a neuron, or distributions; what was set before stays. One a neuron in place of
                one for all, or the other way, compiles the neurons' loop once more
        """
        self._own(population)
        numbers = numbers_set(population, values, self.seed)
        self._set_to(population, self._changed.get(population.index, {}) | numbers)

    def _set_to(self, population: Population, values: dict[str, Any]) -> None:
        """The population's model with these values in place of what the network says, and its own otherwise."""
        changed = replace(population, values={**population.values, **values})
        cell, label = cell_for(changed, self.network.dt_s, self.seed), f"population {population.name!r}"
        before = self.layout.cells[population.index]
        if before is None or cell.model != before.model:
            raise ValueError(f"{label}: set changes numbers, not the model, and with these it is another one")
        check_values(label, cell, changed)
        check_cell(label, cell, {}, self.dtype)
        self.layout.cells[population.index] = cell
        self._changed[population.index] = values
        make_room(self.layout, population.index)
        put_parameters(self.layout, population.index)

    def _own(self, population: Population) -> None:
        """TypeError or ValueError unless the population is one that this simulation was built with."""
        self.network.own(population)
        check_unchanged(self.network, self._parts)

    def states(self, population: Population) -> dict[str, Array]:
        """(n,) of every state of a population, as it is computed (the membrane above its rest)."""
        self._own(population)
        own = states_of(self.layout, population.index)
        return {name: self._ranks.joined([values]) for name, values in own.items()}

    def fan_out(self, population: Population) -> Array:
        """(n,) how many synapses a spike of each neuron reaches, counted in the tables that deliver it."""
        self._own(population)
        own = self._tables.fan_out(population, self.threads)
        return sum((*self._ranks.everybody(own), *self._tables.redrawn.fan_out(population)), start=np.zeros_like(own))

    def reward(self, projection: Projection, amount: float) -> None:
        """Reward, or with an amount < 0 punish, what the synapses of a projection have done: their weights change by
        `amount` times their eligibility now. For a rule that is sn.plasticity.rewarded."""
        amount = finite_number("reward: amount", amount)
        reward(self._plastic("reward", projection), amount, self.step, self.network.dt_s)

    def weights(self, projection: Projection) -> tuple[Array, Array, Array]:
        """(sources, targets, weights) of a projection whose synapses change, as they are now."""
        table = self._plastic("weights", projection)
        return table.source, table.target, table.weights(self._ranks)

    def _plastic(self, label: str, projection: Projection) -> PlasticTable:
        for table in self._tables.plastic:
            if table.projection is projection:
                return table
        raise ValueError(f"{label}: {projection!r:.80}: expected a projection of this network with plasticity")

    def save(self, path: str | os.PathLike[str]) -> None:
        """The whole state in a file, from which `restore` goes on bit for bit."""
        arrays: dict[str, Array] = {}
        for k, population in enumerate(self.network.populations):
            arrays |= {f"{k}.state.{name}": values for name, values in self.states(population).items()}
            arrays |= {f"{k}.set.{name}": np.asarray(value) for name, value in self._changed.get(k, {}).items()}
            arrays[f"{k}.steps"], arrays[f"{k}.neurons"] = under_way(self.layout, k, self.step, self.longest)
        for table in self._tables.plastic:
            arrays |= {
                f"p{table.projection.index}.{name}": values for name, values in state_of(table, self._ranks).items()
            }
        self._ranks.by_first(lambda: write_state(path, self._heading | {"step": self.step}, arrays))

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Stand where the simulation stood that saved the file: of the same populations and projections, seed and float
        type. What nobody has set, and inputs, are those of this network."""
        head, arrays = read_state(path, self._heading)
        for k, population in enumerate(self.network.populations):
            if population.model is not None:
                self._set_to(population, set_values(arrays, k))
                names = states_of(self.layout, k)
                put_states(self.layout, k, {name: arrays[f"{k}.state.{name}"] for name in names})
            put_under_way(self.layout, k, arrays[f"{k}.steps"], arrays[f"{k}.neurons"])
        for table in self._tables.plastic:
            put_state(table, self.layout, {name: arrays[f"p{table.projection.index}.{name}"] for name in STATE})
        self.step = int(head["step"])
        begin = max(0, self.step - self.longest)
        put_down_again(self.layout, self._tables.redrawn, self.seed, begin, self.step, self.window)


def simulate(
    network: Network, duration_s: float, seed: int = 0, threads: int | None = None, *, dtype: Any = np.float32,
    procedural: bool | Sequence[Projection] = False, spikes: Any = None, states: Sequence[Probe] = (),
    progress: Any = None,
) -> Recording:  # fmt: skip
    """Draw a network and run it; arguments as those of `Simulation` and its `run`."""
    return Simulation(network, seed=seed, threads=threads, dtype=dtype, procedural=procedural).run(
        duration_s, spikes=spikes, states=states, progress=progress
    )
