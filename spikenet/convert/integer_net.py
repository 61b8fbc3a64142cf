"""A trained net whose products are of 8-bit integers (or 4-bit weights), summed in int32: static and dynamic.

Inputs of each connection are put on an unsigned 8-bit grid, chosen on calibration data (static) or from each batch
(dynamic); sums come back to float32 by one multiplication a channel. The scheme of Jacob et al. 2018 (arXiv:1712.05877)
with float rescaling; hw.quantise has the one that stays in integers from end to end, as a chip without floats needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.convert.levels import Levels, grid_of, quantise_weights
from spikenet.convert.ranges import Range, min_max
from spikenet.convert.refusals import check_no_products, check_real, real_values, unnested
from spikenet.errors import Array, flag
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Convolution, Dropout, Linear, Normalisation, Parallel, Pooling, Residual, Sequential, fold
from spikenet.layers.joins import added
from spikenet.layers.layer import as_input
from spikenet.layers.pooled_convolution import joined

ACCUMULATOR = 2**31 - 1
BRANCHES = (Residual, Parallel)


@dataclass(frozen=True)
class IntegerConnection:
    """One Linear or convolution in integers, with the ReLU and the max pooling behind it.

    levels : its weights, (n, n_out) with one column an output;  packed: as the kernels read them
    scale  : (n_out,) of the weights;  columns: (n_out,) sums of the integers, for the zero of the input
    grid   : (scale, zero) of the input, None when chosen from each batch
    pooling: behind a convolution, whether ReLU stands before or behind it; None for none
    """

    layer: Linear | Convolution
    levels: Levels
    packed: Array
    scale: Array
    columns: Array
    bias: Array
    grid: tuple[float, float] | None
    rectify: bool
    pooling: Pooling | None = None

    def __call__(self, x: Array) -> Array:
        scale, zero = self.grid or (_grid(*min_max(x)) if x.size else (1.0, 0.0))
        start = (self.bias - scale * zero * self.scale * self.columns).astype(np.float32)
        run = self._linear if isinstance(self.layer, Linear) else self._convolution
        return run(x, (scale, zero), (scale * self.scale).astype(np.float32), start)

    def _linear(self, x: Array, grid: tuple[float, float], scale: Array, start: Array) -> Array:
        from spikenet.kernels import integer_products as kernel
        from spikenet.kernels import memory
        from spikenet.kernels.threads import enough_threads

        if x.shape[-1] != len(self.levels.integers):
            raise ValueError(f"{self.layer!r}: expected input (..., {len(self.levels.integers)}), got {x.shape}")
        flat = np.ascontiguousarray(x.reshape(-1, x.shape[-1]))
        rows, y = kernel.rows_of(len(flat), x.shape[-1]), memory.empty((len(flat), len(start)), np.float32)
        with enough_threads(len(flat) * kernel.multiply_ns(*self.levels.integers.shape)):
            kernel.to_integers(len(flat), flat, np.float32(grid[0]), float(grid[1]), 0, 255, rows)
            kernel.to_values(len(y), kernel.multiply(rows, self.packed), scale, start, self.rectify, y)
        return y.reshape(*x.shape[:-1], len(start))

    def _convolution(self, x: Array, grid: tuple[float, float], scale: Array, start: Array) -> Array:
        from spikenet.kernels import integer_convolution as kernel

        layer = self.layer
        assert isinstance(layer, Convolution)
        _, shape = layer.checked(x)
        leading, out = x.shape[: x.ndim - layer.n_axes - 1], shape.window.out[2 - layer.n_axes :]
        pooling = None if self.pooling is None else self.pooling.window_on((*leading, layer.n_out, *out))
        pictures = np.ascontiguousarray(x.reshape(-1, shape.n_x))
        y = kernel.convolve(pictures, grid, self.packed, scale, start, self.rectify, shape, pooling)
        return y.reshape(*leading, layer.n_out, *(out if pooling is None else pooling.out[2 - layer.n_axes :]))


@dataclass(frozen=True)
class IntegerNet:
    """Steps in order: connections in integers, branches of them, and float functions (pooling, activations) between."""

    steps: tuple[Any, ...]

    def __call__(self, x: Array) -> Array:
        """float32 outputs for inputs (batch, ...); ValueError when one is not finite: no integer stands for it.

        TypeError for complex inputs.
        """
        if np.iscomplexobj(x):
            raise TypeError("IntegerNet: expected real numbers, got complex ones")
        now = as_input("IntegerNet", x, np.dtype(np.float32)).data
        with no_grad():
            for step in self.steps:
                now = step(now) if isinstance(step, (IntegerConnection, IntegerBranches)) else step(now).data
        return now

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights when packed to their bits, scales and biases included, and of what stays in float32.

        4-bit weights are counted as half a byte each; while the net works they take a byte.
        """
        return sum(_bytes(step) for step in self.steps)


@dataclass(frozen=True)
class IntegerBranches:
    """join(first(x), second(x)) of two integer nets: a Parallel, or a Residual, whose first has no steps."""

    nets: tuple[IntegerNet, IntegerNet]
    join: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, x: Array) -> Array:
        return self.join(*(Tensor(net(x)) for net in self.nets)).data


