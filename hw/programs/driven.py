"""A layer on a chip whose neurons are programs: synapses add integers up, any neuron is driven by the sums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hw.neurons.words import Integers
from hw.programs.arriving import Loop, Synapses, later, shifted
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
    """signs: 2 where excitatory and inhibitory sums arrive apart, neither below 0; 1 where they arrive as one.

    sends_numbers: whether what they send is no 0/1 spike
    """

    @property
    def signs(self) -> int: ...
    @property
    def sends_numbers(self) -> bool: ...

    def run(self, arriving: tuple[Array, ...], before: Any) -> Driven:
        """Driven by sums (steps, batch, n), one array for each sign, from rest or from an earlier run's `after`."""
        ...


@dataclass(frozen=True, eq=False)
class DrivenLayer(Weighted):
    """One layer.

    weights : (inputs, n) integers, an array of a dense layer, a scipy csr_array of a convolution
    exponent: sums are multiplied by 2^exponent, downward where negative
    is_graded: whether numbers are sent on, as they are or, where the output is read, besides
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
    is_graded: bool = False

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        arriving = tuple(self._delivered(some, spikes, late) for some in self._synapses_apart)
        if self.recurrent_weights is None:
            return self.seen([self.neurons.run(arriving, None)])
        return self.seen(list(self._loop.run(arriving, self.neurons.run)))

    def seen(self, found: list[Driven]) -> LayerRun:
        """What the neurons did in one stretch of steps after the other, as what the layer did."""
        overflows = dict[str, int]()
        for word, n in (met for got in found for met in got.overflows.items()):
            overflows[word] = overflows.get(word, 0) + n
        spikes, v = (np.concatenate(values) for values in zip(*((got.spikes, got.v) for got in found), strict=True))
        used = max(got.used for got in found)
        if self.is_graded or not self.reads_v:
            sent = spikes.astype(np.int32 if self.is_graded else np.int8)
            return LayerRun(sent, v if self.reads_v else None, overflows, used)
        fired = 0 if self.neurons.sends_numbers else int(np.count_nonzero(spikes))
        return LayerRun(np.zeros(spikes.shape, np.int8), v, overflows | {"fired readout": fired}, used)

    def _delivered(self, synapses: Synapses, spikes: Array, late: int) -> Array:
        """Sums of one delay are shifted at once, as those of a core's messages are."""
        total = np.zeros((*spikes.shape[:2], synapses.weights.shape[1]), np.int64)
        for delay, sums in synapses.sums(spikes):
            total += later(shifted(sums, self.exponent), late + delay)
        return total

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
