"""A layer on a chip whose neurons are programs: synapses add integers up, any neuron is driven by the sums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hw.neurons.words import Integers
from hw.programs.arriving import Loop, Synapses, shifted
from hw.programs.layer import LayerRun, Weighted

Array = npt.NDArray[Any]


class Driven(NamedTuple):
    """What neurons did: spikes and what is read of them (steps, batch, n), the state after the last step, how often
    each word was left by its name, the largest share of a state's word in use."""

    spikes: Array
    v: Array
    after: Any
    overflows: dict[str, int]
    used: float


class Neurons(Protocol):
    """signs: 2 where excitatory and inhibitory sums arrive apart, neither below 0; 1 where they arrive as one."""

    @property
    def signs(self) -> int: ...

    def run(self, arriving: tuple[Array, ...], before: Any) -> Driven:
        """Driven by sums (steps, batch, n), one array for each sign, from rest or from an earlier run's `after`."""
        ...


@dataclass(frozen=True, eq=False)
class DrivenLayer(Weighted):
    """One layer.

    weights : (inputs, n) integers, an array of a dense layer, a scipy csr_array of a convolution
    exponent: sums are multiplied by 2^exponent, downward where negative
    delays  : steps of each synapse, on top of the one every connection takes: broadcasts to (inputs, n), or None
    recurrent_weights: (n, n) among the neurons, or None;  recurrent_exponent, recurrent_delays: of these, likewise
    """

    name: str
    shape: tuple[int, ...]
    weights: Any
    exponent: int
    neurons: Neurons
    scale: float
    reads_v: bool
    delays: Integers | None = None
    recurrent_weights: Integers | None = None
    recurrent_exponent: int = 0
    recurrent_delays: Integers | None = None

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        arriving = tuple(shifted(some.delivered(spikes, late), self.exponent) for some in self._synapses_apart)
        if self.recurrent_weights is None:
            got = self.neurons.run(arriving, None)
            return self._seen(got.spikes, got.v, got.overflows, got.used)
        found = list[Driven](self._loop.run(arriving, self.neurons.run))
        overflows = dict[str, int]()
        for word, n in (met for got in found for met in got.overflows.items()):
            overflows[word] = overflows.get(word, 0) + n
        spikes, v = (np.concatenate(values) for values in zip(*((got.spikes, got.v) for got in found), strict=True))
        return self._seen(spikes, v, overflows, max(got.used for got in found))

    @cached_property
    def _synapses_apart(self) -> tuple[Synapses, ...]:
        return tuple(Synapses(w, self.delays, self.channels) for w in self._apart(self.weights))

    @cached_property
    def _loop(self) -> Loop:
        own = tuple(Synapses(w, self.recurrent_delays) for w in self._apart(self.recurrent_weights))
        return Loop(own, self.recurrent_exponent)

    def _apart(self, weights: Any) -> tuple[Any, ...]:
        """The weights as the neurons want their sums: together, or those above 0 and the others' sizes."""
        if self.neurons.signs == 1:
            return (weights,)
        return weights * (weights > 0), weights * (weights < 0) * -1

    def _seen(self, spikes: Array, v: Array, overflows: dict[str, int], used: float) -> LayerRun:
        if not self.reads_v:
            return LayerRun(spikes.astype(np.int8), None, overflows, used)
        silent = np.zeros(spikes.shape, np.int8)
        return LayerRun(silent, v, overflows | {"fired readout": int(np.count_nonzero(spikes))}, used)
