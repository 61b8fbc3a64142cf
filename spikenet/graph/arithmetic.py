"""The four operations, powers and signs, each beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.operands import as_tensor, operands
from spikenet.graph.tensor import Tensor, TensorLike


def add(a: TensorLike, b: TensorLike) -> Tensor:
    a, b = operands(a, b)

    def vjp(g: Array) -> tuple[Array | None, ...]:
        return (
            unbroadcast(g, a.shape) if a.requires_grad else None,
            unbroadcast(g, b.shape) if b.requires_grad else None,
        )

    return Tensor(a.data + b.data, (a, b), vjp, operation="add")


def subtract(a: TensorLike, b: TensorLike) -> Tensor:
    a, b = operands(a, b)

    def vjp(g: Array) -> tuple[Array | None, ...]:
        return (
            unbroadcast(g, a.shape) if a.requires_grad else None,
            -unbroadcast(g, b.shape) if b.requires_grad else None,
        )

    return Tensor(a.data - b.data, (a, b), vjp, operation="subtract")


def multiply(a: TensorLike, b: TensorLike) -> Tensor:
    a, b = operands(a, b)
    x, y = a.data, b.data

    def vjp(g: Array) -> tuple[Array | None, ...]:
        return (
            unbroadcast(g * y.conj(), x.shape) if a.requires_grad else None,
            unbroadcast(g * x.conj(), y.shape) if b.requires_grad else None,
        )

    return Tensor(x * y, (a, b), vjp, operation="multiply")


def divide(a: TensorLike, b: TensorLike) -> Tensor:
    a, b = operands(a, b)
    x, y = a.data, b.data
    quotient = x / y

    def vjp(g: Array) -> tuple[Array | None, ...]:
        g_x = g / y.conj()
        return (
            unbroadcast(g_x, x.shape) if a.requires_grad else None,
            unbroadcast(-g_x * quotient.conj(), y.shape) if b.requires_grad else None,
        )

    return Tensor(quotient, (a, b), vjp, operation="divide")


def power(a: TensorLike, b: TensorLike) -> Tensor:
    """a ** b. Where b is 0 the gradient in a is 0; where a is 0 the gradient in b is 0 (their limits from above)."""
    if isinstance(b, (int, float)):
        return _constant_power(as_tensor(a), float(b))
    a, b = operands(a, b)
    x, y = a.data, b.data
    z = x**y

    def vjp(g: Array) -> tuple[Array | None, ...]:
        g_x = g_y = None
        if a.requires_grad:
            g_x = unbroadcast(g * y * np.where(y == 0, 1, x) ** np.where(y == 0, 0, y - 1), x.shape)
        if b.requires_grad:
            g_y = unbroadcast(g * z * np.log(np.where(x == 0, 1, x)), y.shape)
        return g_x, g_y

    return Tensor(z, (a, b), vjp, operation="power")


def _constant_power(a: Tensor, exponent: float) -> Tensor:
    x = a.data
    return Tensor(
        x**exponent,
        (a,),
        lambda g: (g * (exponent * x.conj() ** (exponent - 1)) if exponent else np.zeros_like(x),),
        operation=f"power {exponent:g}",
    )


def square(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    x = a.data
    return Tensor(x * x, (a,), lambda g: (g * (2 * x.conj()),), operation="square")


def negate(a: TensorLike) -> Tensor:
    a = as_tensor(a)
    return Tensor(-a.data, (a,), lambda g: (-g,), operation="negate")


def abs(a: TensorLike) -> Tensor:
    """|a|; the gradient at 0 is 0."""
    a = as_tensor(a)
    x = a.data
    return Tensor(np.abs(x), (a,), lambda g: (g * np.sign(x),), operation="abs")
