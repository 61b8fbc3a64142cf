"""A run in pieces: the loop goes on until a buffer is nearly full, then what it holds is fetched."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.network.network import Network
from spikenet.simulate.layout import Layout
from spikenet.simulate.operations import add_network
from spikenet.simulate.plan import Plan
from spikenet.simulate.ranks import Exchange, Ranks
from spikenet.simulate.recorders import Probe, SpikeBuffer, StateBuffer, all_probes, wanted_spikes
from spikenet.simulate.recording import Recording, Run
from spikenet.simulate.running import raise_fault, using_threads
from spikenet.simulate.tables import Tables
from spikenet.simulate.workers import Workers

PIECE = 1 << 14  # steps between two looks at the buffers, at most
FIRST = 256  # steps before the first, when somebody watches
LOOK_S = 0.3  # between two looks when somebody watches


class Pieces:
    """One run's plan and buffers; `of(step, end)` runs it."""

    def __init__(
        self, network: Network, layout: Layout, tables: Tables, ranks: Ranks, workers: Workers, window: int, seed: int,
        spikes: Any, states: Sequence[Probe], clocks: Array | None = None,
    ) -> None:  # fmt: skip
        self.network, self.layout, self.ranks, self.window = network, layout, ranks, window
        self._workers = workers
        self.halts = np.zeros(1, np.int64)
        self.faults = np.full((len(network.populations), layout.threads, 2), -1, np.int64)
        self.step = 0
        plan = Plan(layout.threads)
        add_network(plan, layout, network, tables, self.faults, seed, clocks)
        self._spikes: Mapping[str, SpikeBuffer] = {
            network.populations[p].name: SpikeBuffer(plan, layout, network.populations[p], who, window, self.halts)
            for p, who in wanted_spikes(network, spikes).items()
        }
        self._states: dict[str, StateBuffer] = {}
        for probe in all_probes(states):
            if probe.population.name in self._states:
                raise ValueError(
                    f"probe of {probe.population.name!r}: there is one already; give it all states at once"
                )
            network.own(probe.population)
            self._states[probe.population.name] = StateBuffer(plan, layout, probe, network.dt_s, window, self.halts)
        self._plan, self._table = plan, plan.written()
        self._exchange = Exchange(ranks, layout) if ranks.size > 1 else None

    def of(self, step: int, end: int, build_s: float, synapses: int, watched: bool) -> Iterator[Recording]:
        """Recordings of stretches of the steps `step` to end - 1; self.step is where the last one ended.

        watched: whether somebody wants to see it go on, and stretches shall be short
        """
        dt_s, self.step = self.network.dt_s, step
        longest = min(FIRST, PIECE) if watched else PIECE
        while True:
            begin, started = self.step, time.perf_counter()
            with using_threads(self.layout.threads):
                self._run(min(end, begin + max(self.window, self.ranks.everybody(longest)[0])))
            spent = time.perf_counter() - started
            self.halts[:] = 0
            if watched:
                longest = min(PIECE, 1 + int(LOOK_S * (self.step - begin) / spent))
            spikes = {name: buffer.fetched(self.ranks, dt_s) for name, buffer in self._spikes.items()}
            sampled = {name: buffer.fetched(self.ranks, begin, dt_s) for name, buffer in self._states.items()}
            raise_fault(self.network, self.ranks.everybody(self.faults), dt_s)
            run = Run((self.step - begin) * dt_s, build_s, spent, synapses)
            yield Recording(begin * dt_s, self.step * dt_s, dt_s, spikes, sampled, run)
            if self.step >= end:
                return

    def _run(self, end: int) -> None:
        """Up to step `end`, or where a thread, here or elsewhere, asks to stop."""
        if self._exchange is None:
            self.step = self._workers.run(self._table, self.step, end, self.window, self.halts)
            return
        while self.step < end:
            to = min(end, self.step + self.window)
            self._workers.run(self._table, self.step, to, self.window, self.halts)
            stop = self._exchange.tell(self.step, to, bool(self.halts[0]))
            self.step = to
            if stop:
                return
