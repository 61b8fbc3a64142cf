"""The nets in Spyx, compiled by JAX as one function: each layer over all steps, neurons by `spyx.nn.run` (a scan).

Spyx's own LIF answers one step later than the others and leaks before it resets; the cells here are neurons in the
sense of its StatefulLayer protocol with our order of events. Images are channels-last, as JAX prefers them on a CPU.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import spyx
from flax import nnx
from workloads import (
    HALF_WIDTH,
    LEAK,
    SLOPE,
    THRESHOLD,
    Conv,
    Flatten,
    Given,
    Linear,
    Neurons,
    Pool,
    Recurrent,
    Workload,
)

from packages.trainable import Trainable

VERSION = spyx.__version__
Weights = dict[str, jax.Array]


class Cell(nnx.Module):
    """LIF, one step: (current, membrane) -> (spikes, membrane)."""

    def __init__(self, spike: Any) -> None:
        self.spike = spike

    def __call__(self, x: jax.Array, v: jax.Array) -> tuple[jax.Array, jax.Array]:
        v = LEAK * v + x
        spikes = self.spike(v - THRESHOLD)
        return spikes, v - THRESHOLD * spikes


class RecurrentCell(nnx.Module):
    """LIF with feedback, one step: (current, (spikes, membrane)) -> (spikes, (spikes, membrane))."""

    def __init__(self, spike: Any, weight: jax.Array) -> None:
        self.cell, self.weight = Cell(spike), nnx.Param(weight)

    def __call__(self, x: jax.Array, state: tuple[jax.Array, jax.Array]) -> Any:
        spikes, v = self.cell(x + state[0] @ self.weight[...], state[1])
        return spikes, (spikes, v)


def build(workload: Workload, given: Given, rate: float) -> Trainable:
    weights = _weights(workload, given)
    x = given.x if len(workload.shape) == 1 else np.moveaxis(given.x, -3, -1)
    x, labels = jnp.asarray(x), jnp.asarray(given.labels)
    optimiser = optax.adam(rate)
    moments = optimiser.init(weights)

    def loss_of(weights: Weights, x: jax.Array) -> jax.Array:
        counts = _forward(workload, weights, x)[-1].sum(0)
        return optax.softmax_cross_entropy_with_integer_labels(counts, labels).mean()

    @jax.jit
    def train(weights: Weights, moments: Any, x: jax.Array) -> Any:
        loss, g = jax.value_and_grad(loss_of)(weights, x)
        change, moments = optimiser.update(g, moments)
        return loss, optax.apply_updates(weights, change), moments

    gradient = jax.jit(jax.grad(loss_of))
    counts = jax.jit(lambda weights, x: _forward(workload, weights, x)[-1].sum(0))
    spikes = jax.jit(lambda weights, x: [s.mean() for s in _forward(workload, weights, x)])

    def step() -> float:
        nonlocal weights, moments
        loss, weights, moments = train(weights, moments, x)
        return float(jax.block_until_ready((loss, weights, moments))[0])

    def infer() -> None:
        counts(weights, x).block_until_ready()

    def gradients() -> list[float]:
        g = gradient(weights, x)
        return [float(jnp.linalg.norm(g[name].ravel())) for name in weights if g[name].ndim > 1]

    return Trainable(step, infer, gradients, lambda: [float(s) for s in spikes(weights, x)])


def _forward(workload: Workload, weights: Weights, x: jax.Array) -> list[jax.Array]:
    """The spikes (steps, batch, ...) of every spiking layer; what does not change in time is computed once."""
    signal, changes, sent = x, not workload.constant, []
    for k, record in enumerate(workload.layers):
        match record:
            case Linear():
                signal = signal @ weights[f"{k}.weight"] + weights[f"{k}.bias"]
            case Conv():
                signal = _on_images(_convolve, signal, weights[f"{k}.weight"]) + weights[f"{k}.bias"]
            case Pool():
                signal = _on_images(lambda images: nnx.max_pool(images, (2, 2), (2, 2)), signal)
            case Flatten():
                signal = signal.reshape(*signal.shape[:-3], -1)
            case Neurons() | Recurrent():
                if not changes:
                    signal, changes = jnp.broadcast_to(signal, (workload.steps, *signal.shape)), True
                spike = spyx.axn.triangular(1 / HALF_WIDTH) if record.compact else spyx.axn.superspike(SLOPE)
                silent = jnp.zeros_like(signal[0])
                cell, start = (Cell(spike), silent) if isinstance(record, Neurons) else (None, (silent, silent))
                signal = spyx.nn.run(cell or RecurrentCell(spike, weights[f"{k}.weight"]), signal, start)[0]
                sent.append(signal)
    return sent


def _convolve(images: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(images, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _on_images(function: Any, x: jax.Array, *more: jax.Array) -> jax.Array:
    """A function of (images, height, width, channels) on (..., height, width, channels)."""
    y = function(x.reshape(-1, *x.shape[-3:]), *more)
    return y.reshape(*x.shape[:-3], *y.shape[1:])


def _weights(workload: Workload, given: Given) -> Weights:
    weights = {name: jnp.asarray(w) for name, w in given.weights.items()}
    channels = 0
    for k, record in enumerate(workload.layers):
        if isinstance(record, Conv):
            weights[f"{k}.weight"] = jnp.transpose(weights[f"{k}.weight"], (2, 3, 1, 0))
            channels = record.n_out
        elif isinstance(record, Linear) and channels:  # its inputs were listed channel by channel
            w, channels = weights[f"{k}.weight"].reshape(channels, -1, record.n_out), 0
            weights[f"{k}.weight"] = jnp.swapaxes(w, 0, 1).reshape(-1, record.n_out)
    return weights
