"""The nets in SpikingJelly, in its multi-step mode: each layer over all steps at once.

It has both surrogates, but at another scale: 12.5 times the fast sigmoid, 5 times the triangle. The function that holds
the curve is replaced; all around it stays.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch
from spikingjelly._ops import surrogate as curves
from spikingjelly._ops.lif import cpu
from spikingjelly.activation_based import neuron, surrogate
from workloads import HALF_WIDTH, LEAK, SLOPE, THRESHOLD, Given, Layer, Neurons, Recurrent, Workload

from packages.torch_training import curve, layer_by_layer, plain_layer, trainable
from packages.trainable import Trainable

VERSION = version("spikingjelly")
TRIANGLE = 2  # SpikingJelly's number of PiecewiseQuadratic


def build(workload: Workload, given: Given, rate: float) -> Trainable:
    for room in (curves, cpu):
        room._surrogate_gradient = lambda u, alpha, number: curve(u, number == TRIANGLE)
    layers = [_layer(layer, k, given) for k, layer in enumerate(workload.layers)]
    weights = [p for layer in layers for p in layer.parameters()]
    return trainable(workload, given, rate, weights, layer_by_layer(workload, torch.tensor(given.x), layers, _run))


class Loop(torch.nn.Module):
    """A neuron layer with all-to-all feedback; SpikingJelly's own container would multiply the input at every step."""

    def __init__(self, weight: torch.Tensor, compact: bool) -> None:
        super().__init__()
        self.feedback = torch.nn.Linear(*weight.shape, bias=False)
        self.feedback.weight.data = weight.T.contiguous()
        self.neurons = _lif(compact, "s")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sent = [self.neurons(x[0])]
        for current in x[1:]:
            sent.append(self.neurons(current + self.feedback(sent[-1])))
        return torch.stack(sent)

    def reset(self) -> None:
        self.neurons.reset()


def _run(layer: Any, x: torch.Tensor) -> torch.Tensor:
    layer.reset()
    return layer(x)


def _layer(record: Layer, k: int, given: Given) -> Any:
    match record:
        case Neurons(compact):
            return _lif(compact, "m")
        case Recurrent():
            return Loop(torch.tensor(given.weights[f"{k}.weight"]), record.compact)
        case _:
            return plain_layer(record, k, given)


def _lif(compact: bool, mode: str) -> Any:
    kind = surrogate.PiecewiseQuadratic(1 / HALF_WIDTH) if compact else surrogate.SoftSign(SLOPE)
    tau = 1 / (1 - LEAK)  # v <- v - v / tau + current
    return neuron.LIFNode(
        tau=tau,
        decay_input=False,
        v_threshold=THRESHOLD,
        v_reset=None,
        surrogate_function=kind,
        detach_reset=False,
        step_mode=mode,
    )
