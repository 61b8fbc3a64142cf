"""Choosing between values element by element, each operation beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.operands import as_tensor, operands
from spikenet.graph.tensor import Tensor, TensorLike


def maximum(a: TensorLike, b: TensorLike) -> Tensor:
    """The larger of a and b; where they are equal each gets half of the gradient."""
    a, b = operands(a, b)
    x, y = a.data, b.data

    def vjp(g: Array) -> tuple[Array | None, ...]:
        return _shared(g, a, b, (x > y) + 0.5 * (x == y))

    return Tensor(np.maximum(x, y), (a, b), vjp, operation="maximum")


def minimum(a: TensorLike, b: TensorLike) -> Tensor:
    """The smaller of a and b; where they are equal each gets half of the gradient."""
    a, b = operands(a, b)
    x, y = a.data, b.data

    def vjp(g: Array) -> tuple[Array | None, ...]:
        return _shared(g, a, b, (x < y) + 0.5 * (x == y))

    return Tensor(np.minimum(x, y), (a, b), vjp, operation="minimum")


def _shared(g: Array, a: Tensor, b: Tensor, part: Array) -> tuple[Array | None, ...]:
    part = part.astype(g.dtype)
    return (
        unbroadcast(g * part, a.shape) if a.requires_grad else None,
        unbroadcast(g * (1 - part), b.shape) if b.requires_grad else None,
    )


def clip(a: TensorLike, low: float | Array | None = None, high: float | Array | None = None) -> Tensor:
    """a kept within [low, high], constants that broadcast to its shape; None is no limit.

    The gradient passes where low <= a <= high. For limits that are themselves learnt use `maximum` and `minimum`.

    Raises ValueError when low > high anywhere, or when a limit is larger than a; TypeError for a Tensor as limit.
    """
    a = as_tensor(a)
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        raise TypeError("clip: limits are constants; use maximum(minimum(a, high), low) to learn them")
    x = a.data
    least = np.asarray(-np.inf if low is None else low, x.dtype)
    most = np.asarray(np.inf if high is None else high, x.dtype)
    if np.any(least > most):
        raise ValueError(f"clip: expected low <= high, got low {low}, high {high}")
    y = np.minimum(np.maximum(x, least), most)
    if y.shape != x.shape:
        raise ValueError(f"clip: expected limits that broadcast to {x.shape}, got {least.shape} and {most.shape}")
    return Tensor(y, (a,), lambda g: (g * ((x >= least) & (x <= most)),), operation="clip")


def where(condition: Array | bool, a: TensorLike, b: TensorLike) -> Tensor:
    """a where the condition holds, b elsewhere.

    condition: boolean array, such as `x > 0`
    The side not chosen gets gradient 0, even when the gradient that arrives is NaN there. A side that is infinite or
    NaN by itself (log of 0) still spoils its own operands: choose before such an operation, not after.

    Raises TypeError when the condition is not boolean.
    """
    chosen = np.asarray(condition)
    if chosen.dtype != np.bool_:
        raise TypeError(f"where: expected a boolean condition such as x > 0, got dtype {chosen.dtype}")
    a, b = operands(a, b)

    def vjp(g: Array) -> tuple[Array | None, ...]:
        zero = g.dtype.type(0)
        return (
            unbroadcast(np.where(chosen, g, zero), a.shape) if a.requires_grad else None,
            unbroadcast(np.where(chosen, zero, g), b.shape) if b.requires_grad else None,
        )

    return Tensor(np.where(chosen, a.data, b.data), (a, b), vjp, operation="where")


def stop_gradient(a: TensorLike) -> Tensor:
    """The values of a as a constant: no gradient goes through."""
    return as_tensor(a).detach()
