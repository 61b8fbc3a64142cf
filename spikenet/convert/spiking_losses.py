"""What a net loses when it becomes a spiking one: layer by layer, and over the steps it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spikenet.convert.refusals import real_values
from spikenet.convert.to_spiking import BRANCHES, RECTIFIERS, Converted, branches, flat
from spikenet.errors import Array
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Convolution, Linear, Parallel, Sequential


class LayerLoss(NamedTuple):
    """name of the population; rate_error: root mean square of (rate * scale - activation) over that of the activation.

    saturated: share of activations above what the neurons can say
    """

    name: str
    rate_error: float
    saturated: float


def losses(net: Sequential, spiking: Converted, x: Array, steps: int) -> list[LayerLoss]:
    """What each population of `spiking` loses of the activations of `net` on x (samples, ...), in order."""
    given = real_values("losses: x", x).astype(np.float32)
    numbers, rates = list[tuple[bool, Array]](), list[tuple[str, Array]]()
    with no_grad():
        _activations(flat(net), given, numbers, False)
        _rates("", spiking.net.layers, Tensor(np.broadcast_to(given, (steps, *given.shape))), rates)
    found = []
    for (of_maps, wanted), (name, rate), scale in zip(numbers, rates, spiking.scales, strict=True):
        shape = (-1, *(1,) * (wanted.ndim - 2)) if of_maps else (-1,)
        top = np.reshape(scale, shape) if np.size(scale) > 1 else float(np.ravel(scale)[0])
        size = float(np.sqrt(np.mean(np.square(wanted)))) or 1.0
        error = float(np.sqrt(np.mean(np.square(rate * top - wanted)))) / size
        found.append(LayerLoss(name, error, float(np.mean(wanted > top * (1 + 1e-6)))))
    return found


def worst(found: list[LayerLoss]) -> LayerLoss:
    """The layer at which most is lost: whose error grows most over that of the layer before it."""
    before = [0.0, *(one.rate_error for one in found[:-1])]
    growth = [one.rate_error - last for one, last in zip(found, before, strict=True)]
    return found[int(np.argmax(growth))]


def accuracy_by_steps(spiking: Sequential, x: Array, labels: Array, steps: int, batch_size: int = 10) -> Array:
    """(steps,) accuracy when the answer is read after 1, 2, ... steps, from the sum of the outputs so far.

    batch_size: of samples run at once; with few of them, their spikes of all steps stay in the processor's cache
    """
    right = np.zeros(steps)
    with no_grad():
        for begin in range(0, len(x), batch_size):
            part = np.asarray(x[begin : begin + batch_size], np.float32)
            y = spiking(np.broadcast_to(part, (steps, *part.shape))).data.cumsum(axis=0)
            right += (y.argmax(axis=-1) == labels[begin : begin + batch_size]).sum(axis=1)
    return right / len(x)


def _activations(layers: Sequence[Any], x: Array, found: list[tuple[bool, Array]], of_maps: bool) -> tuple[Array, bool]:
    """Output of layers as `flat` gives them; of every rectifier in `found`: whether of maps, and what it gives."""
    for layer in layers:
        if isinstance(layer, BRANCHES):
            ends = [_activations(one, x, found, of_maps) for one in branches(layer)]
            x, of_maps = ends[0][0] + ends[1][0], ends[0][1] or ends[1][1]
            continue
        x = layer(x).data
        if isinstance(layer, (Linear, Convolution)):
            of_maps = isinstance(layer, Convolution)
        elif layer.kind in RECTIFIERS:
            found.append((of_maps, x))
    return x, of_maps


def _rates(place: str, layers: Sequence[Any], x: Tensor, found: list[tuple[str, Array]]) -> Tensor:
    """Output of spiking layers; of every population in `found`: its name and rates, in the order of `_activations`."""
    for k, layer in enumerate(layers):
        if isinstance(layer, Parallel):
            first, second = (
                _rates(f"{place}{k} Parallel, {j} ", one.layers if isinstance(one, Sequential) else [one], x, found)
                for j, one in enumerate(layer.layers)
            )
            x = layer.join(first, second)
            continue
        x = layer(x)
        if layer.kind == "ConvertedIF":
            found.append((f"{place}{k} {layer.kind}", x.data.mean(axis=0)))
    return x
