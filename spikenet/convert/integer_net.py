"""A trained net whose products are of 8-bit integers (or 4-bit weights), summed in int32: static and dynamic.

Inputs of each connection are put on an unsigned 8-bit grid, chosen on calibration data (static) or from each batch
(dynamic); sums come back to float32 by one multiplication a channel. The scheme of Jacob et al. 2018 (arXiv:1712.05877)
with float rescaling; hw.quantise has the one that stays in integers from end to end, as a chip without floats needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.convert.levels import Levels, grid_of, quantise_weights
from spikenet.convert.ranges import Range, min_max
from spikenet.errors import Array, finite_values
from spikenet.graph import no_grad
from spikenet.layers import Convolution, Dropout, Linear, Normalisation, Pointwise, Sequential, fold
from spikenet.layers.layer import as_input
from spikenet.layers.sliding import window_of

ACCUMULATOR = 2**31 - 1


@dataclass(frozen=True)
class IntegerConnection:
    """One Linear or convolution in integers, and the ReLU behind it.

    levels : its weights, (n, n_out) with one column an output;  packed: as the kernel reads them
    scale  : (n_out,) of the weights;  columns: (n_out,) sums of the integers, for the zero of the input
    grid   : (scale, zero) of the input, None when chosen from each batch
    """

    layer: Linear | Convolution
    levels: Levels
    packed: Array
    scale: Array
    columns: Array
    bias: Array
    grid: tuple[float, float] | None
    rectify: bool

    def __call__(self, x: Array) -> Array:
        from spikenet.kernels import integer_products as kernel  # when first used

        scale, zero = self.grid if self.grid is not None else _grid(*min_max(x))
        rows, shape = self._rows(x, scale, zero)
        sums = kernel.multiply(rows, self.packed)
        n_rows = int(np.prod(shape[:-1]))
        start = (self.bias - scale * zero * self.scale * self.columns).astype(np.float32)
        out = np.empty((n_rows, len(self.bias)), np.float32)
        kernel.to_values(sums, (scale * self.scale).astype(np.float32), start, self.rectify, out)
        y = out.reshape(shape)
        return y if isinstance(self.layer, Linear) else np.moveaxis(y, -1, 1)

    def _rows(self, x: Array, scale: float, zero: float) -> tuple[Array, tuple[int, ...]]:
        """(inputs of every output in rows, as integers; shape of the output with channels last)."""
        from spikenet.kernels import integer_products as kernel

        layer = self.layer
        flat = np.ascontiguousarray(x.reshape(-1, x.shape[-1]))
        if isinstance(layer, Linear):
            rows = kernel.rows_of(len(flat), layer.n_in)
            kernel.to_integers(flat, np.float32(scale), zero, 0, 255, rows)
            return rows, (*x.shape[:-1], layer.n_out)
        q = np.empty(flat.shape, np.int16)
        kernel.to_integers(flat, np.float32(scale), zero, 0, 255, q)
        window = window_of(layer.kind, x.shape, layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        maps = q.reshape(-1, layer.n_in, *window.size)
        depth = layer.n_in * window.n_taps
        rows = kernel.rows_of(len(maps) * window.n_out, depth)
        numbers = np.array(window.numbers)
        if numbers[6:8].any():
            maps = np.pad(maps, ((0, 0), (0, 0), *((n, n) for n in numbers[6:8])), constant_values=np.int16(zero))
        kernel.windows(maps, numbers, kernel.tap_steps(maps, numbers), rows)
        return rows, (len(maps), *window.out[2 - layer.n_axes :], layer.n_out)


@dataclass(frozen=True)
class IntegerNet:
    """Steps in order: connections in integers, and float functions (pooling, other activations) between them."""

    steps: tuple[Any, ...]

    def __call__(self, x: Array) -> Array:
        """float32 outputs for inputs (batch, ...)."""
        now = as_input("IntegerNet", x, np.dtype(np.float32)).data
        with no_grad():
            for step in self.steps:
                now = step(now) if isinstance(step, IntegerConnection) else step(now).data
        return now

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights when packed to their bits, scales and biases included."""
        found = [step for step in self.steps if isinstance(step, IntegerConnection)]
        return sum(step.levels.stored_bytes + 4 * len(step.bias) for step in found)


