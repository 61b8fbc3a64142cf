"""A trained net made into one of integers: batch norms folded, weights rounded, grids of inputs chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.convert.integer_net import IntegerBranches, IntegerConnection, IntegerNet, grid_to_eight_bits
from spikenet.convert.levels import quantise_weights
from spikenet.convert.qdq import WeightGrid, grids_of, without_qdq
from spikenet.convert.ranges import Range, min_max
from spikenet.convert.refusals import check_no_products, check_real, real_values, unnested
from spikenet.errors import Array, flag
from spikenet.graph import no_grad
from spikenet.layers import Convolution, Dropout, Linear, Normalisation, Parallel, Pooling, Residual, Sequential, fold
from spikenet.layers.joins import added
from spikenet.layers.pooled_convolution import joined

ACCUMULATOR = 2**31 - 1
BRANCHES = (Residual, Parallel)


def quantise(
    net: Sequential,
    calibrate: Array | None = None,
    *,
    choose: Range = min_max,
    weight_bits: int | None = None,
    per_channel: bool | None = None,
    symmetric_weights: bool | None = None,
) -> IntegerNet:
    """`net` with its products in integers; batch norms are folded, dropout and the grids of `with_qdq` left out.

    Weights are symmetric or affine, inputs of connections unsigned with 8 bits. Connections are Linear and
    convolutions, also within Sequential, Residual and Parallel. What is None below is as `with_qdq` had it for
    weights that were trained under rounding, and 8 bits, per channel, symmetric for others.

    calibrate  : (samples, ...) of the training data, on which the grids of inputs are chosen (static); None chooses
                 them from every batch anew (dynamic)
    choose     : min_max, percentile(99.9) or entropy() of spikenet.convert
    weight_bits: 2 to 8;  per_channel: each output with its own scale
    symmetric_weights: False for grids from the least weight to the largest, with a zero (finer where weights lie more
                 to one side of 0; where they do not, symmetric ones of few bits are better)

    A range that is zero is no error: an output whose weights are all 0 gives its bias, and inputs that were always 0 in
    calibration are rounded within [0, 1].

    Raises ValueError for empty or non-finite calibration data, TypeError for layers with memory, for others whose
    weights multiply their input (they would stay float) and for complex numbers.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"quantise: expected a Sequential, got {net!r:.60}")
    asked = {"bits": weight_bits, "per_channel": per_channel, "symmetric": symmetric_weights}
    for name, value in (("per_channel", per_channel), ("symmetric_weights", symmetric_weights)):
        if value is not None:
            flag(f"quantise: {name}", value)
    make = _Quantiser(choose, {name: value for name, value in asked.items() if value is not None}, grids_of(net))
    now = None if calibrate is None else real_values("quantise: calibrate", calibrate).astype(np.float32)
    if now is not None and (now.ndim < 2 or not now.size):
        raise ValueError(f"quantise: expected calibration data (samples, ...), at least one, got shape {now.shape}")
    with no_grad():
        made = make.net(without_qdq(net).layers, now)
    if not any(isinstance(step, (IntegerConnection, IntegerBranches)) for step in made.steps):
        raise ValueError("quantise: expected a net with at least one Linear or convolution")
    return made


@dataclass(frozen=True)
class _Quantiser:
    """asked: of the weights' grids, before all else;  trained: grids of `with_qdq`, by layer"""

    choose: Range
    asked: dict[str, Any]
    trained: dict[Any, WeightGrid]

    def net(self, given: Sequence[Any], now: Array | None) -> IntegerNet:
        """The layers `given` in integers, with grids for what they make of the calibration data `now`."""
        layers = _flat(given, self.trained)
        steps, k = list[Any](), 0
        while k < len(layers):
            layer, behind = layers[k], 1
            if isinstance(layer, (Linear, Convolution)):
                grid = None if now is None else grid_to_eight_bits(*self.choose(now))
                taken = _taken(layers, k)
                behind += len(taken)
                steps.append(_connection(layer, taken, grid, self.weights(layer)))
            elif isinstance(layer, Residual):
                steps.append(IntegerBranches((IntegerNet(()), self.net(layer.layers, now)), added))
            elif isinstance(layer, Parallel):
                first, second = (self.net([one], now) for one in layer.layers)
                steps.append(IntegerBranches((first, second), layer.join))
            else:
                steps.append(layer)
            for one in layers[k : k + behind] if now is not None else ():
                now = one(now).data
            k += behind
        return IntegerNet(tuple(steps))

    def weights(self, layer: Linear | Convolution) -> WeightGrid:
        """The grid of a connection's weights."""
        return self.trained.get(layer, WeightGrid())._replace(**self.asked)


def _taken(layers: list[Any], k: int) -> list[Any]:
    """Of what stands behind connection k, the ReLU and the max pooling that it computes too, in either order."""
    taken: list[Any] = []
    for one in layers[k + 1 : k + 3]:
        fits = one.kind == "ReLU" or joined([layers[k], one], 0)
        if not fits or any(one.kind == other.kind for other in taken):
            break
        taken.append(one)
    return taken


def _connection(
    layer: Linear | Convolution, taken: list[Any], grid: tuple[float, float] | None, weights: WeightGrid
) -> IntegerConnection:
    from spikenet.kernels import integer_convolution, integer_products

    weight = np.asarray(layer.weight.data, np.float64)
    matrix = weight if isinstance(layer, Linear) else weight.reshape(len(weight), -1).T
    axis = 1 if weights.per_channel else None
    levels = quantise_weights(matrix, bits=weights.bits, axis=axis, symmetric=weights.symmetric)
    factors = levels.above_zero()
    worst = int(np.abs(factors.astype(np.int64)).sum(axis=0).max(initial=0)) * 255
    if worst > ACCUMULATOR:
        raise ValueError(f"quantise: sums of {layer!r} can reach {worst}, an int32 holds {ACCUMULATOR}")
    if isinstance(layer, Linear):
        packed = integer_products.packed(factors)
    else:
        sizes = layer.n_in // layer.groups, layer.kernel_size[-1], layer.groups
        packed = integer_convolution.packed_filters(factors, *sizes)
    scale = np.broadcast_to(levels.scale.reshape(-1), (matrix.shape[1],)).astype(np.float64)
    bias = np.zeros(matrix.shape[1]) if layer.bias is None else np.asarray(layer.bias.data, np.float64)
    columns = factors.astype(np.int64).sum(axis=0)
    pooling = next((one for one in taken if isinstance(one, Pooling)), None)
    rectify = len(taken) > (pooling is not None)
    return IntegerConnection(layer, levels, packed, scale, columns, bias, grid, rectify, pooling)


def _flat(layers: Sequence[Any], trained: dict[Any, WeightGrid]) -> list[Any]:
    """The layers one after the other, batch norms folded into what stands before them, whose grid is theirs too."""
    found: list[Any] = []
    for one in unnested(layers):
        check_real("quantise", one)
        if isinstance(one, Normalisation) and found and isinstance(found[-1], (Linear, Convolution)):
            before, found[-1] = found[-1], fold(found[-1], one)
            if before in trained:
                trained[found[-1]] = trained[before]
        elif getattr(one, "states", ()) or (getattr(one, "layers", ()) and not isinstance(one, BRANCHES)):
            raise TypeError(f"quantise: no integer form is known of {one!r:.60}")
        elif not isinstance(one, Dropout):
            if not isinstance(one, (Linear, Convolution, *BRANCHES)):
                check_no_products("quantise", one)
            found.append(one)
    return found
