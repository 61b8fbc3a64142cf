"""Nonlinearities of nets, in forms that neither overflow nor lose the tails, each beside its vjp."""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def tanh(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    y = np.tanh(a.data)
    return Tensor(y, (a,), lambda g: (g * (1 - y * y).conj(),), operation="tanh")


def sigmoid(a: TensorLike) -> Tensor:
    """1 / (1 + exp(-a))."""
    a = as_tensor(a)
    y = logistic(a.data)
    return Tensor(y, (a,), lambda g: (g * (y * (1 - y)),), operation="sigmoid")


def softplus(a: TensorLike) -> Tensor:
    """log(1 + exp(a)), the smooth relu."""
    a = as_tensor(a)
    x = a.data
    y = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return Tensor(y, (a,), lambda g: (g * logistic(x),), operation="softplus")


def relu(a: TensorLike) -> Tensor:
    """max(a, 0); the gradient at 0 is 0."""
    a = as_tensor(a)
    x = a.data
    return Tensor(np.maximum(x, 0), (a,), lambda g: (g * (x > 0),), operation="relu")


def gelu(a: TensorLike) -> Tensor:
    """a Phi(a) with Phi the normal distribution function, exact (not the tanh approximation).

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.
    """
    from scipy.special import ndtr

    a = as_tensor(a)
    x = a.data
    below: Array = ndtr(x)

    def vjp(g: Array) -> tuple[Array]:
        density = np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))
        return (g * (below + x * density),)

    return Tensor(x * below, (a,), vjp, operation="gelu")


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)) of an array."""
    small = np.exp(-np.abs(x))  # never overflows, and keeps the tail that (1 + tanh) / 2 rounds to 0
    y: Array = np.where(x >= 0, 1, small) / (1 + small)
    return y
