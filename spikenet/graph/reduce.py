"""Reductions over axes, each beside its vjp. `axis` is None (all), one axis or a tuple of axes, as in numpy."""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Axis, Tensor, TensorLike


def sum(a: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    a = as_tensor(a)
    x = a.data
    y = x.sum(axis=axis, keepdims=keepdims)
    return Tensor(y, (a,), lambda g: (np.broadcast_to(_kept(g, x.ndim, axis, keepdims), x.shape),), operation="sum")


def mean(a: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Raises ValueError when there is nothing to average."""
    a = as_tensor(a)
    x = a.data
    n = _count("mean", x, axis)

    def vjp(g: Array) -> tuple[Array]:
        return (np.broadcast_to(_kept(g, x.ndim, axis, keepdims) / n, x.shape),)

    return Tensor(x.mean(axis=axis, keepdims=keepdims), (a,), vjp, operation="mean")


def var(a: TensorLike, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """Mean squared distance from the mean, over n - ddof values (ddof=1: unbiased).

    Raises ValueError when n <= ddof.
    """
    a = as_tensor(a)
    x = a.data
    n = _count("var", x, axis, ddof)
    centred = x - x.mean(axis=axis, keepdims=True)
    y = np.square(centred).sum(axis=axis, keepdims=keepdims) / n

    def vjp(g: Array) -> tuple[Array]:
        return (_kept(g, x.ndim, axis, keepdims) * (2 / n) * centred,)

    return Tensor(y, (a,), vjp, operation="var")


def std(a: TensorLike, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Tensor:
    """Square root of `var`; where all values are equal the gradient is 0 (a subgradient, as for abs)."""
    a = as_tensor(a)
    x = a.data
    n = _count("std", x, axis, ddof)
    centred = x - x.mean(axis=axis, keepdims=True)
    y = np.sqrt(np.square(centred).sum(axis=axis, keepdims=True) / n)

    def vjp(g: Array) -> tuple[Array]:
        return (_kept(g, x.ndim, axis, keepdims) * centred / (n * np.where(y > 0, y, 1)),)

    return Tensor(_dropped(y, x.ndim, axis, keepdims), (a,), vjp, operation="std")


def max(a: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest value; values that tie for it share the gradient evenly. ValueError when there are none."""
    a = as_tensor(a)
    x = a.data
    y = x.max(axis=axis, keepdims=True)
    return Tensor(
        _dropped(y, x.ndim, axis, keepdims), (a,), lambda g: _to_ties(g, x, y, axis, keepdims), operation="max"
    )


def min(a: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest value; values that tie for it share the gradient evenly. ValueError when there are none."""
    a = as_tensor(a)
    x = a.data
    y = x.min(axis=axis, keepdims=True)
    return Tensor(
        _dropped(y, x.ndim, axis, keepdims), (a,), lambda g: _to_ties(g, x, y, axis, keepdims), operation="min"
    )


def _to_ties(g: Array, x: Array, extreme: Array, axis: Axis, keepdims: bool) -> tuple[Array]:
    ties = (x == extreme).astype(g.dtype)
    return (_kept(g, x.ndim, axis, keepdims) * (ties / ties.sum(axis=axis, keepdims=True)),)


def prod(a: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product; its gradient is right beside zeros too (products of the others, not y / x)."""
    a = as_tensor(a)
    x = a.data

    def vjp(g: Array) -> tuple[Array]:
        axes = _axes(x.ndim, axis)
        last = tuple(range(x.ndim - len(axes), x.ndim))
        moved = np.moveaxis(x, axes, last)
        rows = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
        ahead, behind = np.ones_like(rows), np.ones_like(rows)
        ahead[..., 1:] = rows[..., :-1].cumprod(axis=-1)
        behind[..., :-1] = rows[..., :0:-1].cumprod(axis=-1)[..., ::-1]
        others = np.moveaxis((ahead * behind).reshape(moved.shape), last, axes)
        return (_kept(g, x.ndim, axis, keepdims) * others,)

    return Tensor(x.prod(axis=axis, keepdims=keepdims), (a,), vjp, operation="prod")


def cumsum(a: TensorLike, axis: int) -> Tensor:
    """Running sum along one axis."""
    a = as_tensor(a)

    def vjp(g: Array) -> tuple[Array]:
        return (np.flip(np.flip(g, axis).cumsum(axis), axis),)

    return Tensor(a.data.cumsum(axis), (a,), vjp, operation="cumsum")


def _axes(ndim: int, axis: Axis) -> tuple[int, ...]:
    if axis is None or not ndim:
        return tuple(range(ndim))
    return tuple(k % ndim for k in (axis if isinstance(axis, tuple) else (axis,)))


def _kept(g: Array, ndim: int, axis: Axis, keepdims: bool) -> Array:
    """g of a reduced tensor, with the reduced axes as axes of length 1."""
    return g if keepdims else np.expand_dims(g, _axes(ndim, axis))


def _dropped(y: Array, ndim: int, axis: Axis, keepdims: bool) -> Array:
    return y if keepdims else y.squeeze(_axes(ndim, axis))


def _count(name: str, x: Array, axis: Axis, ddof: int = 0) -> int:
    n: int = math.prod(x.shape[k] for k in _axes(x.ndim, axis)) - ddof
    if n <= 0:
        raise ValueError(f"{name}: expected more than {ddof} values along axis {axis}, got shape {x.shape}")
    return n
