"""Sparse weights in formats that skip what is 0, their products, and from which density on that pays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array, finite_values, whole
from spikenet.layers import Linear
from spikenet.layers.layer import as_input


class Csr(NamedTuple):
    """A Linear's weight by outputs: inputs columns[starts[j]:starts[j + 1]] of output j, with values, and its bias."""

    starts: Array
    columns: Array
    values: Array
    bias: Array
    n_in: int

    def __call__(self, x: Array) -> Array:
        """(batch, n_out) float32 for x (batch, n_in)."""
        from spikenet.kernels import sparse_products  # when first used

        seen = _columns("Csr", x, self.n_in)
        out = np.empty((len(self.bias), seen.shape[1]), np.float32)
        sparse_products.by_rows(self.starts, self.columns, self.values, seen, self.bias, out)
        return out.T

    @property
    def stored_bytes(self) -> int:
        return sum(int(part.nbytes) for part in self[:4])


class Blocks(NamedTuple):
    """A weight by blocks (height, width) of outputs and inputs, of which only those are kept that are not all 0."""

    starts: Array
    columns: Array
    blocks: Array
    bias: Array
    n_in: int
    n_out: int

    def __call__(self, x: Array) -> Array:
        """(batch, n_out) float32 for x (batch, n_in)."""
        from spikenet.kernels import sparse_products  # when first used

        seen = _columns("Blocks", x, self.n_in)
        width = self.blocks.shape[2]
        if self.n_in % width:
            seen = np.concatenate([seen, np.zeros((width - self.n_in % width, seen.shape[1]), np.float32)])
        out = np.empty((len(self.bias), seen.shape[1]), np.float32)
        sparse_products.by_blocks(self.starts, self.columns, self.blocks, seen, self.bias, out)
        return out[: self.n_out].T

    @property
    def stored_bytes(self) -> int:
        return sum(int(part.nbytes) for part in self[:4])


def csr(layer: Linear) -> Csr:
    """The weights of `layer` that are not 0, by outputs."""
    weight, bias = _parts(layer)
    rows, columns = np.nonzero(weight)
    starts = np.searchsorted(rows, np.arange(len(weight) + 1)).astype(np.int64)
    return Csr(starts, columns.astype(np.int32), weight[rows, columns], bias, layer.n_in)


def blocks(layer: Linear, height: int = 8, width: int = 8) -> Blocks:
    """The weights of `layer` by blocks of `height` outputs and `width` inputs."""
    weight, bias = _parts(layer)
    h, w = whole("blocks: height", height), whole("blocks: width", width)
    rows, columns = -(-len(weight) // h), -(-weight.shape[1] // w)
    filled = np.zeros((rows * h, columns * w), np.float32)
    filled[: len(weight), : weight.shape[1]] = weight
    apart = filled.reshape(rows, h, columns, w).transpose(0, 2, 1, 3)
    i, j = np.nonzero(apart.any(axis=(2, 3)))
    starts = np.searchsorted(i, np.arange(rows + 1)).astype(np.int64)
    padded = np.zeros(rows * h, np.float32)
    padded[: len(bias)] = bias
    return Blocks(starts, j.astype(np.int32), np.ascontiguousarray(apart[i, j]), padded, layer.n_in, layer.n_out)


def crossover(
    n_in: int, n_out: int, batch: int, *, form: Callable[[Linear], Csr | Blocks] = csr, block: int = 1, seed: int = 0
) -> float:
    """The density below which the sparse product of a Linear is faster than the dense one, measured on this machine.

    form: csr or blocks;  block: weights are 0 or not in squares of this edge, as `blocks` needs them
    The result is that of a moment: run it when nothing else does.
    """
    rng, layer, edge = np.random.default_rng(seed), Linear(n_in, n_out, seed=seed), whole("crossover: block", block)
    x, dense = rng.random((batch, n_in), dtype=np.float32), layer.weight.data.copy()
    wanted, low, high = _seconds(lambda: layer(x)), 0.0, 1.0
    squares = rng.random((-(-n_in // edge), -(-n_out // edge))).repeat(edge, axis=0).repeat(edge, axis=1)
    for _ in range(7):
        middle = (low + high) / 2
        layer.weight.data = np.where(squares[:n_in, :n_out] < middle, dense, 0).astype(np.float32)
        made = form(layer)
        low, high = (middle, high) if _seconds(lambda made=made: made(x)) < wanted else (low, middle)  # type: ignore[misc]
    return low


def _seconds(f: Callable[[], object], repeats: int = 5) -> float:
    f()
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - start)
    return best


def _columns(name: str, x: Array, n_in: int) -> Array:
    given = as_input(name, x, np.dtype(np.float32)).data
    if given.ndim != 2 or given.shape[1] != n_in:
        raise ValueError(f"{name}: expected input (batch, {n_in}), got {given.shape}")
    if given.dtype.kind == "c":
        raise TypeError(f"{name}: expected real input, got {given.dtype}")
    return np.ascontiguousarray(given.T)


def _parts(layer: Linear) -> tuple[Array, Array]:
    if not isinstance(layer, Linear):
        raise TypeError(f"sparse: expected a Linear, got {layer!r:.60}")
    weight = finite_values("sparse: weight", layer.weight.data).T.astype(np.float32)
    bias = np.zeros(layer.n_out, np.float32) if layer.bias is None else layer.bias.data.astype(np.float32)
    return weight, bias
