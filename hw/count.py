"""Counting the operations, spikes and memory traffic of a net while it runs on data.

What is taken for granted, also handed on with every count:

- An input of 0s and 1s into a connection of a net with neurons is spikes: only its ones cost synaptic operations, and
  each reads its row of weights. Any other input costs a multiply-accumulate with every weight, zeros included.
- An input that never changes over time and is not 0/1 is multiplied once and the sums are kept (an option).
- A sum is added up in a register; weights are read from memory for every use, none is kept from one step to the next.
- Activations are written once by their producer and read once by each connection; the input of the net is only read.
- Neuron states are read and written once a step; so are spikes, as one bit a neuron and step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.activity import Active, had_work
from hw.counts import Counts, LayerCount, Stored, Traffic
from hw.kinds import bias_of, fan_out, flat_records, is_connection, is_free, is_neurons, own_parameters
from hw.kinds import pointwise_operations as operations_of
from hw.observe import Observed, observed
from spikenet.errors import finite_values, whole
from spikenet.layers import LayerRecord, record

Array = npt.NDArray[Any]
Encode = Callable[..., Array]

EVENTS = "0/1 inputs of a net with neurons are events: only spikes cost synaptic operations (zero weights included)"
CONVENTIONAL = "conventional layers multiply every input with every weight, zeros included"
CONSTANT = "an input that is constant over time and not 0/1 is multiplied once per inference, its sums kept"
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

    def add(self, records: tuple[LayerRecord, ...]) -> None:
        """Adds one batch, as `spikenet.record` returns it."""
        batch = []
        for entry in flat_records(records):
            if is_neurons(entry.layer) and entry.layer.states and not self.has_time:
                raise ValueError(
                    f"count: layer {entry.name} has neurons with a state, which need time; give an encoder"
                )
            batch.append(observed(entry, self.has_time, self.active))
        self.seen = [a.and_then(b) for a, b in zip(self.seen, batch, strict=True)] if self.seen else batch

    def counts(self, repeated_input_once: bool = True) -> Counts:
        """Means over everything added so far."""
        if not self.seen:
            raise ValueError("count: nothing was run; add at least one batch")
        has_neurons = self.has_time and any(is_neurons(o.layer) for o in self.seen)
        counted = [o for o in self.seen if not is_free(o.layer)]
        connections = [k for k, o in enumerate(counted) if is_connection(o.layer)]
        layers = []
        for k, o in enumerate(counted):
            if is_connection(o.layer):
                follower = counted[k + 1].layer if k + 1 < len(counted) else None
                is_first, is_last = k == connections[0], k == connections[-1]
                once = repeated_input_once and o.is_constant
                layers.append(
                    _connection(o, has_neurons and o.is_binary, once, is_neurons(follower), is_first, is_last)
                )
            elif is_neurons(o.layer):
                layers.append(_neurons(o, is_last=k + 1 == len(counted)))
            else:
                layers.append(_pointwise(o, repeated_input_once and o.is_constant))
        assumptions = (EVENTS, CONSTANT if repeated_input_once else EVERY_STEP) if has_neurons else (CONVENTIONAL,)
        return Counts(tuple(layers), self.seen[0].samples, (*assumptions, DATAFLOW))


def _connection(
    o: Observed, is_events: bool, once: bool, feeds_neurons: bool, is_first: bool, is_last: bool
) -> LayerCount:
    every, nonzero = fan_out(o.layer, o.inputs)
    bias = bias_of(o.layer)
    once = once and not is_events
    calls = 1 if once else o.steps
    sums = float(o.outputs * calls)
    per_inference = o.nonzero / o.samples * (calls / o.steps)  # how often each input is not zero
    acs = float(per_inference @ every) if is_events else 0.0
    macs = 0.0 if is_events else float(every.sum()) * calls
    through = float(o.inputs * calls)
    leaving = sums if is_last and not feeds_neurons else 0.0
    traffic = Traffic(
        weights=acs + macs,
        biases=0.0 if bias is None else sums,
        values_read=0.0 if is_events else through,
        values_written=leaving + (0.0 if is_events or is_first else through),
        bits_read=through if is_events else 0.0,
        bits_written=through if is_events and not is_first else 0.0,
        sums_read=float(o.outputs * o.steps) if once and feeds_neurons else 0.0,
        sums_written=sums if once and feeds_neurons else 0.0,
    )
    return LayerCount(
        name=o.name,
        steps=o.steps,
        macs=macs,
        acs=acs,
        effective=float(per_inference @ nonzero),
        dense=float(every.sum()) * o.steps,
        bias_adds=0.0 if bias is None else sums,
        sums=sums,
        feeds_neurons=feeds_neurons,
        sources=o.inputs if is_events else 0,
        events=float(o.nonzero.sum()) / o.samples if is_events else 0.0,
        traffic=traffic,
        stored=Stored(
            weights=int(np.size(o.layer.weight.data)),
            biases=0 if bias is None else int(bias.size),
            channels=o.outputs,
            values=(0 if is_events else o.inputs) + (o.outputs if leaving else 0),
            bits=o.inputs if is_events else 0,
            sums=o.outputs if once and feeds_neurons else 0,
        ),
    )


def _neurons(o: Observed, is_last: bool) -> LayerCount:
    model = o.layer.runs
    updates = float(o.outputs * o.steps)
    own = own_parameters(o.layer)
    states = len(model.states)
    return LayerCount(
        name=o.name,
        steps=o.steps,
        units=o.outputs,
        updates=updates,
        active_updates=o.active / o.samples,
        is_spiking=model.spikes,
        spikes=o.spikes / o.samples,
        neuron_operations={kind: n * updates for kind, n in model.operations.items()},
        traffic=Traffic(
            parameters=own * updates,
            values_written=updates if is_last and not model.spikes else 0.0,
            bits_written=updates if is_last and model.spikes else 0.0,
            states_read=states * updates,
            states_written=states * updates,
        ),
        stored=Stored(parameters=own * o.outputs, states=states * o.outputs),
    )


def _pointwise(o: Observed, once: bool) -> LayerCount:
    values = float(o.outputs * (1 if once else o.steps))
    operations = {kind: n * values for kind, n in operations_of(o.layer).items()}
    return LayerCount(
        name=o.name, steps=o.steps, units=o.outputs, pointwise_operations=operations, pointwise_values=values
    )
