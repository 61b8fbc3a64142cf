"""How often everything that a chip is priced by happened, on each core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.execution.axons import Axons
from hw.kernels.event_counts import COUNTED, count_loop
from spikenet.kernels.memory import read_only

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]
COUNTS = ("synaptic_ops", "axons_in", "active_updates", "spikes", "axons_out", "within_tile", "hops_east_west",
          "hops_north_south", "crossings", "sparse_ops", "convolution_ops")  # fmt: skip


def effects(tables: Axons) -> Integers:
    """(axons, 5) what a message of each axon brings: its synapses, then as `Axons` counts its way."""
    return np.stack((tables.synapses, tables.within, tables.east_west, tables.north_south, tables.crosses), axis=1)


def sending(tables: Axons) -> Integers:
    """(neurons, 5) axons of each neuron, and the ways of all of them together."""
    each = effects(tables)
    each[:, 0] = 1
    before = np.concatenate([np.zeros((1, each.shape[1]), np.int64), np.cumsum(each, axis=0)])[tables.first]
    found: Integers = np.diff(before, axis=0)[tables.n_inputs :]
    return found


def counted(tables: Axons, spikes: Array, flags: Array) -> Array:
    """(steps, batch, cores, COUNTED) of `hw.kernels.event_counts`, int64."""
    steps, batch = flags.shape[:2]
    counts = np.zeros((steps, batch, tables.n_cores, COUNTED), np.int64)
    homes = np.stack([tables.core, tables.copies], axis=1)
    arrival = np.stack([tables.form * tables.n_cores + tables.to_core, tables.synapses], axis=1).astype(np.int32)
    arguments = (spikes.astype(np.int16), flags, tables.first, homes, arrival, sending(tables))
    count_loop()(batch, *(read_only(np.ascontiguousarray(a)) for a in arguments), counts)
    return counts


@dataclass(frozen=True, eq=False)
class Events:
    """Events of every core, (cores,) each, summed over all samples and steps; copies of a neuron count as neurons.

    samples, steps : how many, steps including those that spikes need on their way through the layers
    synaptic_ops   : weights added;  axons_in: messages that arrived, those of the input included
    sparse_ops, convolution_ops: of the synaptic operations, those of synapses stored so, see `Axons.form`
    updates, active_updates: of neurons, and those of neurons with something to do: a current arrived, a bias, u or v
                     not at rest (SANA-FE's reading of "active")
    spikes         : sent by the core's neurons;  axons_out: messages they made, one for each core they go to
    within_tile, hops_east_west, hops_north_south: messages that stay in their tile, and steps from tile to tile of the
                     others, by the core they come from;  crossings: messages that go to another chip
    sent, received : (neurons,) spikes of each neuron in placed order; (inputs,) events of each element of the input
    """

    samples: int
    steps: int
    synaptic_ops: Integers
    axons_in: Integers
    active_updates: Integers
    spikes: Integers
    axons_out: Integers
    within_tile: Integers
    hops_east_west: Integers
    hops_north_south: Integers
    crossings: Integers
    sparse_ops: Integers
    convolution_ops: Integers
    updates: Integers
    sent: Integers
    received: Integers

    @classmethod
    def none(cls, tables: Axons) -> Events:
        """Before anything has run."""
        nothing: dict[str, Any] = {name: np.zeros(tables.n_cores, np.int64) for name in (*COUNTS, "updates")}
        sent, received = np.zeros(len(tables.core), np.int64), np.zeros(tables.n_inputs, np.int64)
        return cls(0, 0, **nothing, sent=sent, received=received)

    def plus(self, counts: Array, spikes: Array, flags: Array, tables: Axons) -> Events:
        """With another batch, counted by `counted`."""
        steps, batch = flags.shape[:2]
        sums = counts.sum(axis=(0, 1)).T
        found: dict[str, Any] = {name: getattr(self, name) + n for name, n in zip(COUNTS, sums, strict=True)}
        each = np.bincount(tables.core, tables.copies, len(self.updates)).astype(np.int64)
        found["updates"] = self.updates + steps * batch * each
        found["sent"] = self.sent + sum((now >> 1).sum(axis=0, dtype=np.int64) for now in flags)
        found["received"] = self.received + spikes.sum(axis=(0, 1), dtype=np.int64)
        return replace(self, samples=self.samples + batch, steps=steps, **found)

    def traffic(self, tables: Axons) -> Integers:
        """(cores, cores) messages from each to each."""
        cores, from_core = len(self.spikes), tables.source_core
        sources = np.repeat(np.arange(len(tables.first) - 1), np.diff(tables.first))
        inside = from_core >= 0
        times = self.sent[sources[inside] - tables.n_inputs]
        found = np.zeros((cores, cores), np.int64)
        np.add.at(found, (from_core[inside], tables.to_core[inside]), times)
        return found
