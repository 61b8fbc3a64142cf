"""Normalised exponentials, shifted by the largest value so that nothing overflows, each beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Axis, Tensor, TensorLike


def softmax(a: TensorLike, axis: Axis = -1) -> Tensor:
    """exp(a) / sum of exp(a) along the axis (or axes)."""
    a = as_tensor(a)
    y, _ = _shifted_exp(a.data, axis)
    y /= y.sum(axis=axis, keepdims=True)

    def vjp(g: Array) -> tuple[Array]:
        return (y * (g - (g * y).sum(axis=axis, keepdims=True)),)

    return Tensor(y, (a,), vjp, operation="softmax")


def log_softmax(a: TensorLike, axis: Axis = -1) -> Tensor:
    """Logarithm of softmax, exact where softmax itself rounds to 0."""
    a = as_tensor(a)
    y = a.data - _log_sum(a.data, axis)

    def vjp(g: Array) -> tuple[Array]:
        return (g - np.exp(y) * g.sum(axis=axis, keepdims=True),)

    return Tensor(y, (a,), vjp, operation="log_softmax")


def logsumexp(a: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log of the sum of exp(a) along the axis (or axes): the smooth maximum."""
    a = as_tensor(a)
    x = a.data
    kept = _log_sum(x, axis)
    y = kept if keepdims else kept.squeeze(axis)

    def vjp(g: Array) -> tuple[Array]:
        return (g.reshape(kept.shape) * np.exp(x - np.where(np.isfinite(kept), kept, 0)),)

    return Tensor(y, (a,), vjp, operation="logsumexp")


def _log_sum(x: Array, axis: Axis) -> Array:
    powers, largest = _shifted_exp(x, axis)
    with np.errstate(divide="ignore"):  # a sum of nothing but exp(-inf) is log 0 = -inf, as it should be
        total: Array = np.log(powers.sum(axis=axis, keepdims=True)) + largest
    return total


def _shifted_exp(x: Array, axis: Axis) -> tuple[Array, Array]:
    largest = x.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, x.dtype.type(0))  # -inf - -inf would be NaN
    return np.asarray(np.exp(x - largest)), largest
