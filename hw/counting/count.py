"""Counting the operations, spikes and memory traffic of a net while it runs on data.

What is taken for granted, also handed on with every count:

- An input of 0s and 1s into a connection of a net with neurons is spikes: only its ones cost synaptic operations, and
  each reads its row of weights. Any other input costs a multiply-accumulate with every weight, zeros included.
- An input that never changes over time and is not 0/1 is multiplied once and the sums are kept (an option).
- A sum is added up in a register; weights are read from memory for every use, none is kept from one step to the next.
- A convolution's input meets a weight for every window it lies in; zeros of the border are not multiplied.
- A BatchNorm is folded into the connection before it; sums and means of spikes are not formed, each spike goes on.
- Activations are written once by their producer and read once by each connection; the input of the net is only read.
- Of two branches that are joined, what the first gives (or the shortcut) waits in memory until the second is there.
- A transposed convolution's input meets the weights that it spreads within the output; a map of another size is made
  of sums, largest numbers or weighted means as it is written, and repeating a number costs nothing.
- Neuron states are read and written once a step; so are spikes, as one bit a neuron and step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.counting.activity import Active, had_work
from hw.counting.counts import Counts
from hw.counting.observe import Observed, observed
from hw.counting.roles import roles
from hw.counting.rules import connection_count, join_count, neurons_count, pointwise_count, pooling_count
from hw.lowering.kinds import flat_records, folded, has_weights, is_free, is_join, is_neurons, is_pooling
from spikenet.errors import finite_values, whole
from spikenet.layers import LayerRecord, record

Array = npt.NDArray[Any]
Encode = Callable[..., Array]

EVENTS = "0/1 inputs of a net with neurons are events: only spikes cost synaptic operations (zero weights included)"
CONVENTIONAL = "conventional layers multiply every input with every weight, zeros included"
CONSTANT = "an input that is constant over time and not 0/1 is multiplied once per inference, its sums kept"
POOLED = "a pooling compares or adds every place of its windows as results leave the layer before: it has no memory"
POOLED_SPIKES = (
    f"{POOLED}; between neurons and a connection sums and means of spikes are not formed: each spike goes on to what "
    "its windows feed, a mean's factor being in the weights, while a largest is taken of all places, silent ones too"
)
FOLDED = "a BatchNorm is folded into the weights and the bias of the connection before it"
EVERY_STEP = "an input that is constant over time is multiplied anew in every step"
DATAFLOW = (
    "one inference at a time; weights are read for every use, sums stay in registers, activations, spikes (1 bit a "
    "neuron and step) and neuron states go through memory once per use; the readout over time is not counted"
)


def batches(
    inputs: Array, encode: Encode | None, batch_size: int, seed: int = 0
) -> Iterator[tuple[slice, npt.NDArray[Any]]]:
    """Slices of the samples and what the net sees of them; ValueError when there is nothing to run."""
    values = finite_values("inputs", inputs)
    whole("batch_size", batch_size)
    if encode is not None and not callable(encode):
        raise TypeError(f"encode: expected one of sn.encode, such as sn.encode.Rate(steps=25), got {encode!r:.60}")
    if values.ndim < 2 or len(values) == 0:
        raise ValueError(f"inputs: expected (samples, features...) with at least one sample, got shape {values.shape}")
    for start in range(0, len(values), batch_size):
        part = slice(start, min(start + batch_size, len(values)))
        index = np.arange(part.start, part.stop)
        yield part, values[part] if encode is None else encode(values[part], index=index, seed=seed)


def count(
    net: Any,
    inputs: Array,
    *,
    encode: Encode | None = None,
    batch_size: int = 256,
    active: Active = had_work,
    repeated_input_once: bool = True,
    seed: int = 0,
) -> Counts:
    """Counts of `net` on `inputs` (samples, features...), means per inference.

    encode : inputs -> (steps, batch, ...), with index= and seed=; None for a net without time
    active : which neuron updates count as active, one of `hw.activity`
    repeated_input_once: whether an input that is constant over time is multiplied once or in every step

    Raises TypeError for a layer that cannot be counted, ValueError for empty or non-finite inputs, or for neurons
    without `encode`.
    """
    tally = Tally(has_time=encode is not None, active=active)
    for _, x in batches(inputs, encode, batch_size, seed):
        tally.add(record(net, x))
    return tally.counts(repeated_input_once)


class Tally:
    """Adds up what layers did, batch by batch; `counts()` turns it into means per inference."""

    def __init__(self, has_time: bool, active: Active = had_work) -> None:
        self.has_time, self.active = has_time, active
        self.seen: list[Observed] = []
        self.has_folded = False

    def add(self, records: tuple[LayerRecord, ...]) -> None:
        """Adds one batch, as `spikenet.record` returns it."""
        batch, read_already = list[Observed](), set[int]()
        entries = list(flat_records(records))
        together = folded(entry.layer for entry in entries)
        self.has_folded = self.has_folded or len(together) < len(entries)
        for entry in (replace(entries[k], layer=layer) for k, layer in together):
            if is_neurons(entry.layer) and entry.layer.states and not self.has_time:
                raise ValueError(
                    f"count: layer {entry.name} has neurons with a state, which need time; give an encoder"
                )
            at = np.asarray(entry.input).__array_interface__["data"][0]
            reads = has_weights(entry.layer) or is_pooling(entry.layer)
            batch.append(observed(entry, self.has_time, self.active, is_shared=reads and at in read_already))
            read_already |= {at} if reads else set()
        self.seen = [a.and_then(b) for a, b in zip(self.seen, batch, strict=True)] if self.seen else batch

    def counts(self, repeated_input_once: bool = True) -> Counts:
        """Means over everything added so far."""
        if not self.seen:
            raise ValueError("count: nothing was run; add at least one batch")
        has_neurons = self.has_time and any(is_neurons(o.layer) for o in self.seen)
        counted = [o for o in self.seen if not is_free(o.layer)]
        known = roles(counted, has_neurons, repeated_input_once)
        layers = []
        for k, o in enumerate(counted):
            if has_weights(o.layer):
                layers.append(connection_count(o, known[k]))
            elif is_pooling(o.layer):
                layers.append(pooling_count(o, known[k]))
            elif is_join(o.layer):
                layers.append(join_count(o, known[k]))
            elif is_neurons(o.layer):
                layers.append(neurons_count(o, is_last=k + 1 == len(counted)))
            else:
                layers.append(pointwise_count(o, repeated_input_once and o.is_constant))
        assumptions = (EVENTS, CONSTANT if repeated_input_once else EVERY_STEP) if has_neurons else (CONVENTIONAL,)
        if any(is_pooling(o.layer) for o in counted):
            assumptions = (*assumptions, POOLED_SPIKES if has_neurons else POOLED)
        if self.has_folded:
            assumptions = (*assumptions, FOLDED)
        return Counts(tuple(layers), self.seen[0].samples, (*assumptions, DATAFLOW))
