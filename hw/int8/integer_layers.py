"""The layers of a net quantised to 8 bits: each maps integers to integers and knows the grid they lie on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hw.int8.fixed_point import ACCUMULATOR, LARGEST, Grid, Integers, Multiplier, grid, multiplier, product
from hw.int8.window_products import channels_first, window_products
from hw.lowering.kinds import Connection, mean_places
from hw.lowering.weights import bias_of, weight_matrix
from spikenet.graph import Tensor
from spikenet.layers import Convolution, Pooling
from spikenet.layers.pooling import sum_pool

Array = npt.NDArray[Any]
WEIGHT_LIMIT = 127  # symmetric: -128 is not used, so that a weight and its negative are both there
BIAS_LIMIT = 2**30  # leaves half of an int32 to the products


class IntegerLayer(Protocol):
    """`after` is the grid of the outputs; `name` that of the layer it came from."""

    @property
    def name(self) -> str: ...
    @property
    def after(self) -> Grid: ...
    def __call__(self, q: Integers) -> Integers: ...


@dataclass(frozen=True)
class QuantisedWeights:
    """Per-channel symmetric weights: real weight = scale[c] * integer[:, c], real bias = scale[c] * step * bias[c]."""

    integers: Integers
    scale: npt.NDArray[np.float64]
    bias: Integers


def quantised_weights(name: str, weight: Array, bias: Array | None, step: float) -> QuantisedWeights:
    """Weights (inputs, channels) in -127..127 and an int32 bias for inputs that are multiples of `step`.

    A channel's scale is its largest weight / 127, but never so small that its bias leaves 2^30; a channel without
    weights and bias gets scale 1. Raises ValueError when the sums of a channel could leave int32.
    """
    w = np.asarray(weight, np.float64)
    b = np.zeros(w.shape[1]) if bias is None else np.asarray(bias, np.float64)
    for what, values in (("weights", w), ("bias", b)):
        if not np.isfinite(values).all():
            raise ValueError(f"quantise: {what} of layer {name} hold NaN or infinity")
    scale = np.maximum(np.abs(w).max(axis=0, initial=0.0) / WEIGHT_LIMIT, np.abs(b) / (step * BIAS_LIMIT))
    scale[scale == 0.0] = 1.0
    integers, offset = np.rint(w / scale).astype(np.int64), np.rint(b / (scale * step)).astype(np.int64)
    worst = int((np.abs(integers).sum(axis=0) * LARGEST + np.abs(offset)).max(initial=0))
    if worst > ACCUMULATOR:
        raise ValueError(
            f"quantise: sums of layer {name} can reach {worst}, an int32 holds {ACCUMULATOR}; "
            f"split its {w.shape[0]} inputs over two layers"
        )
    return QuantisedWeights(integers, scale, offset)


@dataclass(frozen=True)
class IntegerConnection:
    """y = clip(rescale(sum_i (q_i - zero) * w_ij + b_j) + zero_after, lowest, highest), all integers.

    layer: the float one; of a convolution i runs over the places of its window
    The last layer of a net keeps its sums: `lowest` and `highest` are then those of an int32 and `after` has zero 0.
    """

    name: str
    layer: Connection
    before: Grid
    weights: QuantisedWeights
    rescale: Multiplier
    after: Grid
    lowest: int
    highest: int

    def __call__(self, q: Integers) -> Integers:
        x, integers = q - self.before.zero, self.weights.integers
        if isinstance(self.layer, Convolution):
            return channels_first(self.scaled(window_products(x, integers, self.layer)), self.layer.n_axes)
        return self.scaled(product(x, integers))

    def scaled(self, products: Integers) -> Integers:
        """From sums (..., channels) to what comes out."""
        sums = self.rescale(products + self.weights.bias)
        return np.clip(sums + self.after.zero, self.lowest, self.highest)


def integer_connection(
    name: str, before: Grid, layer: Connection, after: Grid | None, is_rectified: bool
) -> IntegerConnection:
    """The integer form of a connection on `before`; a ReLU behind becomes the lower limit; after=None for the last."""
    weights = quantised_weights(name, weight_matrix(layer), bias_of(layer), before.scale)
    real = before.scale * weights.scale  # value of one unit of each channel's sum
    if after is None:
        common = Grid(float(real.max()), 0)
        return IntegerConnection(
            name, layer, before, weights, multiplier(real / common.scale), common, -ACCUMULATOR - 1, ACCUMULATOR
        )
    rescale = multiplier(real / after.scale)
    return IntegerConnection(name, layer, before, weights, rescale, after, after.zero if is_rectified else 0, LARGEST)


@dataclass(frozen=True)
class IntegerSum:
    """A sum or mean over windows: y = clip(rescale(sum of (q - zero)) + zero_after, 0, 255); float64 adds exactly."""

    name: str
    layer: Pooling
    before: Grid
    rescale: Multiplier
    after: Grid

    def __call__(self, q: Integers) -> Integers:
        x = Tensor((q - self.before.zero).astype(np.float64))
        sums = sum_pool(x, self.layer.window_on(q.shape), self.layer.n_axes).data.astype(np.int64)
        return np.clip(self.rescale(sums) + self.after.zero, 0, LARGEST)


def integer_sum(name: str, before: Grid, layer: Pooling, after: Grid) -> IntegerSum:
    """The integer form of a pooling that adds up."""
    factor = before.scale / (after.scale * mean_places(layer))
    return IntegerSum(name, layer, before, multiplier(np.array([factor])), after)


@dataclass(frozen=True)
class IntegerReLU:
    """A ReLU that follows no Linear: max(q, zero) on the same grid."""

    name: str
    after: Grid

    def __call__(self, q: Integers) -> Integers:
        return np.maximum(q, self.after.zero)


@dataclass(frozen=True)
class IntegerTable:
    """Any other activation curve: one output for each of the 256 integers."""

    name: str
    after: Grid
    table: Integers

    def __call__(self, q: Integers) -> Integers:
        looked_up: Integers = self.table[q]
        return looked_up


def integer_table(name: str, before: Grid, curve: Any) -> IntegerTable:
    """`curve` (values -> values) as a table over every integer of `before`; its outputs all fit the grid."""
    y = np.asarray(curve(before.to_values(np.arange(LARGEST + 1))), np.float64)
    after = grid(float(y.min()), float(y.max()))
    return IntegerTable(name, after, after.to_integers(y))


@dataclass(frozen=True)
class IntegerShape:
    """A layer that only moves or compares values (Flatten, MaxPool2d): the float layer applied to the integers.

    float64 holds them exactly.
    """

    name: str
    after: Grid
    layer: Any

    def __call__(self, q: Integers) -> Integers:
        return np.asarray(self.layer(q.astype(np.float64)).data).astype(np.int64)