def quantise(
    net: Sequential,
    calibrate: Array | None = None,
    *,
    choose: Range = min_max,
    weight_bits: int = 8,
    per_channel: bool = True,
) -> IntegerNet:
    """`net` with its products in integers; batch norms are folded and dropout left out.

    calibrate  : (samples, ...) of the training data, on which the grids of inputs are chosen (static); None chooses
                 them from every batch anew (dynamic)
    choose     : min_max, percentile(99.9) or entropy() of spikenet.convert
    weight_bits: 2 to 8, symmetric;  per_channel: each output with its own scale

    Raises ValueError for empty or non-finite calibration data, TypeError for layers with memory or groups.
    """
    layers = _flat(net)
    if not any(isinstance(layer, (Linear, Convolution)) for layer in layers):
        raise ValueError("quantise: expected a net with at least one Linear or convolution")
    now = None if calibrate is None else finite_values("quantise: calibrate", calibrate).astype(np.float32)
    if now is not None and (now.ndim < 2 or not now.size):
        raise ValueError(f"quantise: expected calibration data (samples, ...), at least one, got shape {now.shape}")
    steps, k = list[Any](), 0
    with no_grad():
        while k < len(layers):
            layer = layers[k]
            rectify = k + 1 < len(layers) and layers[k + 1].kind == "ReLU"
            if isinstance(layer, (Linear, Convolution)):
                grid = None if now is None else _grid(*choose(now))
                steps.append(_connection(layer, grid, rectify, weight_bits, per_channel))
                k += 1 + rectify
                now = None if now is None else np.maximum(layer(now).data, 0) if rectify else layer(now).data
            else:
                steps.append(layer)
                k += 1
                now = None if now is None else layer(now).data
    return IntegerNet(tuple(steps))


def _grid(low: float, high: float) -> tuple[float, float]:
    scale, zero = grid_of(low, high, 8, False)
    return float(scale), float(zero)


def _connection(
    layer: Linear | Convolution, grid: tuple[float, float] | None, rectify: bool, bits: int, per_channel: bool
) -> IntegerConnection:
    from spikenet.kernels import integer_products as kernel

    if isinstance(layer, Convolution) and layer.groups > 1:
        raise TypeError(f"quantise: no integer form of a convolution in groups, {layer!r}")
    weight = np.asarray(layer.weight.data, np.float64)
    matrix = weight if isinstance(layer, Linear) else weight.reshape(len(weight), -1).T
    levels = quantise_weights(matrix, bits=bits, axis=1 if per_channel else None)
    worst = int(np.abs(levels.integers.astype(np.int64)).sum(axis=0).max(initial=0)) * 255
    if worst > ACCUMULATOR:
        raise ValueError(f"quantise: sums of {layer!r} can reach {worst}, an int32 holds {ACCUMULATOR}")
    scale = np.broadcast_to(levels.scale.reshape(-1), (matrix.shape[1],)).astype(np.float64)
    bias = np.zeros(matrix.shape[1]) if layer.bias is None else np.asarray(layer.bias.data, np.float64)
    columns = levels.integers.astype(np.int64).sum(axis=0)
    return IntegerConnection(layer, levels, kernel.packed(levels.integers), scale, columns, bias, grid, rectify)


def _flat(net: Any) -> list[Any]:
    """The layers one after the other, batch norms folded into what stands before them."""
    if not isinstance(net, Sequential):
        raise TypeError(f"quantise: expected a Sequential, got {net!r:.60}")
    found: list[Any] = []
    for layer in net.layers:
        inner = _flat(layer) if isinstance(layer, Sequential) else [layer]
        for one in inner:
            if isinstance(one, Normalisation) and found and isinstance(found[-1], (Linear, Convolution)):
                found[-1] = fold(found[-1], one)
            elif getattr(one, "states", ()) or (getattr(one, "layers", ()) and not isinstance(one, Pointwise)):
                raise TypeError(f"quantise: no integer form is known of {one!r:.60}")
            elif not isinstance(one, Dropout):
                found.append(one)
    return found
