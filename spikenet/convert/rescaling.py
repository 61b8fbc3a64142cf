"""Weights rescaled so that spikes can stand for activations, and what stands between the populations."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.layers import Conv1d, Conv2d, Convolution, Layer, Linear, Memoryless, Pooling
from spikenet.layers.converted import SpikingMaxPool2d

RESHAPES = ("Flatten", "Unflatten")
KEPT = ("Flatten", "Unflatten", "AvgPool1d", "AvgPool2d", "SumPool1d", "SumPool2d", "GlobalAvgPool2d", "Identity")


def largest(layer: Any, x: Array, of_maps: bool, percent: float, per_channel: bool) -> Array:
    """What one spike a step of each channel is to stand for: a percentile of the activations x behind a rectifier."""
    if isinstance(layer, Memoryless) and layer.kind == "QCFS":
        return np.array([float(layer.weights["threshold"].data)])
    axis = 1 if of_maps else x.ndim - 1
    others = tuple(k for k in range(x.ndim) if k != axis) if per_channel else None
    top = np.atleast_1d(np.percentile(x, percent, axis=others))
    most = x.max(axis=others)
    top = np.where(top > 0, top, np.atleast_1d(most))  # fewer than 1 - percent are not 0
    if not (top > 0).any():
        raise ValueError(f"to_spiking: {layer!r} that gives {x.shape[1:]} is silent on the calibration data")
    return np.asarray(np.where(top > 0, top, top[top > 0].mean()))  # a silent channel: any scale will do


def by_input(layer: Any, scale: Array, shape: tuple[int, ...]) -> Array:
    """(n_in,) the scale of each input of a connection that is shown samples of `shape`; (1,) when all have the same."""
    if scale.size == 1:
        return scale.reshape(1)
    axis = 0 if isinstance(layer, Convolution) else len(shape) - 1
    found = np.moveaxis(np.broadcast_to(scale, shape), axis, 0).reshape(shape[axis], -1)
    if (found != found[:, :1]).any():
        raise TypeError(
            f"to_spiking: per_channel: {layer!r} weighs numbers of several scales alike; put a Flatten before it, or "
            "take per_channel=False"
        )
    return found[:, 0]


def behind(layer: Any, scale: Array, shape: tuple[int, ...], n_axes: int) -> Array:
    """`scale`, which broadcasts to a sample of `shape`, behind a layer that gives `n_axes` axes."""
    if layer.kind in RESHAPES:
        return np.asarray(layer(np.broadcast_to(scale, shape)[None]).data[0])
    return scale.reshape(-1) if n_axes < scale.ndim else scale  # a mean over whole maps leaves their channels


def one_a_channel(scale: Array, made: list[Layer], scales: list[Array]) -> Array:
    """The largest scale of each channel of an Unflatten, which the population before it is given too."""
    top = scale.max(axis=tuple(range(1, scale.ndim)), keepdims=True)
    if (top != scale).any():
        if len(made) < 3 or made[-2].kind != "ConvertedIF" or not isinstance(made[-3], Linear):
            raise TypeError(f"to_spiking: per_channel: expected a Linear and a rectifier right before {made[-1]!r}")
        wider = np.broadcast_to(top, scale.shape).reshape(-1)
        made[-3] = rescaled(made[-3], np.ones(1), wider / scale.reshape(-1))
        scales[-1] = wider
    return np.asarray(top)


def rescaled(layer: Any, before: Array, after: Array) -> Any:
    """A twin whose input of 1 stands for `before` and whose output of 1 stands for `after`."""
    twin = copy.copy(layer)
    weight, n_axes = layer.weight.data.astype(np.float64), layer.weight.ndim - 2
    if isinstance(layer, Linear):
        scaled = weight * before.reshape(-1, 1) / after.reshape(1, -1)
    else:
        seen = before.reshape(layer.groups if before.size > 1 else 1, -1)  # of the inputs that filters of a group see
        seen = np.repeat(seen, layer.n_out // len(seen), axis=0)
        scaled = weight * seen.reshape(*seen.shape, *(1,) * n_axes) / after.reshape(-1, *(1,) * (n_axes + 1))
    twin.weight = Tensor(scaled.astype(np.float32), requires_grad=True, name="weight")
    if layer.bias is not None:
        twin.bias = Tensor((layer.bias.data / after).astype(np.float32), requires_grad=True, name="bias")
    return twin


def between(layer: Any) -> Layer:
    if layer.kind == "MaxPool2d":
        if not isinstance(layer, Pooling) or len(set(layer.kernel_size)) > 1 or layer.stride != layer.kernel_size:
            raise TypeError(f"to_spiking: a maximum needs square windows side by side, got {layer!r}")
        if any(layer.padding):
            raise TypeError(f"to_spiking: a maximum of spikes has no border, got {layer!r}")
        return SpikingMaxPool2d(layer.kernel_size[0])
    if layer.kind not in KEPT:
        raise TypeError(f"to_spiking: no spiking form of {layer!r:.60} is known; there are ReLU, QCFS and {KEPT}")
    kept: Layer = layer
    return kept


def amplified(factor: Array, shape: tuple[int, ...], of_maps: bool) -> list[Layer]:
    """What multiplies samples of `shape` by a factor for each channel: nothing, or a connection of each with itself.

    factor: as it broadcasts to a sample, (1,) or (n, 1, ...) or (n,);  of_maps: whether the first axis counts channels
    """
    if (factor == 1).all():
        return []
    if not of_maps or len(shape) == 1:
        n = shape[-1]
        wide = Linear(n, n, bias=False, seed=0)
        wide.weight.data[...] = np.diag(np.broadcast_to(factor, (n,)))
        return [wide]
    make = Conv1d if len(shape) == 2 else Conv2d
    each = make(shape[0], shape[0], 1, groups=shape[0], bias=False, seed=0)
    each.weight.data[...] = np.broadcast_to(factor.reshape(-1, *(1,) * (each.weight.ndim - 1)), each.weight.shape)
    return [each]
