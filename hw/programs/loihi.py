"""A layer in Loihi 1's integers: synapses of one or more delays, neurons, and synapses among them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons import loihi
from hw.neurons.words import Integers
from hw.programs.arriving import Loop, Synapses, shifted_and_delivered
from hw.programs.layer import LayerRun, Weighted

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Population(Weighted):
    """One layer: mantissas with their exponent, its neurons, and what an integer of v is worth.

    weights : (inputs, n) mantissas, an array of a dense layer, a scipy csr_array of a convolution
    shape   : of the neurons, without the batch
    reads_v : whether its voltage is the output (a readout that never fires), in place of its spikes
    delays  : (inputs, n), or what broadcasts to it, steps besides the one that every connection takes, or None
    recurrent_weights, recurrent_exponent, recurrent_delays: of the synapses among the neurons, (n, n), or None
    """

    name: str
    weights: Any
    exponent: int
    params: loihi.Params
    scale: float
    shape: tuple[int, ...]
    reads_v: bool
    delays: Integers | None = None
    recurrent_weights: Integers | None = None
    recurrent_exponent: int = 0
    recurrent_delays: Integers | None = None

    @property
    def largest(self) -> int:
        """Of the sums that can arrive at a neuron in a step."""
        both = (self.weights, self.exponent), (self.recurrent_weights, self.recurrent_exponent)
        found = (int(abs(w).sum(axis=0).max()) << max(by, 0) for w, by in both if w is not None and np.prod(w.shape))
        return sum(found)

    def __call__(self, spikes: Array, latency: int, *, states: bool | None = None) -> loihi.Record:
        """Spikes (steps, batch, inputs) through synapses and neurons; they arrive `latency` steps later."""
        if sparse.issparse(self.weights):
            arriving = shifted_and_delivered(self.synapses, spikes, self.exponent, latency)
        else:
            delays = None if self.delays is None else np.broadcast_to(self.delays, self.weights.shape)
            arriving = loihi.deliver(spikes, self.weights, exponent=self.exponent, delays=delays, latency=latency)
        if self.recurrent_weights is None:
            return loihi.run(self.params, arriving, states=self.reads_v if states is None else states)
        every = self._loop.run((arriving,), lambda sums, before: loihi.run(self.params, sums[0], before))
        return _joined(list(every), arriving.shape)

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        got = self(spikes, late, states=watch or self.reads_v)
        overflows = overflows_of(self.params, got.overflows)
        if self.reads_v:
            overflows["fired readout"] = int(np.count_nonzero(got.spikes))
        used = 0.0
        if watch and got.u is not None and got.v is not None:
            used = max(float(np.abs(values).max(initial=0)) for values in (got.u, got.v)) / (1 << 23)
        return LayerRun(got.spikes, got.v if self.reads_v else None, overflows, used)

    @cached_property
    def _loop(self) -> Loop:
        return Loop((Synapses(self.recurrent_weights, self.recurrent_delays),), self.recurrent_exponent)


def _joined(found: list[loihi.Record], shape: tuple[int, ...]) -> loihi.Record:
    """The records of stretches as one."""
    if not found:
        nothing = np.zeros(shape, np.int32)
        return loihi.Record(
            nothing.astype(np.int8), nothing, nothing, loihi.rest(shape[1:]), loihi.Overflows(0, 0, 0, 0)
        )
    spikes, u, v = (np.concatenate([getattr(got, name) for got in found]) for name in ("spikes", "u", "v"))
    met = np.sum([got.overflows for got in found], axis=0)
    return loihi.Record(spikes, u, v, found[-1].after, loihi.Overflows(*(int(n) for n in met)))


def overflows_of(params: loihi.Params, met: loihi.Overflows) -> dict[str, int]:
    """By the names of the words; voltages that were held at vmin left theirs, too."""
    found = {"u": met.u, "v": met.v + met.floor}
    return {"arriving": met.arriving, **found} if params.reading == "nengo_loihi" else found
