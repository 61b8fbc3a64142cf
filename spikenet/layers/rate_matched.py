"""Weights scaled on data so that every population of a spiking net fires at a wanted rate before training begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import within
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers.delayed_recurrent import DelayedRecurrent
from spikenet.layers.layer import as_input, dtype_of
from spikenet.layers.parallel import Parallel
from spikenet.layers.recurrent import Recurrent
from spikenet.layers.sequential import Residual, Sequential
from spikenet.layers.spiking import Spiking

BISECTIONS, WIDEST = 30, 2.0**20  # of the factor, between 1/WIDEST and WIDEST


def match_rates(net: Sequential, x: TensorLike, rate: float) -> dict[str, float]:
    """Scales the weights before each population of `net` until it fires `rate` times per step and neuron on `x`.

    x   : (steps, batch, ...) input as in training, some hundred samples
    rate: in (0, 1)
    returns: the rate reached of each population, by its position ("3", inside another layer "3.0.1"); a step of the
             rate that no factor can split (few neurons, the same input) is left where it is

    Populations are matched in order, each with its predecessors already matched, in place: also in Sequential, Residual
    and Parallel, and those of `Recurrent`, whose own weights stay. Behind branches, what ends each of them is scaled by
    one factor. Biases are left alone, and so are populations inside other layers, such as attention.

    Raises TypeError when net is no Sequential, ValueError when it has no population with a connection before it, when
    the input of one is so silent that no factor makes it fire, or when it fires more often without those weights.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"match_rates: expected a Sequential, got {net!r:.60}")
    wanted = within("match_rates: rate", rate, 0, 1)
    if wanted in (0, 1):
        raise ValueError(f"match_rates: expected a rate between 0 and 1, got {rate}")
    reached: dict[str, float] = {}
    with no_grad():
        _match("", net.layers, _Signal(as_input("match_rates", x, dtype_of(net.parameters())), (), ()), wanted, reached)
    if not reached:
        raise ValueError(f"match_rates: expected a population behind a connection, got {net!r:.80}")
    return reached


class _Signal(NamedTuple):
    """What reaches a layer: `x` after the `layers` since the last population; `weights` of those that end there."""

    x: Tensor
    layers: tuple[Any, ...]
    weights: tuple[Tensor, ...]

    def behind(self, layer: Any, weights: tuple[Tensor, ...]) -> _Signal:
        return _Signal(self.x, (*self.layers, layer), weights)

    def value(self) -> Tensor:
        x = self.x
        for layer in self.layers:
            x = layer(x)
        return x


def _match(place: str, layers: Sequence[Any], now: _Signal, wanted: float, reached: dict[str, float]) -> _Signal:
    """What is behind the layers, each population among them matched."""
    for k, layer in enumerate(layers):
        name = f"{place}{k}"
        if isinstance(layer, Sequential):
            now = _match(f"{name}.", layer.layers, now, wanted, reached)
        elif isinstance(layer, (Residual, Parallel)):
            runs = [layer.layers] if isinstance(layer, Residual) else [[one] for one in layer.layers]
            ends: list[Tensor] = []
            for j, run in enumerate(runs):
                begin = f"{name}." if isinstance(layer, Residual) else f"{name}.{j}."
                inner = run[0].layers if len(run) == 1 and isinstance(run[0], Sequential) else run
                ends += _match(begin, inner, _Signal(now.x, now.layers, ()), wanted, reached).weights
            now = now.behind(layer, tuple(ends) or now.weights)
        elif _fires(layer):
            after = now.behind(layer, now.weights)
            if now.weights:
                reached[name] = _matched(f"match_rates: layer {name}, {layer!r}", after, wanted)
            now = _Signal(after.value(), (), ())
        else:
            weight = getattr(layer, "weight", None)
            now = now.behind(layer, now.weights if weight is None or weight.ndim < 2 else (weight,))
    return now


def _fires(layer: Any) -> bool:
    neurons = layer.layers[0] if isinstance(layer, Recurrent | DelayedRecurrent) else layer
    return isinstance(neurons, Spiking) and bool(neurons.model.spikes)


def _matched(where: str, signal: _Signal, wanted: float) -> float:
    """Bisects the logarithm of the factor; the rate grows with it, up to the neurons' resets."""
    starts = [weight.data.copy() for weight in signal.weights]

    def rate_at(factor: float) -> float:
        for weight, start in zip(signal.weights, starts, strict=True):
            weight.data = np.asarray(start * start.dtype.type(factor))
        return float(signal.value().data.mean())

    def refuse(why: str) -> None:
        rate_at(1.0)
        raise ValueError(f"{where}: {why}")

    low, high = -math.log(WIDEST), math.log(WIDEST)
    if rate_at(math.exp(high)) < wanted:
        refuse(f"its input is too quiet to fire at rate {wanted}; look at the layer before it")
    if (alone := rate_at(math.exp(low))) > wanted:
        refuse(f"it fires at rate {alone:.3g} without its weights, expected {wanted}; lower its bias or its shortcut")
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if rate_at(math.exp(middle)) < wanted else (low, middle)
    nearest = min((low, high), key=lambda power: abs(rate_at(math.exp(power)) - wanted))
    return rate_at(math.exp(nearest))
