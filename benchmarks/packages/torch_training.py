"""What the packages on torch share: the training step around a forward pass, and the layers that torch itself has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from workloads import HALF_WIDTH, SLOPE, Conv, Flatten, Gated, Given, Layer, Linear, Pool, ReLU, Workload

from packages.trainable import Trainable

Watch = Callable[[int, torch.Tensor], None]
Forward = Callable[[Watch | None], torch.Tensor]


def curve(u: torch.Tensor, compact: bool) -> torch.Tensor:
    """The surrogate: the derivative that stands for a spike's at u = v - threshold."""
    if compact:
        return (1.0 - u.abs() / HALF_WIDTH).clamp_min(0)
    return 1.0 / (SLOPE * u.abs() + 1.0) ** 2


def plain_layer(record: Layer, k: int, given: Given, scale: float = 1.0) -> torch.nn.Module:
    """Layer k as torch's own module, its weights times `scale`."""
    match record:
        case Linear(n_in, n_out):
            linear = torch.nn.Linear(n_in, n_out)
            linear.weight.data = scale * torch.tensor(given.weights[f"{k}.weight"]).T.contiguous()
            linear.bias.data = scale * torch.tensor(given.weights[f"{k}.bias"])
            return linear
        case Conv(n_in, n_out, kernel):
            conv = torch.nn.Conv2d(n_in, n_out, kernel)
            conv.weight.data = scale * torch.tensor(given.weights[f"{k}.weight"])
            conv.bias.data = scale * torch.tensor(given.weights[f"{k}.bias"])
            return conv
        case Gated():
            return _LastOutput(record, k, given)
        case Pool():
            return torch.nn.MaxPool2d(2)
        case Flatten():
            return torch.nn.Flatten(-3)
        case ReLU():
            return torch.nn.ReLU()
        case _:
            raise TypeError(f"not a layer of torch: {record}")


class _LastOutput(torch.nn.Module):
    """A recurrent layer's output (batch, n) after all steps of (batch, steps, n_in)."""

    def __init__(self, record: Gated, k: int, given: Given) -> None:
        super().__init__()
        self.layer = getattr(torch.nn, record.kind)(record.n_in, record.n, batch_first=True)
        order = (0, 1, 3, 2) if record.kind == "LSTM" else (0, 1, 2)  # our blocks in torch's order
        for ours, theirs in (("weight", "weight_ih_l0"), ("recurrent_weight", "weight_hh_l0"), ("bias", "bias_ih_l0")):
            blocks = np.split(given.weights[f"{k}.{ours}"], record.blocks, axis=-1)
            stacked = np.concatenate([blocks[b].T for b in order])
            getattr(self.layer, theirs).data = torch.tensor(stacked)
        self.layer.bias_hh_l0.data.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[0][:, -1]


def at_every_step(layer: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A layer without memory on (steps, batch, ...): time and batch as one axis where images would not allow two."""
    if isinstance(layer, torch.nn.Conv2d | torch.nn.MaxPool2d):
        return layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
    return layer(x)


def layer_by_layer(
    workload: Workload, x: torch.Tensor, layers: list[Any], run: Callable[[Any, torch.Tensor], torch.Tensor]
) -> Forward:
    """Each layer over all steps at once; what does not change in time is computed once and then repeated.

    layers: torch modules, and in the places of spiking layers whatever `run` takes with (steps, batch, ...)
    """

    def forward(watch: Watch | None = None) -> torch.Tensor:
        signal, changes = x, not workload.constant
        for k, (record, layer) in enumerate(zip(workload.layers, layers, strict=True)):
            if isinstance(record, Linear | Conv | Pool | Flatten):
                signal = at_every_step(layer, signal) if changes else layer(signal)
                continue
            if not changes:
                signal, changes = signal.expand(workload.steps, *signal.shape), True
            signal = run(layer, signal)
            if watch is not None:
                watch(k, signal)
        return signal

    return forward


def trainable(workload: Workload, given: Given, rate: float, weights: list[Any], forward: Forward) -> Trainable:
    """Forward pass, cross-entropy on the spike counts, backward pass and Adam.

    weights: every parameter, in the order of the layers
    """
    labels = torch.tensor(given.labels)
    optimiser = torch.optim.Adam(weights, lr=rate)

    def step() -> float:
        optimiser.zero_grad()
        out = forward(None)
        loss = torch.nn.functional.cross_entropy(out.sum(0) if workload.steps else out, labels)
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    def infer() -> None:
        with torch.no_grad():
            forward(None)

    def gradients() -> list[float]:
        return [float(w.grad.norm()) for w in weights if w.ndim > 1]

    def densities() -> list[float]:
        seen: dict[int, list[float]] = {}
        with torch.no_grad():
            forward(lambda k, spikes: seen.setdefault(k, []).append(float(spikes.double().mean())))
        return [sum(found) / len(found) for _, found in sorted(seen.items())]

    return Trainable(step, infer, gradients, densities)
