"""Mean 0 and variance 1 along axes, as one operation beside its vjp: the heart of layer, instance and group norms."""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def standardise(a: TensorLike, axes: tuple[int, ...], eps: float = 1e-5) -> Tensor:
    """(a - mean) / sqrt(variance + eps), mean and variance along `axes`, over n values.

    Values that are all equal give 0, with gradient 0. Raises ValueError when there are no values along the axes.
    """
    a = as_tensor(a)
    x = a.data
    if not math.prod(x.shape[k] for k in axes):
        raise ValueError(f"standardise: expected values along axes {axes}, got shape {x.shape}")
    centred = x - x.mean(axis=axes, keepdims=True)
    spread = 1 / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + x.dtype.type(eps))
    y = centred * spread

    def vjp(g: Array) -> tuple[Array]:
        mean, along = g.mean(axis=axes, keepdims=True), (g * y).mean(axis=axes, keepdims=True)
        return (spread * (g - mean - y * along),)

    return Tensor(y, (a,), vjp, operation="standardise")
