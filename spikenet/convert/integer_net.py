"""A net whose products are of 8-bit integers (or 4-bit weights), summed in int32, as `quantise` makes it.

Weights on an affine grid take their zero with them into the products, sum (q_x - z_x)(q_w - z_w): products read 16
bits, which hold q_w - z_w, so no sum of inputs has to be made for z_w. What z_x adds is a constant, exact in integers.

Inputs of each connection are put on an unsigned 8-bit grid, chosen on calibration data (static) or from each batch
(dynamic); sums come back to float32 by one multiplication a channel. The scheme of Jacob et al. 2018 (arXiv:1712.05877)
with float rescaling; hw.quantise has the one that stays in integers from end to end, as a chip without floats needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.convert.levels import Levels, grid_of
from spikenet.convert.ranges import min_max
from spikenet.errors import Array
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Convolution, Linear, Pooling
from spikenet.layers.layer import as_input


@dataclass(frozen=True)
class IntegerConnection:
    """One Linear or convolution in integers, with the ReLU and the max pooling behind it.

    levels : its weights, (n, n_out) with one column an output;  packed: as the kernels read them
    scale  : (n_out,) of the weights;  columns: (n_out,) sums of (integers - zero), for the zero of the input
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
        scale, zero = self.grid or (grid_to_eight_bits(*min_max(x)) if x.size else (1.0, 0.0))
        start = (self.bias - scale * self.scale * (int(zero) * self.columns)).astype(np.float32)
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

        4-bit weights are counted as half a byte each; while the net works each takes two bytes, as products read them.
        """
        return sum(_bytes(step) for step in self.steps)


@dataclass(frozen=True)
class IntegerBranches:
    """join(first(x), second(x)) of two integer nets: a Parallel, or a Residual, whose first has no steps."""

    nets: tuple[IntegerNet, IntegerNet]
    join: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, x: Array) -> Array:
        return self.join(*(Tensor(net(x)) for net in self.nets)).data


def _bytes(step: Any) -> int:
    if isinstance(step, IntegerConnection):
        return step.levels.stored_bytes + 4 * len(step.bias)
    if isinstance(step, IntegerBranches):
        return sum(net.weight_bytes for net in step.nets)
    return sum(4 * p.size for p in step.parameters().values())


def grid_to_eight_bits(low: float, high: float) -> tuple[float, float]:
    scale, zero = grid_of(low, high, 8, False)
    return float(scale), float(zero)
