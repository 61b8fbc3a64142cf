"""The same numbers in another arrangement, each operation beside its vjp. Results are views where numpy gives one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spikenet.errors import Array
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Axis, Tensor, TensorLike


def reshape(a: TensorLike, *shape: int | tuple[int, ...]) -> Tensor:
    """reshape(a, 2, -1) or reshape(a, (2, -1))."""
    a = as_tensor(a)
    before = a.shape
    return Tensor(a.data.reshape(_flat(shape)), (a,), lambda g: (g.reshape(before),), operation="reshape")


def transpose(a: TensorLike, *axes: int | tuple[int, ...]) -> Tensor:
    """Axes in the given order, reversed when none is given: transpose(a), transpose(a, 1, 0, 2)."""
    a = as_tensor(a)
    order = tuple(k % max(a.ndim, 1) for k in _flat(axes)) or tuple(reversed(range(a.ndim)))
    y = a.data.transpose(_flat(axes) or order)
    return Tensor(y, (a,), lambda g: (g.transpose(np.argsort(order)),), operation="transpose")


def swapaxes(a: TensorLike, first: int, second: int) -> Tensor:
    a = as_tensor(a)
    return Tensor(a.data.swapaxes(first, second), (a,), lambda g: (g.swapaxes(first, second),), operation="swapaxes")


def moveaxis(a: TensorLike, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Tensor:
    a = as_tensor(a)
    y = np.moveaxis(a.data, source, destination)
    return Tensor(y, (a,), lambda g: (np.moveaxis(g, destination, source),), operation="moveaxis")


def broadcast_to(a: TensorLike, shape: tuple[int, ...]) -> Tensor:
    """a stretched to `shape` without copying it. For input that repeats in time use `repeat`, which layers know."""
    a = as_tensor(a)
    before = a.shape
    return Tensor(np.broadcast_to(a.data, shape), (a,), lambda g: (unbroadcast(g, before),), operation="broadcast_to")


def expand_dims(a: TensorLike, axis: int | tuple[int, ...]) -> Tensor:
    a = as_tensor(a)
    before = a.shape
    return Tensor(np.expand_dims(a.data, axis), (a,), lambda g: (g.reshape(before),), operation="expand_dims")


def squeeze(a: TensorLike, axis: Axis = None) -> Tensor:
    a = as_tensor(a)
    before = a.shape
    return Tensor(a.data.squeeze(axis), (a,), lambda g: (g.reshape(before),), operation="squeeze")


def flip(a: TensorLike, axis: Axis = None) -> Tensor:
    """The axis (or axes, or all) read backwards."""
    a = as_tensor(a)
    return Tensor(np.flip(a.data, axis), (a,), lambda g: (np.flip(g, axis),), operation="flip")


def pad(a: TensorLike, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """A border of constant `value`; widths: (before, after) for each axis.

    Raises ValueError when there is not one pair of numbers >= 0 for each axis.
    """
    a = as_tensor(a)
    try:
        pairs = tuple((int(before), int(after)) for before, after in widths)
    except (TypeError, ValueError):
        raise TypeError(f"pad: expected a pair (before, after) for each axis, got {widths!r:.60}") from None
    if len(pairs) != a.ndim or any(n < 0 for pair in pairs for n in pair):
        raise ValueError(f"pad: expected {a.ndim} pairs of widths >= 0 for shape {a.shape}, got {widths}")
    inner = tuple(slice(before, before + n) for (before, _), n in zip(pairs, a.shape, strict=True))
    y: Array = np.pad(a.data, pairs, constant_values=value) if pairs else a.data
    return Tensor(y, (a,), lambda g: (g[inner],), operation="pad")


def _flat(numbers: tuple[int | tuple[int, ...], ...]) -> tuple[int, ...]:
    if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)):
        return tuple(numbers[0])
    return numbers  # type: ignore[return-value]
