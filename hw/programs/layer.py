"""A layer of a program, whatever the chip: what all have in common, and what one did."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.programs.arriving import Synapses

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class LayerRun:
    """What one layer did.

    spikes   : (steps, batch, n) int8 or wider: how often each neuron fired
    v        : (steps, batch, n) voltages after each step, of a layer that reads them; else None
    overflows: how often each word was left, by its name
    used     : largest share of a state's word that was in use, where it was watched; else 0
    """

    spikes: Array
    v: Array | None
    overflows: dict[str, int]
    used: float = 0.0


class Weighted:
    """What follows of a layer from its integer weights (inputs, n), arrays or scipy csr_arrays, their delays or None,
    those among its own neurons (n, n) or None."""

    shape: tuple[int, ...]
    weights: Any
    delays: Any = None
    recurrent_weights: Any = None

    @cached_property
    def synapses(self) -> Synapses:
        """Sums of spikes through the weights; made once."""
        return Synapses(self.weights, self.delays, self.channels)

    @property
    def channels(self) -> int:
        """How many maps its neurons are, one after the other."""
        return self.shape[0] if len(self.shape) > 1 else 1

    @property
    def n_inputs(self) -> int:
        return int(self.weights.shape[0])

    @property
    def connectivity(self) -> Any:
        return sparse.csr_array(self.weights)

    @property
    def recurrent(self) -> Any:
        return None if self.recurrent_weights is None else sparse.csr_array(self.recurrent_weights)


class ChipLayer(Protocol):
    """A layer in a chip's integers. Frozen records, one class a kind of machine, have these in common.

    name, shape : of the neurons' layer in the float net, and of the neurons without the batch
    n_inputs    : how many sources it listens to
    scale       : integers of v to the float net's 1, a number or one a neuron
    reads_v     : whether its voltage is the output (a readout that never fires), in place of its spikes
    connectivity: (n_inputs, n) scipy csr_array of the integer weights, 0 where there is no synapse
    recurrent   : (n, n) likewise among its own neurons, or None
    """

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def n_inputs(self) -> int: ...
    @property
    def scale(self) -> Any: ...
    @property
    def reads_v(self) -> bool: ...
    @property
    def connectivity(self) -> Any: ...
    @property
    def recurrent(self) -> Any: ...

    def run(self, spikes: Array, *, late: int = 0, watch: bool = False) -> LayerRun:
        """The layer alone, from rest, on (steps, batch, n_inputs) spikes that arrive `late` steps later.

        watch: whether to say how much of the words was used
        """
        ...


def missed(layer: ChipLayer, spikes: Array, wanted: Array) -> tuple[float, Array]:
    """(words that overflow, (n,) squares of what neurons send or read in all, less the (steps, batch, n) wanted)."""
    got = layer.run(spikes)
    values = got.spikes if got.v is None else got.v / layer.scale
    off = values.sum(axis=0, dtype=np.float64) - wanted.sum(axis=0, dtype=np.float64)
    errors: Array = np.square(off).mean(axis=0)
    return float(sum(got.overflows.values())), errors
