"""From what was observed in a layer to its counts: one rule for each kind of layer, stated in `hw.count`."""

from __future__ import annotations

import numpy as np

from hw.counting.counts import LayerCount, Stored, Traffic
from hw.counting.observe import Observed
from hw.lowering.kinds import bias_of, fan_out, own_parameters
from hw.lowering.kinds import pointwise_operations as operations_of


def connection_count(
    o: Observed, *, is_events: bool, once: bool, feeds_neurons: bool, is_first: bool, is_last: bool
) -> LayerCount:
    """A layer of weights.

    is_events    : its input is spikes
    once         : an analogue input is multiplied in one step only
    feeds_neurons: neurons come next
    is_first, is_last: of the net's connections
    """
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


def neurons_count(o: Observed, *, is_last: bool) -> LayerCount:
    """A layer of neurons; the last one's output leaves through memory."""
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


def pointwise_count(o: Observed, once: bool) -> LayerCount:
    """A conventional activation; `once` when its input never changes over time."""
    values = float(o.outputs * (1 if once else o.steps))
    operations = {kind: n * values for kind, n in operations_of(o.layer).items()}
    return LayerCount(
        name=o.name, steps=o.steps, units=o.outputs, pointwise_operations=operations, pointwise_values=values
    )
