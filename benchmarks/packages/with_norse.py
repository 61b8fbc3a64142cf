"""The nets in Norse: LIFBox neurons over all steps of a layer at once.

Norse weighs the current by dt / tau = 1 / 16: weights are therefore 16 times the others', and so is the learning rate.
Its SuperSpike has no slope and its triangle no width, so the function that holds the curve is replaced.
"""

from __future__ import annotations

from typing import Any, cast

import norse.torch as norse
import torch
from norse.torch.functional import lif_box
from norse.torch.functional.reset import reset_subtract
from norse.torch.module.snn import SNN, SNNRecurrent
from workloads import LEAK, THRESHOLD, Given, Layer, Neurons, Recurrent, Workload

from packages.torch_training import curve, layer_by_layer, plain_layer, trainable
from packages.trainable import Trainable

VERSION = norse.__version__ if hasattr(norse, "__version__") else "1.1.0"
SCALE = 1 / (1 - LEAK)


class Spike(torch.autograd.Function):
    """A step with the surrogate as its derivative."""

    @staticmethod
    def forward(ctx: Any, u: torch.Tensor, compact: bool) -> torch.Tensor:
        ctx.save_for_backward(u)
        ctx.compact = compact
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *g: torch.Tensor) -> tuple[torch.Tensor, None]:
        return g[0] * curve(ctx.saved_tensors[0], ctx.compact), None


def build(workload: Workload, given: Given, rate: float) -> Trainable:
    lif_box.threshold = lambda u, method, alpha: Spike.apply(u, method == "triangle")
    layers = [_layer(layer, k, given) for k, layer in enumerate(workload.layers)]
    weights = [p for layer in layers for p in layer.parameters()]
    forward = layer_by_layer(workload, torch.tensor(given.x), layers, lambda layer, x: layer(x)[0])
    one = trainable(workload, given, rate * SCALE, weights, forward)
    return one._replace(gradients=lambda: [SCALE * g for g in one.gradients()])


def _layer(record: Layer, k: int, given: Given) -> Any:
    match record:
        case Neurons(compact):
            return SNN(lif_box.lif_box_feed_forward_step, _start, _parameters(compact), dt=1.0)
        case Recurrent(n):
            weight = torch.nn.Parameter(SCALE * torch.tensor(given.weights[f"{k}.weight"]).T.contiguous())
            return SNNRecurrent(
                _recurrent_step,
                _recurrent_start,
                n,
                n,
                _parameters(record.compact),
                input_weights=torch.empty(0),
                recurrent_weights=weight,
                autapses=True,
                dt=1.0,
            )
        case _:
            return plain_layer(record, k, given, SCALE)


def _parameters(compact: bool) -> Any:
    return lif_box.LIFBoxParameters(
        tau_mem_inv=torch.tensor(1 - LEAK),
        v_th=torch.tensor(THRESHOLD),
        method="triangle" if compact else "super",
        reset_method=reset_subtract,
    )


def _start(x: torch.Tensor) -> Any:
    return lif_box.LIFBoxFeedForwardState(v=torch.zeros_like(x[0]))


def _recurrent_start(x: torch.Tensor) -> Any:
    return lif_box.LIFBoxState(z=torch.zeros_like(x[0]), v=torch.zeros_like(x[0]))


def _recurrent_step(x: torch.Tensor, state: Any, w_in: torch.Tensor, w: torch.Tensor, p: Any, dt: float) -> Any:
    """Norse has no LIFBox with feedback: its feed-forward step behind the fed back spikes."""
    current = x + torch.nn.functional.linear(state.z, w)
    z, after = lif_box.lif_box_feed_forward_step(current, lif_box.LIFBoxFeedForwardState(state.v), p, dt)
    return cast(Any, z), lif_box.LIFBoxState(z=z, v=after.v)
