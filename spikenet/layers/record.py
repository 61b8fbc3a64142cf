"""What every layer of a net receives, sends and holds while it runs: for rasters, traces and energy counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.kernels import neuron_pass
from spikenet.layers.layer import Layer, entering
from spikenet.layers.over_time import parameter_rows
from spikenet.layers.sequential import Sequential
from spikenet.layers.spiking import Spiking


@dataclass(frozen=True)
class LayerRecord:
    """One layer of one run.

    name  : kind of the layer and its place, as "1 LIF"
    input, output: arrays in the layer's own shapes; constant input is a view with stride 0
    states: each state after every step, (steps, batch, neurons...); empty for a layer without memory
    """

    name: str
    layer: Layer
    input: Array
    output: Array
    states: dict[str, Array]


def record(net: Sequential, x: TensorLike) -> tuple[LayerRecord, ...]:
    """Run `net` from rest on x, as in evaluation, and keep what each of its layers did, in order."""
    if not isinstance(net, Sequential):
        raise TypeError(f"record: expected a Sequential, got {net!r:.60}; wrap a single layer, sn.Sequential(layer)")
    records = []
    with no_grad():
        signal = entering(net, x, name="record")
        for k, layer in enumerate(net.layers):
            before = signal
            states: dict[str, Array] = {}
            if isinstance(layer, Spiking) and layer.states:
                signal, states = _run_traced(layer, before)
            else:
                signal = layer(before)
            name = getattr(layer, "name", layer.kind)
            records.append(LayerRecord(f"{k} {name}", layer, before.data, signal.data, states))
    return tuple(records)


def _run_traced(layer: Spiking, x: Tensor) -> tuple[Tensor, dict[str, Array]]:
    """The layer's output and the states after each step; one step at a time would cost as many calls as steps."""
    out, last = layer.run(x)
    steps, batch, *neurons = x.shape
    n = int(np.prod(neurons))
    rows = parameter_rows(layer.values, tuple(neurons), x.dtype)
    start = np.stack([s.data.reshape(batch, n) for s in layer._before(x, None)])
    current = (x.data[:1] if x.repeated is not None else x.data).reshape(-1, batch, n)
    kept = neuron_pass.forward(layer.runs, rows, current, start, steps, span=1)[2].kept
    # The loop keeps the states before each step: shifted by one, and with the last ones added, they are those after.
    before = kept.reshape(steps, len(layer.states), batch, *neurons)
    final = np.stack([s.data for s in last])[None]
    after = np.concatenate([before[1:], final])
    return out, {name: after[:, k] for k, name in enumerate(layer.states)}
