"""From what was observed in a layer to its counts: one rule for each kind of layer, stated in `hw.count`."""

from __future__ import annotations

import numpy as np

from hw.counting.arithmetic import POINTWISE, operations
from hw.counting.counts import LayerCount, Stored, Traffic
from hw.counting.observe import Observed
from hw.counting.roles import Role
from hw.lowering.kinds import is_sum, mean_places, own_parameters
from hw.lowering.weights import bias_of, fan_out


def connection_count(o: Observed, role: Role) -> LayerCount:
    """A layer of weights."""
    every, nonzero = fan_out(o.layer, o.shape)
    bias, source, is_events = bias_of(o.layer), role.source, role.is_events
    once = role.once and not is_events
    calls = 1 if once else o.steps
    sums = float(o.outputs * calls)
    # how often each input is not zero, or how many spikes a pooling adds up in it
    arriving = np.rint(o.total * role.places) if is_events else o.nonzero
    per_inference = arriving / o.samples * (calls / o.steps)
    acs = float(per_inference @ every) if is_events else 0.0
    macs = 0.0 if is_events else float(every.sum()) * calls
    through = float(source.inputs * calls)
    leaving = sums if role.is_last and not role.neurons else 0.0
    kept = role.neurons if once else 0
    traffic = Traffic(
        weights=acs + macs,
        biases=0.0 if bias is None else sums,
        values_read=0.0 if is_events else through,
        values_written=leaving + (0.0 if is_events or role.is_written else through),
        bits_read=through if is_events else 0.0,
        bits_written=through if is_events and not role.is_written else 0.0,
        sums_read=float(kept * o.steps),
        sums_written=float(kept),
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
        feeds_neurons=role.neurons > 0,
        sources=source.inputs if is_events else 0,
        events=float(source.nonzero.sum()) / o.samples if is_events else 0.0,
        traffic=traffic,
        stored=Stored(
            weights=int(np.size(o.layer.weight.data)),
            biases=0 if bias is None else int(bias.size),
            channels=o.layer.n_out,
            values=(0 if is_events or source.is_shared else o.inputs) + (o.outputs if leaving else 0),
            bits=source.inputs if is_events and not source.is_shared else 0,
            sums=kept,
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
    """A conventional activation, or maps of another size; `once` when its input never changes over time."""
    calls = 1 if once else o.steps
    work = {kind: n * calls for kind, n in operations(o.layer, o.shape, o.out_shape).items()}
    values = float(o.outputs * calls) if o.layer.kind in POINTWISE else 0.0
    return LayerCount(name=o.name, steps=o.steps, units=o.outputs, pointwise_operations=work, pointwise_values=values)


def join_count(o: Observed, role: Role) -> LayerCount:
    """Two branches: what the first gave, or the shortcut, is read from memory as results of the second arrive.

    Branches side by side are not brought together: who reads them reads both.
    """
    calls = 1 if role.once else o.steps
    work = {kind: n * calls for kind, n in operations(o.layer, o.shape, o.out_shape).items()}
    waiting = float(o.inputs * calls) if work else 0.0
    written = waiting if role.waits else 0.0
    traffic = Traffic(
        values_read=0.0 if role.is_events else waiting,
        values_written=0.0 if role.is_events else written,
        bits_read=waiting if role.is_events else 0.0,
        bits_written=written if role.is_events else 0.0,
    )
    stored = o.inputs if written else 0
    return LayerCount(
        name=o.name, steps=o.steps, units=o.outputs, pointwise_operations=work, traffic=traffic,
        stored=Stored(values=0 if role.is_events else stored, bits=stored if role.is_events else 0),
    )  # fmt: skip


def pooling_count(o: Observed, role: Role) -> LayerCount:
    """The largest, the sum or the mean of every window: its places on the map less one to compare or to add.

    One that only hands spikes on costs nothing itself: they are counted where they arrive.
    """
    calls = 1 if role.once else o.steps
    outputs, n_axes = o.outputs * calls, o.layer.n_axes
    window = o.layer.window_on(o.shape)
    covered = [
        np.add.outer(np.arange(out) * stride - padding, np.arange(kernel))
        for out, stride, padding, kernel in zip(window.out, window.stride, window.padding, window.kernel, strict=True)
    ]
    places = float(np.prod([np.count_nonzero((c >= 0) & (c < n)) for c, n in zip(covered, window.size, strict=True)]))
    work = places * float(np.prod(o.shape[: len(o.shape) - n_axes])) * calls - outputs
    found = {"add" if is_sum(o.layer) else "compare": work}
    found |= {"multiply": float(outputs)} if mean_places(o.layer) > 1 else {}
    read = float(o.inputs * calls) if role.is_written else 0.0
    written = float(outputs) if role.is_last and not role.neurons else 0.0
    as_bits = role.is_events and not is_sum(o.layer)
    traffic = Traffic(
        values_read=0.0 if role.is_events else read,
        bits_read=read if role.is_events else 0.0,
        values_written=0.0 if as_bits else written,
        bits_written=written if as_bits else 0.0,
    )
    there, left = (o.inputs if read and not o.is_shared else 0), (o.outputs if written else 0)
    stored = Stored(
        values=(0 if role.is_events else there) + (0 if as_bits else left),
        bits=(there if role.is_events else 0) + (left if as_bits else 0),
    )
    if role.hands_on:
        return LayerCount(name=o.name, steps=o.steps, units=o.outputs)
    return LayerCount(
        name=o.name, steps=o.steps, units=o.outputs, pointwise_operations=found, traffic=traffic, stored=stored
    )
