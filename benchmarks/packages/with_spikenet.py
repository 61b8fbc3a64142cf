"""The nets in spikenet."""

from __future__ import annotations

from typing import Any

import numpy as np
from workloads import (
    HALF_WIDTH,
    LEAK,
    SLOPE,
    Conv,
    Flatten,
    Gated,
    Given,
    Layer,
    Linear,
    Neurons,
    Pool,
    Recurrent,
    Workload,
)

import spikenet as sn
from packages.trainable import Trainable

VERSION = sn.__version__


def build(workload: Workload, given: Given, rate: float) -> Trainable:
    layers = [_layer(layer, k, given) for k, layer in enumerate(workload.layers)]
    net = sn.Sequential(*layers)
    x = np.broadcast_to(given.x, (workload.steps, *given.x.shape)) if workload.constant else given.x
    loss_of = sn.loss.count_cross_entropy if workload.steps else sn.loss.cross_entropy
    parameters = net.parameters()
    optimiser = sn.optim.Adam(max(rate, 1e-30))  # it refuses 0; so small a step rounds to none
    state = optimiser.start(parameters)

    def step() -> float:
        nonlocal state
        for parameter in parameters.values():
            parameter.grad = None
        loss = loss_of(net(x), given.labels)
        loss.backward()
        state = optimiser.step(parameters, state)
        return loss.item()

    def infer() -> None:
        with sn.no_grad():
            net(x)

    def gradients() -> list[float]:
        return [float(np.linalg.norm(p.grad)) for p in parameters.values() if p.ndim > 1 and p.grad is not None]

    def densities() -> list[float]:
        found, signal = [], sn.Tensor(x)
        with sn.no_grad():
            for record, layer in zip(workload.layers, layers, strict=True):
                signal = layer(signal)
                if isinstance(record, Neurons | Recurrent):
                    found.append(float(signal.data.mean(dtype=np.float64)))
        return found

    return Trainable(step, infer, gradients, densities)


def _layer(record: Layer, k: int, given: Given) -> Any:
    match record:
        case Linear(n_in, n_out):
            return _with_weights(sn.Linear(n_in, n_out), k, given)
        case Conv(n_in, n_out, kernel):
            return _with_weights(sn.Conv2d(n_in, n_out, kernel), k, given)
        case Gated(kind, n_in, n):
            return _LastOutput(getattr(sn, kind)(n_in, n), k, given)
        case Recurrent(n):
            layer = sn.Recurrent(_lif(record.compact), n)
            (weight,) = (p for p in layer.parameters().values() if p.shape == (n, n))
            weight.data[...] = given.weights[f"{k}.weight"]
            return layer
        case Neurons():
            return _lif(record.compact)
        case Pool():
            return sn.MaxPool2d(2)
        case Flatten():
            return sn.Flatten(3)
        case _:
            return sn.ReLU()


class _LastOutput:
    """A recurrent layer's output (batch, n) after all steps of (batch, steps, n_in)."""

    kind = "LastOutput"

    def __init__(self, layer: Any, k: int, given: Given) -> None:
        self.layer = layer
        for name, parameter in layer.parameters().items():
            parameter.data[...] = given.weights.get(f"{k}.{name}", 0)

    def __call__(self, x: Any, *, training: Any = None) -> Any:
        return self.layer(x.swapaxes(0, 1))[-1]

    def run(self, x: Any, state: Any = None, *, training: Any = None) -> Any:
        return self(x), ()

    def parameters(self) -> dict[str, Any]:
        return dict(self.layer.parameters())

    def config(self) -> dict[str, Any]:
        return {}


def _lif(compact: bool) -> Any:
    surrogate = sn.surrogate.triangle(HALF_WIDTH) if compact else sn.surrogate.fast_sigmoid(SLOPE)
    return sn.LIF(tau_mem_s=-1e-3 / np.log(LEAK), reset=sn.reset.subtract, surrogate=surrogate)


def _with_weights(layer: Any, k: int, given: Given) -> Any:
    layer.weight.data[...] = given.weights[f"{k}.weight"]
    layer.bias.data = given.weights[f"{k}.bias"].copy()
    return layer
