"""Picking elements, each operation beside its vjp. An element picked twice gets both gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike

Indices = npt.NDArray[np.integer[Any]]


def getitem(a: TensorLike, index: Any) -> Tensor:
    """a[index] with everything numpy allows: integers, slices, ..., None, integer arrays, boolean masks.

    Each call makes a gradient as large as `a`: to take an axis apart use `unstack` or `split`, which do not.

    Raises TypeError when a Tensor is part of the index: tensors hold floats.
    """
    a = as_tensor(a)
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if isinstance(part, Tensor):
            raise TypeError("index: expected integers, slices or arrays, got a Tensor; use its x.data.astype(int)")
    x = a.data

    def vjp(g: Array) -> tuple[Array]:
        if not all(_picks_once(part) for part in parts):
            return (_scatter(g, np.arange(x.size).reshape(x.shape)[index], x.shape),)
        g_x = np.zeros(x.shape, g.dtype)
        g_x[index] = g
        return (g_x,)

    return Tensor(x[index], (a,), vjp, operation="index")


def take(a: TensorLike, indices: npt.ArrayLike, axis: int = 0) -> Tensor:
    """Slices of `a` along the axis, in the order of `indices` (any shape, put in place of the axis): an embedding.

    Raises TypeError when the indices are not integers, IndexError when one is out of range.
    """
    a = as_tensor(a)
    picked = _integers("take", indices)
    shape, axis = a.shape, range(a.ndim)[axis]
    y = np.take(a.data, picked, axis)

    def vjp(g: Array) -> tuple[Array]:
        rows = np.moveaxis(g, range(axis, axis + picked.ndim), range(picked.ndim))
        others = shape[:axis] + shape[axis + 1 :]
        summed = _sum_rows(rows.reshape(picked.size, *others), picked.ravel() % max(shape[axis], 1), shape[axis])
        return (np.moveaxis(summed, 0, axis),)

    return Tensor(y, (a,), vjp, operation="take")


def take_along_axis(a: TensorLike, indices: npt.ArrayLike, axis: int) -> Tensor:
    """One element for every entry of `indices`, gathered along the axis, as np.take_along_axis: a class's score.

    Raises TypeError when the indices are not integers, IndexError when one is out of range.
    """
    a = as_tensor(a)
    picked = _integers("take_along_axis", indices)
    shape = a.shape
    y = np.take_along_axis(a.data, picked, axis)

    def vjp(g: Array) -> tuple[Array]:
        positions = np.arange(a.size).reshape(shape)
        return (_scatter(g, np.take_along_axis(positions, picked, axis), shape),)

    return Tensor(y, (a,), vjp, operation="take_along_axis")


def _picks_once(part: Any) -> bool:
    if isinstance(part, np.ndarray):
        return bool(part.dtype.kind == "b")
    return part is None or part is ... or isinstance(part, (int, np.integer, slice))


def _scatter(g: Array, positions: Indices, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with each entry of g added at its position in the flattened array."""
    g_x = np.zeros(shape, g.dtype)
    np.add.at(g_x.reshape(-1), positions.reshape(-1), g.reshape(-1))
    return g_x


def _sum_rows(rows: Array, targets: Indices, n: int) -> Array:
    """(n, ...) zeros with each row added at its target; sorting first is many times faster than np.add.at on rows."""
    summed = np.zeros((n, *rows.shape[1:]), rows.dtype)
    if targets.size:
        order = np.argsort(targets, kind="stable")
        present, starts = np.unique(targets[order], return_index=True)
        summed[present] = np.add.reduceat(rows[order], starts, axis=0)
    return summed


def _integers(name: str, indices: npt.ArrayLike) -> Indices:
    picked = np.asarray(indices)
    if picked.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integer indices, got dtype {picked.dtype}")
    return picked
