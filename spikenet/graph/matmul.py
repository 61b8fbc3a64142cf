"""Matrix products with numpy's rules: 1-D operands are rows or columns, leading axes are batches and broadcast."""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import Array
from spikenet.graph.arithmetic import multiply
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.operands import as_tensor, operands
from spikenet.graph.shape import reshape
from spikenet.graph.tensor import Tensor, TensorLike


def matmul(a: TensorLike, b: TensorLike) -> Tensor:
    """a @ b. (steps, batch, n) @ (n, m) runs as one product, forward and backward.

    Raises ValueError when the inner lengths differ or an operand is a single number.
    """
    a, b = operands(a, b)
    x, y = a.data, b.data
    if not x.ndim or not y.ndim or x.shape[-1] != y.shape[-2 if y.ndim > 1 else 0]:
        raise ValueError(f"matmul: expected (..., n) @ (n, m) or (n,), got {x.shape} @ {y.shape}")

    def vjp(g: Array) -> tuple[Array | None, ...]:
        if x.ndim == 1 and y.ndim == 1:
            return (g * y.conj() if a.requires_grad else None), (g * x.conj() if b.requires_grad else None)
        rows = (x[None, :] if x.ndim == 1 else x).conj()
        columns = (y[:, None] if y.ndim == 1 else y).conj()
        g = np.expand_dims(g, -2) if x.ndim == 1 else g[..., None] if y.ndim == 1 else g
        g_x = g_y = None
        if a.requires_grad:
            g_x = unbroadcast(_product(g, columns.swapaxes(-1, -2)), rows.shape).reshape(x.shape)
        if b.requires_grad:
            if columns.ndim == 2 and rows.ndim > 2:
                g_y = _folded(rows).T @ _folded(g)  # one product sums over all leading axes
            else:
                g_y = unbroadcast(rows.swapaxes(-1, -2) @ g, columns.shape)
            g_y = g_y.reshape(y.shape)
        return g_x, g_y

    return Tensor(_product(x, y), (a, b), vjp, operation="matmul")


def outer(a: TensorLike, b: TensorLike) -> Tensor:
    """(n,), (m,) -> (n, m) of all products.

    Raises ValueError when an operand is not 1-D.
    """
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"outer: expected two 1-D tensors, got shapes {a.shape} and {b.shape}")
    return multiply(reshape(a, -1, 1), b)


def _product(x: Array, y: Array) -> Array:
    if x.ndim > 2 and y.ndim == 2:
        product: Array = _folded(x) @ y  # numpy would call BLAS once per leading index
        return product.reshape(*x.shape[:-1], y.shape[-1])
    return np.asarray(x @ y)


def _folded(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])  # -1 would be ambiguous in an empty array
