"""The nets in snnTorch, as its tutorials write them: one loop over time in which every layer is called at every step.

`reset_delay=False` makes Leaky reset within the step that fires, as all the others do. Above two thresholds it would
take off a second one a step later; the function that says so is replaced by one that never does.
"""

from __future__ import annotations

from typing import Any

import snntorch
import torch
from snntorch import surrogate
from workloads import LEAK, SLOPE, THRESHOLD, Given, Layer, Neurons, Recurrent, Workload

from packages.torch_training import Watch, curve, plain_layer, trainable
from packages.trainable import Trainable

VERSION = snntorch.__version__


def build(workload: Workload, given: Given, rate: float) -> Trainable:
    layers = [_layer(layer, k, given) for k, layer in enumerate(workload.layers)]
    x = torch.tensor(given.x)

    def forward(watch: Watch | None = None) -> torch.Tensor:
        states: dict[int, Any] = {}
        for k, (record, layer) in enumerate(zip(workload.layers, layers, strict=True)):
            if isinstance(record, Neurons):
                states[k] = (layer.reset_mem(),)
            elif isinstance(record, Recurrent):
                states[k] = layer.reset_mem()
        sent = []
        for t in range(workload.steps):
            signal = x if workload.constant else x[t]
            for k, layer in enumerate(layers):
                if k not in states:
                    signal = layer(signal)
                    continue
                signal, membrane = layer(signal, *states[k])
                states[k] = (membrane,) if len(states[k]) == 1 else (signal, membrane)
                if watch is not None:
                    watch(k, signal)
            sent.append(signal)
        return torch.stack(sent)

    return trainable(workload, given, rate, [p for layer in layers for p in layer.parameters()], forward)


def _layer(record: Layer, k: int, given: Given) -> Any:
    match record:
        case Neurons(compact):
            layer = snntorch.Leaky(LEAK, THRESHOLD, _surrogate(compact), reset_delay=False)
            layer.mem_reset = _never
            return layer
        case Recurrent(n):
            spike = _surrogate(record.compact)
            layer = snntorch.RLeaky(LEAK, threshold=THRESHOLD, linear_features=n, spike_grad=spike, reset_delay=False)
            layer.mem_reset = _never
            layer.recurrent = torch.nn.Linear(n, n, bias=False)
            layer.recurrent.weight.data = torch.tensor(given.weights[f"{k}.weight"]).T.contiguous()
            return layer
        case _:
            return plain_layer(record, k, given)


def _never(membrane: torch.Tensor) -> float:
    """No reset is due from the step before."""
    return 0.0


def _surrogate(compact: bool) -> Any:
    if not compact:
        return surrogate.fast_sigmoid(slope=SLOPE)
    return surrogate.custom_surrogate(lambda u, g, spikes: g * curve(u, True))