def quantise(
    net: Sequential,
    calibrate: Array | None = None,
    *,
    choose: Range = min_max,
    weight_bits: int = 8,
    per_channel: bool = True,
) -> IntegerNet:
    """`net` with its products in integers; batch norms are folded and dropout left out.

    Weights are symmetric, inputs of connections unsigned with 8 bits: the only products there are. Connections are
    Linear and convolutions, also within Sequential, Residual and Parallel.

    calibrate  : (samples, ...) of the training data, on which the grids of inputs are chosen (static); None chooses
                 them from every batch anew (dynamic)
    choose     : min_max, percentile(99.9) or entropy() of spikenet.convert
    weight_bits: 2 to 8, symmetric;  per_channel: each output with its own scale

    A range that is zero is no error: an output whose weights are all 0 gives its bias, and inputs that were always 0 in
    calibration are rounded within [0, 1].

    Raises ValueError for empty or non-finite calibration data, TypeError for layers with memory, for others whose
    weights multiply their input (they would stay float) and for complex numbers.
    """
    if not isinstance(net, Sequential):
        raise TypeError(f"quantise: expected a Sequential, got {net!r:.60}")
    make = _Quantiser(choose, weight_bits, flag("quantise: per_channel", per_channel))
    now = None if calibrate is None else real_values("quantise: calibrate", calibrate).astype(np.float32)
    if now is not None and (now.ndim < 2 or not now.size):
        raise ValueError(f"quantise: expected calibration data (samples, ...), at least one, got shape {now.shape}")
    with no_grad():
        made = make.net(net.layers, now)
    if not any(isinstance(step, (IntegerConnection, IntegerBranches)) for step in made.steps):
        raise ValueError("quantise: expected a net with at least one Linear or convolution")
    return made


@dataclass(frozen=True)
class _Quantiser:
    choose: Range
    weight_bits: int
    per_channel: bool

    def net(self, given: Sequence[Any], now: Array | None) -> IntegerNet:
        """The layers `given` in integers, with grids for what they make of the calibration data `now`."""
        layers = _flat(given)
        steps, k = list[Any](), 0
        while k < len(layers):
            layer, behind = layers[k], 1
            if isinstance(layer, (Linear, Convolution)):
                grid = None if now is None else _grid(*self.choose(now))
                taken = _taken(layers, k)
                behind += len(taken)
                steps.append(_connection(layer, taken, grid, self.weight_bits, self.per_channel))
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


def _bytes(step: Any) -> int:
    if isinstance(step, IntegerConnection):
        return step.levels.stored_bytes + 4 * len(step.bias)
    if isinstance(step, IntegerBranches):
        return sum(net.weight_bytes for net in step.nets)
    return sum(4 * p.size for p in step.parameters().values())


def _grid(low: float, high: float) -> tuple[float, float]:
    scale, zero = grid_of(low, high, 8, False)
    return float(scale), float(zero)


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
    layer: Linear | Convolution, taken: list[Any], grid: tuple[float, float] | None, bits: int, per_channel: bool
) -> IntegerConnection:
    from spikenet.kernels import integer_convolution, integer_products

    weight = np.asarray(layer.weight.data, np.float64)
    matrix = weight if isinstance(layer, Linear) else weight.reshape(len(weight), -1).T
    levels = quantise_weights(matrix, bits=bits, axis=1 if per_channel else None)
    worst = int(np.abs(levels.integers.astype(np.int64)).sum(axis=0).max(initial=0)) * 255
    if worst > ACCUMULATOR:
        raise ValueError(f"quantise: sums of {layer!r} can reach {worst}, an int32 holds {ACCUMULATOR}")
    if isinstance(layer, Linear):
        packed = integer_products.packed(levels.integers)
    else:
        sizes = layer.n_in // layer.groups, layer.kernel_size[-1], layer.groups
        packed = integer_convolution.packed_filters(levels.integers, *sizes)
    scale = np.broadcast_to(levels.scale.reshape(-1), (matrix.shape[1],)).astype(np.float64)
    bias = np.zeros(matrix.shape[1]) if layer.bias is None else np.asarray(layer.bias.data, np.float64)
    columns = levels.integers.astype(np.int64).sum(axis=0)
    pooling = next((one for one in taken if isinstance(one, Pooling)), None)
    rectify = len(taken) > (pooling is not None)
    return IntegerConnection(layer, levels, packed, scale, columns, bias, grid, rectify, pooling)


def _flat(layers: Sequence[Any]) -> list[Any]:
    """The layers one after the other, batch norms folded into what stands before them."""
    found: list[Any] = []
    for one in unnested(layers):
        check_real("quantise", one)
        if isinstance(one, Normalisation) and found and isinstance(found[-1], (Linear, Convolution)):
            found[-1] = fold(found[-1], one)
        elif getattr(one, "states", ()) or (getattr(one, "layers", ()) and not isinstance(one, BRANCHES)):
            raise TypeError(f"quantise: no integer form is known of {one!r:.60}")
        elif not isinstance(one, Dropout):
            if not isinstance(one, (Linear, Convolution, *BRANCHES)):
                check_no_products("quantise", one)
            found.append(one)
    return found
