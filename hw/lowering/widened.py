"""Sums over the outputs of a convolution, in front of its neurons: one convolution with a larger window.

A chip adds up what arrives at a neuron and has nothing in between, but pooling that adds is linear: its windows of
windows are windows, and each weight counts as often as it lies under one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from hw.lowering.kinds import Loop, folded, is_free, is_neurons, is_sum, mean_places, normalised
from spikenet.layers import Convolution, Normalisation, Pooling


def joined(layers: Sequence[Any]) -> list[tuple[int, Any]]:
    """(position, layer) of all layers; what only scales, shifts or adds up goes into the connection before it.

    Pooling that sums or averages does so between a convolution and neurons, when no border is added to it.
    """

    def taken_in(before: Any, at: int, layer: Any) -> Any:
        if _adds_up(before, layer) and _feeds_neurons(layers[at + 1 :]):
            return widened(before, layer)
        return normalised(before, at, layer)

    return folded(layers, taken_in)


def widened(layer: Convolution, pool: Pooling) -> Convolution:
    """A new convolution that gives what `pool(layer(x))` gives, to rounding; its kind says that it is of both."""
    taps = list(itertools.product(*map(range, pool.kernel_size)))
    each = 1.0 / mean_places(pool)
    steps = list(zip(layer.kernel_size, layer.stride, layer.dilation, pool.kernel_size, strict=True))
    extent = tuple(d * (k - 1) + s * (p - 1) + 1 for k, s, d, p in steps)
    stride = tuple(s * q for s, q in zip(layer.stride, pool.stride, strict=True))
    kind = f"{layer.kind} with {pool.kind}"
    sizes = kind, layer.n_axes, layer.n_in, layer.n_out, extent, stride, layer.padding, (1,) * layer.n_axes
    made = Convolution(*sizes, layer.groups, layer.bias is not None, 0)
    weight = np.zeros(made.weight.shape)
    for tap in taps:
        seen = (slice(s * t, s * t + d * (k - 1) + 1, d) for t, (k, s, d, _) in zip(tap, steps, strict=True))
        weight[(slice(None), slice(None), *seen)] += each * layer.weight.data
    made.weight.data = weight.astype(layer.weight.dtype)
    if made.bias is not None and layer.bias is not None:
        made.bias.data = (layer.bias.data * (each * len(taps))).astype(layer.bias.dtype)
    return made


def _adds_up(before: Any, layer: Any) -> bool:
    fits = isinstance(before, Convolution) and is_sum(layer) and before.n_axes == layer.n_axes
    return fits and not any(layer.padding)


def _feeds_neurons(behind: Sequence[Any]) -> bool:
    """Whether neurons come next, but for layers that go into the convolution, too."""
    others = (layer for layer in behind if not (is_free(layer) or isinstance(layer, Normalisation) or is_sum(layer)))
    following = next(others, None)
    return is_neurons(following) or isinstance(following, Loop)
