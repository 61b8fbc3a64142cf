"""Weights scaled on data so that every population of a spiking net fires at a wanted rate before training begins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import within
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers.layer import as_input, dtype_of
from spikenet.layers.sequential import Sequential
from spikenet.layers.spiking import Spiking

BISECTIONS, WIDEST = 30, 2.0**20  # of the factor, between 1/WIDEST and WIDEST


def match_rates(net: Sequential, x: TensorLike, rate: float) -> dict[str, float]:
    """Scales the weights before each population of `net` until it fires `rate` times per step and neuron on `x`.

    x   : (steps, batch, ...) input as in training, some hundred samples
    rate: in (0, 1)
    returns: the rate reached of each population, by its position; a step of the rate that no factor can split
             (few neurons, the same input) is left where it is

    Layers are matched in order, each with its predecessors already matched, in place. Biases are left alone, and so are
    populations inside other layers (`Recurrent`, `Residual`, `Parallel`): their weights have no single factor.

    Raises TypeError when net is no Sequential, ValueError when it has no population with a connection before it, or
    when the input of one is silent, so that no factor makes it fire.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"match_rates: expected a Sequential, got {net!r:.60}")
    wanted = within("match_rates: rate", rate, 0, 1)
    if wanted in (0, 1):
        raise ValueError(f"match_rates: expected a rate between 0 and 1, got {rate}")
    reached: dict[str, float] = {}
    with no_grad():
        now = as_input("match_rates", x, dtype_of(net.parameters()))
        pending: list[Any] = []  # layers since the last population
        for k, layer in enumerate(net.layers):
            pending.append(layer)
            if isinstance(layer, Spiking) and layer.model.spikes:
                weights = [inner.weight for inner in pending if getattr(inner, "weight", None) is not None]
                if weights:
                    reached[str(k)] = _matched(f"match_rates: layer {k}, {layer!r}", pending, weights[-1], now, wanted)
                now, pending = _through(pending, now), []
    if not reached:
        raise ValueError(f"match_rates: expected a population behind a connection, got {net!r:.80}")
    return reached


def _matched(where: str, layers: list[Any], weight: Any, x: Tensor, wanted: float) -> float:
    """Bisects the logarithm of the factor; the rate grows with it, up to the neurons' resets."""
    start = weight.data.copy()

    def rate_at(factor: float) -> float:
        weight.data = np.asarray(start * start.dtype.type(factor))
        return float(_through(layers, x).data.mean())

    low, high = -math.log(WIDEST), math.log(WIDEST)
    if rate_at(math.exp(high)) < wanted:
        weight.data = start
        raise ValueError(f"{where}: its input is too quiet to fire at rate {wanted}; look at the layer before it")
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if rate_at(math.exp(middle)) < wanted else (low, middle)
    nearest = min((low, high), key=lambda power: abs(rate_at(math.exp(power)) - wanted))
    return rate_at(math.exp(nearest))


def _through(layers: list[Any], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x
