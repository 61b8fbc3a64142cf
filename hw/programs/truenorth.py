"""A layer in TrueNorth's integers: cores of 256 axons and 256 neurons, run as they are, axon by axon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons import truenorth
from hw.neurons.words import Integers
from hw.programs.arriving import later
from hw.programs.record import LayerRun

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class CrossbarCore:
    """neurons: which of the layer's; sources: what its axons hear, the layer's inputs and then its own neurons."""

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

    is_recurrent: whether the layer's own neurons are among the cores' sources, a step later
    """

    name: str
    shape: tuple[int, ...]
    n_inputs: int
    cores: tuple[CrossbarCore, ...]
    scale: Array
    delays: Integers | None
    is_recurrent: bool

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
        x = later(spikes, late)
        if self.delays is not None:
            for delay in np.unique(self.delays[self.delays > 0]):
                x = np.where(self.delays == delay, later(x, int(delay)), x) if delay else x
        steps, batch = x.shape[:2]
        out = np.zeros((steps, batch, len(self.scale)), np.int8)
        overflow, held, largest = 0, 0, 0
        if not self.is_recurrent:
            for core in self.cores:
                got = truenorth.run(core.params, x[:, :, core.sources])
                out[:, :, core.neurons] = got.spikes
                overflow, held = overflow + got.overflow, held + got.held
                largest = max(largest, int(np.abs(got.v).max(initial=0)))
        else:
            state: list[Any] = [0] * len(self.cores)
            sent = np.zeros((batch, len(self.scale)), x.dtype)
            for t in range(steps):
                heard = np.concatenate([x[t], sent], axis=1)
                for k, core in enumerate(self.cores):
                    got = truenorth.run(core.params, heard[None, :, core.sources], state[k])
                    out[t][:, core.neurons], state[k] = got.spikes[0], got.v_after
                    overflow, held = overflow + got.overflow, held + got.held
                    largest = max(largest, int(np.abs(got.v).max(initial=0)))
                sent = out[t].astype(x.dtype)
        words = {"v": overflow, "floor of v": held}
        return LayerRun(out, None, words, largest / (1 << 18))  # thresholds and the floor have 18 bits

    def _weights(self) -> Integers:
        """(inputs and own neurons, n) of all cores."""
        n = len(self.scale)
        whole = np.zeros((self.n_inputs + n, n), np.int64)
        for core in self.cores:
            whole[np.ix_(core.sources, core.neurons)] = core.weights
        return whole
