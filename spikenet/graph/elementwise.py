"""Functions of one number, applied to every element, each beside its vjp.

Of complex numbers, as everywhere in the graph: the gradient of a real loss in z = u + iv is dL/du + i dL/dv, twice the
Wirtinger derivative in conj(z); through a holomorphic f it passes as g conj(f'(z)). conj() of real arrays is free.
"""

from __future__ import annotations

import numpy as np

from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def exp(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    y = np.exp(a.data)
    return Tensor(y, (a,), lambda g: (g * y.conj(),), operation="exp")


def expm1(a: TensorLike) -> Tensor:
    """exp(a) - 1, exact for small a."""
    a = as_tensor(a)
    y = np.expm1(a.data)
    return Tensor(y, (a,), lambda g: (g * (y + 1),), operation="expm1")


def log(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    x = a.data
    return Tensor(np.log(x), (a,), lambda g: (g / x.conj(),), operation="log")


def log1p(a: TensorLike) -> Tensor:
    """log(1 + a), exact for small a."""
    a = as_tensor(a)
    x = a.data
    return Tensor(np.log1p(x), (a,), lambda g: (g / (1 + x),), operation="log1p")


def sqrt(a: TensorLike) -> Tensor:
    """The gradient at 0 is infinite."""
    a = as_tensor(a)
    y = np.sqrt(a.data)
    return Tensor(y, (a,), lambda g: (g / (2 * y.conj()),), operation="sqrt")


def sin(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    x = a.data
    return Tensor(np.sin(x), (a,), lambda g: (g * np.cos(x.conj()),), operation="sin")


def cos(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    x = a.data
    return Tensor(np.cos(x), (a,), lambda g: (-g * np.sin(x.conj()),), operation="cos")
