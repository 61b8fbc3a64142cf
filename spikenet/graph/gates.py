"""Smooth units that gate their own input, and the kin of the sigmoid, each beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.activation import logistic, sigmoid
from spikenet.graph.join import split
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def silu(a: TensorLike) -> Tensor:
    """a sigmoid(a), called swish as well. Source: Elfwing et al. 2017 (arXiv:1702.03118)."""
    a = as_tensor(a)
    x = a.data
    gate = logistic(x)
    return Tensor(x * gate, (a,), lambda g: (g * (gate * (1 + x * (1 - gate))),), operation="silu")


def mish(a: TensorLike) -> Tensor:
    """a tanh(softplus(a)). Source: Misra 2019 (arXiv:1908.08681)."""
    a = as_tensor(a)
    x = a.data
    gate = np.tanh(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
    return Tensor(x * gate, (a,), lambda g: (g * (gate + x * (1 - gate * gate) * logistic(x)),), operation="mish")


def hard_swish(a: TensorLike) -> Tensor:
    """a times (a / 6 + 1/2 kept within [0, 1]). Source: Howard et al. 2019 (arXiv:1905.02244)."""
    a = as_tensor(a)
    x = a.data
    line = x / 6 + x.dtype.type(0.5)

    def vjp(g: Array) -> tuple[Array]:
        return (g * np.where(line >= 1, 1, np.where(line <= 0, 0, x / 3 + 0.5)).astype(x.dtype, copy=False),)

    return Tensor(x * np.clip(line, 0, 1), (a,), vjp, operation="hard_swish")


def softsign(a: TensorLike) -> Tensor:
    """a / (1 + |a|)."""
    a = as_tensor(a)
    x = a.data
    below = 1 + np.abs(x)
    return Tensor(x / below, (a,), lambda g: (g / (below * below),), operation="softsign")


def log_sigmoid(a: TensorLike) -> Tensor:
    """log(1 / (1 + exp(-a))), exact in both tails."""
    a = as_tensor(a)
    x = a.data
    y = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    return Tensor(y, (a,), lambda g: (g * logistic(-x),), operation="log_sigmoid")


def glu(a: TensorLike, axis: int = -1) -> Tensor:
    """The first half along the axis times the sigmoid of the second. Source: Dauphin et al. 2016 (arXiv:1612.08083).

    Raises ValueError when the axis has an odd length.
    """
    a = as_tensor(a)
    if not a.ndim or a.shape[axis] % 2:
        raise ValueError(f"glu: expected an axis of even length, got axis {axis} of shape {a.shape}")
    first, second = split(a, [a.shape[axis] // 2] * 2, axis)
    return first * sigmoid(second)
