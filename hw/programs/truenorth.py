"""A layer in TrueNorth's integers: cores of 256 axons and 256 neurons, run as they are, axon by axon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons import truenorth
from hw.neurons.words import Integers
from hw.programs.arriving import later
from hw.programs.layer import LayerRun

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class CrossbarCore:
    """neurons: which of the layer's; sources: what its axons hear, the layer's inputs and then its own neurons.

    number: of the core on the chip; the end of a layer and the beginning of the next may share one, whose axons and
    neurons they divide among them
    """

    number: int
    neurons: Integers
    sources: Integers
    params: truenorth.Params

    @property
    def weights(self) -> Integers:
        """(axons, neurons) what a spike on each axon adds to each neuron."""
        values: Integers = self.params.crossbar * self.params.weights.T[self.params.axon_types]
        return values


@dataclass(frozen=True, eq=False)
class TrueNorthLayer:
    """Some cores. delays: (inputs,) steps of each source besides the one of every connection, or None.

    is_recurrent: whether the layer's own neurons are among the cores' sources, a step later and recurrent_delays (n,)
    """

    name: str
    shape: tuple[int, ...]
    n_inputs: int
    cores: tuple[CrossbarCore, ...]
    scale: Array
    delays: Integers | None
    is_recurrent: bool
    recurrent_delays: Integers | None = None

    @property
    def reads_v(self) -> bool:
        return False

    @property
    def connectivity(self) -> Any:
        return sparse.csr_array(self._weights()[: self.n_inputs])

    @property
    def recurrent(self) -> Any:
        return sparse.csr_array(self._weights()[self.n_inputs :]) if self.is_recurrent else None

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        out = np.zeros((*spikes.shape[:2], len(self.scale)), np.int8)
        overflow, held, largest = 0, 0, 0
        for now, core, got in self._runs(later(spikes, late), out):
            out[now, :, core.neurons] = got.spikes
            overflow, held = overflow + got.overflow, held + got.held
            largest = max(largest, int(np.abs(got.v).max(initial=0)))
        words = {"v": overflow, "floor of v": held}
        return LayerRun(out, None, words, largest / (1 << 18))  # thresholds and the floor have 18 bits

    def largest(self, spikes: Array) -> Integers:
        """(n,) the largest absolute value of each membrane on (steps, batch, inputs) spikes."""
        out, found = np.zeros((*spikes.shape[:2], len(self.scale)), np.int8), np.zeros(len(self.scale), np.int64)
        for now, core, got in self._runs(spikes, out):
            out[now, :, core.neurons] = got.spikes
            found[core.neurons] = np.maximum(found[core.neurons], np.abs(got.v).max(axis=(0, 1), initial=0))
        return found

    def _runs(self, x: Array, out: Array) -> Iterator[tuple[slice, CrossbarCore, truenorth.Run]]:
        """(steps, core, what it did in them): all steps at once, or step by step where the layer hears itself.

        out: (steps, batch, n) of spikes, where the caller puts those of each core before it asks for the next
        """
        if self.delays is not None:
            for delay in np.unique(self.delays[self.delays > 0]):
                x = np.where(self.delays == delay, later(x, int(delay)), x)
        if not self.is_recurrent:
            for core in self.cores:
                yield slice(0, len(x)), core, truenorth.run(core.params, x[:, :, core.sources])
            return
        state: list[Any] = [0] * len(self.cores)
        n = np.arange(out.shape[2])
        late = 1 + (0 * n if self.recurrent_delays is None else self.recurrent_delays)
        for t in range(len(x)):
            sent = np.where(t >= late, out[np.maximum(t - late, 0), :, n].T, 0)
            heard = np.concatenate([x[t], sent.astype(x.dtype)], axis=1)
            for k, core in enumerate(self.cores):
                got = truenorth.run(core.params, heard[None, :, core.sources], state[k])
                state[k] = got.v_after
                yield slice(t, t + 1), core, got

    def _weights(self) -> Integers:
        """(inputs and own neurons, n) of all cores."""
        n = len(self.scale)
        whole = np.zeros((self.n_inputs + n, n), np.int64)
        for core in self.cores:
            whole[np.ix_(core.sources, core.neurons)] = core.weights
        return whole
