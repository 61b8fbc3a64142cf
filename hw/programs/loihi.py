"""A layer in Loihi 1's integers: synapses of one or more delays, neurons, and synapses among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons import loihi
from hw.neurons.words import Integers
from hw.programs.arriving import shifted_and_delivered
from hw.programs.record import LayerRun, Weighted

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Population(Weighted):
    """One layer: mantissas with their exponent, its neurons, and what an integer of v is worth.

    weights : (inputs, n) mantissas, an array of a dense layer, a scipy csr_array of a convolution
    shape   : of the neurons, without the batch
    reads_v : whether its voltage is the output (a readout that never fires), in place of its spikes
    delays  : (inputs, n), or what broadcasts to it, steps besides the one that every connection takes, or None
    recurrent_weights, recurrent_exponent: of the synapses among the neurons, (n, n) mantissas, or None
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

    def __call__(self, spikes: Array, latency: int, *, states: bool | None = None) -> loihi.Record:
        """Spikes (steps, batch, inputs) through synapses and neurons; they arrive `latency` steps later."""
        if sparse.issparse(self.weights):
            arriving = shifted_and_delivered(self.synapses, spikes, self.exponent, latency)
        else:
            delays = None if self.delays is None else np.broadcast_to(self.delays, self.weights.shape)
            arriving = loihi.deliver(spikes, self.weights, exponent=self.exponent, delays=delays, latency=latency)
        if self.recurrent_weights is None:
            return loihi.run(self.params, arriving, states=self.reads_v if states is None else states)
        return self._with_own_spikes(arriving, self.recurrent_weights)

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        got = self(spikes, late, states=watch or self.reads_v)
        overflows = {"u": got.overflows.u, "v": got.overflows.v}
        if self.reads_v:
            overflows["fired readout"] = int(np.count_nonzero(got.spikes))
        used = 0.0
        if watch and got.u is not None and got.v is not None:
            used = max(float(np.abs(values).max(initial=0)) for values in (got.u, got.v)) / (1 << 23)
        return LayerRun(got.spikes, got.v if self.reads_v else None, overflows, used)

    def _with_own_spikes(self, arriving: Array, weights: Integers) -> loihi.Record:
        """A step at a time: what the neurons sent in a step arrives at them in the next."""
        w = weights.astype(np.float32)  # sums below 2^24: exact
        spikes, before = np.zeros(arriving.shape, np.int8), None
        own: Any = np.int64(0)
        vs, met = list[Array](), np.zeros(4, np.int64)
        us = list[Array]()
        for t in range(len(arriving)):
            got = loihi.run(self.params, arriving[t : t + 1] + own, before, states=True)
            assert got.u is not None
            assert got.v is not None
            spikes[t], before = got.spikes[0], got.after
            us.append(got.u[0])
            vs.append(got.v[0])
            met += got.overflows
            sums = (got.spikes[0].astype(np.float32) @ w).astype(np.int64)
            own = sums << self.recurrent_exponent if self.recurrent_exponent >= 0 else sums >> -self.recurrent_exponent
        after = before if before is not None else loihi.rest(arriving.shape[1:])
        u, v = (np.stack(values) if values else np.zeros(arriving.shape, np.int32) for values in (us, vs))
        return loihi.Record(spikes, u, v, after, loihi.Overflows(*(int(n) for n in met)))
