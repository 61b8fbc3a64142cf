"""A spiking net with 8-bit weights, run as its float32 self on the rounded numbers.

With 0/1 inputs a sum of int8 weights times one scale is what the integers give, up to float32 rounding; an input that
is not 0/1 is put on an 8-bit grid first. Neurons stay in float32, and are priced so.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.int8.fixed_point import Grid, grid
from hw.int8.integer_layers import quantised_weights
from hw.int8.ranges import Range, min_max
from hw.lowering.kinds import bias_of, flat_layers, is_connection
from spikenet.graph import Tensor
from spikenet.layers import Sequential, record

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class RoundedNet:
    """`net` holds the rounded weights; `on_grid` is what its input has to pass through."""

    net: Sequential
    on_grid: Callable[[Array], Array]


def with_int8_weights(net: Any, calibrate: Array, *, choose: Range = min_max) -> RoundedNet:
    """The net with every Linear rounded to int8 per channel, biases to int32; the net itself is left alone.

    calibrate: encoded input (steps, batch, ...) of training samples, from which the grid of the input is chosen

    Raises ValueError when a Linear behind the first gets an input that is not 0/1, TypeError for a Residual.
    """
    layers = list(flat_layers(net))
    records = record(Sequential(*layers), calibrate)
    rounded, before, is_first = list[Any](), list[Grid](), True
    for layer, entry in zip(layers, records, strict=True):
        if layer.kind == "Residual":
            raise TypeError("int8 weights: cannot round a Residual; its addition has no common grid")
        if is_connection(layer):
            is_binary = bool(((entry.input == 0) | (entry.input == 1)).all())
            if not (is_binary or is_first):
                raise ValueError(f"int8 weights: the input of layer {entry.name} is not 0/1 and has no grid here")
            before += [] if is_binary else [grid(*choose(np.asarray(entry.input)))]
            layer = _rounded(entry.name, layer, 1.0 if is_binary else before[0].scale)
            is_first = False
        rounded.append(layer)
    return RoundedNet(Sequential(*rounded), _through(before[0]) if before else _unchanged)


def _rounded(name: str, layer: Any, step: float) -> Any:
    bias = bias_of(layer)
    q = quantised_weights(name, layer.weight.data, bias, step)
    twin = copy(layer)
    twin.weight = Tensor((q.integers * q.scale).astype(layer.weight.data.dtype), name="weight")
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
