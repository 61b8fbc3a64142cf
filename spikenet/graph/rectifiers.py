"""Kin of the relu: kept above zero, bent, damped or bounded elsewhere, each beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017 (arXiv:1706.02515), eq. 14


def leaky_relu(a: TensorLike, slope: float = 0.01) -> Tensor:
    """a above 0, slope * a elsewhere. Source: Maas et al. 2013, ICML workshop."""
    a = as_tensor(a)
    x = a.data
    factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(slope))
    return Tensor(x * factor, (a,), lambda g: (g * factor,), operation="leaky_relu")


def elu(a: TensorLike, alpha: float = 1.0) -> Tensor:
    """a above 0, alpha (exp(a) - 1) elsewhere. Source: Clevert et al. 2015 (arXiv:1511.07289)."""
    return _exponential(a, 1.0, alpha, 1.0, "elu")


def celu(a: TensorLike, alpha: float = 1.0) -> Tensor:
    """a above 0, alpha (exp(a / alpha) - 1) elsewhere, always smooth. Source: Barron 2017 (arXiv:1704.07483)."""
    return _exponential(a, 1.0, alpha, alpha, "celu")


def selu(a: TensorLike) -> Tensor:
    """elu scaled so that mean 0 and variance 1 are kept. Source: Klambauer et al. 2017 (arXiv:1706.02515)."""
    return _exponential(a, SELU_SCALE, SELU_ALPHA, 1.0, "selu")


def relu6(a: TensorLike) -> Tensor:
    """a kept within [0, 6]; the gradient at both ends is 0."""
    return _bounded(a, 0.0, 6.0, 1.0, 0.0, "relu6")


def hard_tanh(a: TensorLike) -> Tensor:
    """a kept within [-1, 1]; the gradient at both ends is 0."""
    return _bounded(a, -1.0, 1.0, 1.0, 0.0, "hard_tanh")


def hard_sigmoid(a: TensorLike) -> Tensor:
    """a / 6 + 1/2 kept within [0, 1]."""
    return _bounded(a, 0.0, 1.0, 1 / 6, 0.5, "hard_sigmoid")


def _bounded(a: TensorLike, low: float, high: float, slope: float, offset: float, operation: str) -> Tensor:
    a = as_tensor(a)
    x = a.data
    line = x * x.dtype.type(slope) + x.dtype.type(offset)

    def vjp(g: Array) -> tuple[Array]:
        return (g * (((line > low) & (line < high)) * x.dtype.type(slope)),)

    return Tensor(np.clip(line, low, high).astype(x.dtype, copy=False), (a,), vjp, operation=operation)


def _exponential(a: TensorLike, scale: float, alpha: float, width: float, operation: str) -> Tensor:
    """scale * (a above 0, alpha (exp(a / width) - 1) elsewhere)."""
    a = as_tensor(a)
    x = a.data
    below = np.minimum(x, 0)
    tail = np.expm1(below / width) * (scale * alpha)
    y = np.where(x > 0, x * scale, tail).astype(x.dtype, copy=False)

    def vjp(g: Array) -> tuple[Array]:
        return (g * np.where(x > 0, scale, (tail + scale * alpha) / width).astype(x.dtype, copy=False),)

    return Tensor(y, (a,), vjp, operation=operation)
