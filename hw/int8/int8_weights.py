"""A spiking net with 8-bit weights, run as its float32 self on the rounded numbers.

With 0/1 inputs, or sums and means of spikes under a pooling, a sum of int8 weights times one scale is what the integers
give, up to float32 rounding; any other input is put on an 8-bit grid first. Neurons stay in float32, and are priced so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.int8.fixed_point import LARGEST, Grid, grid
from hw.int8.integer_layers import quantised_weights
from hw.int8.ranges import Range, min_max
from hw.lowering.kinds import flat_layers, folded, is_connection, is_free, is_neurons, is_pooling, is_sum, mean_places
from hw.lowering.weights import bias_of, weight_matrix, with_matrix
from spikenet.graph import Tensor
from spikenet.layers import DelayedLinear, Recurrent, Sequential, record

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class RoundedNet:
    """`net` holds the rounded weights; `on_grid` is what its input has to pass through."""

    net: Sequential
    on_grid: Callable[[Array], Array]


def with_int8_weights(net: Any, calibrate: Array, *, choose: Range = min_max) -> RoundedNet:
    """The net with every connection rounded to int8 per channel, biases to int32; the net itself is left alone.

    calibrate: encoded input (steps, batch, ...) of training samples, from which the grid of the input is chosen

    Raises ValueError when a connection behind the first gets an input that is neither 0/1 nor pooled from it, or the
    first one means or sums of graded values; TypeError for branches that are joined (Residual, Parallel).
    """
    layers = [layer for _, layer in folded(flat_layers(net))]
    records = record(Sequential(*layers), calibrate)
    rounded, before, is_first = list[Any](), list[Grid](), True
    sent: tuple[int, int] | None = (1, 1)  # the input is spikes times this / that; None behind sums of graded values
    for layer, entry in zip(layers, records, strict=True):
        if is_connection(layer) or isinstance(layer, DelayedLinear):
            if sent is None:
                raise ValueError(
                    f"int8 weights: layer {entry.name} gets sums of graded values; put the pooling behind it"
                )
            is_spikes = _are_whole(np.asarray(entry.input) * sent[1], sent[0])
            if not (is_spikes or is_first):
                raise ValueError(f"int8 weights: the input of layer {entry.name} is not 0/1 and has no grid here")
            before += [] if is_spikes else [grid(*choose(np.asarray(records[0].input)))]
            layer = _rounded(entry.name, layer, 1.0 / sent[1] if is_spikes else before[0].scale)
            is_first = False
        elif is_pooling(layer) and is_sum(layer) and sent is not None:
            graded = not _are_whole(np.asarray(entry.input) * sent[1], sent[0])
            sent = None if graded else (sent[0] * math.prod(layer.kernel_size), sent[1] * mean_places(layer))
        elif isinstance(layer, Recurrent):
            layer, sent = _with_rounded_loop(entry.name, layer), (1, 1)
        elif getattr(layer, "layers", ()):
            raise TypeError(f"int8 weights: cannot round a {layer.kind}; what it joins has no common grid")
        elif not (is_free(layer) or is_pooling(layer)):
            sent, is_first = (1, 1), is_first and not is_neurons(layer)
        rounded.append(layer)
    return RoundedNet(Sequential(*rounded), _through(before[0]) if before else _unchanged)


def _are_whole(values: Array, most: int) -> bool:
    """Whether they are whole numbers of spikes, up to rounding: 0 to `most`, which 8 bits hold."""
    counts = np.rint(values)
    within = ((counts >= 0) & (counts <= min(most, LARGEST))).all()
    return bool(within and (np.abs(values - counts) <= 1e-5 * counts).all())


def _with_rounded_loop(name: str, layer: Recurrent) -> Recurrent:
    q = quantised_weights(name, layer.recurrent_weight.data, None, 1.0)
    twin = copy(layer)
    weight = (q.integers * q.scale).astype(layer.recurrent_weight.dtype)
    twin.recurrent_weight = Tensor(weight, name="recurrent_weight")
    return twin


def _rounded(name: str, layer: Any, step: float) -> Any:
    bias = bias_of(layer)
    q = quantised_weights(name, weight_matrix(layer), bias, step)
    twin = copy(layer)
    weight = with_matrix(layer, q.integers * q.scale).astype(layer.weight.data.dtype)
    twin.weight = Tensor(np.ascontiguousarray(weight), name="weight")
    if bias is not None:
        twin.bias = Tensor((q.bias * q.scale * step).astype(bias.dtype), name="bias")
    return twin


def _unchanged(x: Array) -> Array:
    return x


def _through(points: Grid) -> Callable[[Array], Array]:
    def on_grid(x: Array) -> Array:
        if x.strides[0] == 0:  # constant over time: keep it a view, which layers compute once
            return np.broadcast_to(on_grid(np.array(x[:1]))[0], x.shape)
        return points.to_values(points.to_integers(x)).astype(x.dtype)

    return on_grid
