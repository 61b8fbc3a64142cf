"""Putting tensors together and taking one apart, each operation beside its vjp."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np

from spikenet.errors import Array
from spikenet.graph.operands import as_tensor
from spikenet.graph.outputs import outputs
from spikenet.graph.tensor import Tensor, TensorLike


def concatenate(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """The tensors one after the other along an axis they have.

    Raises ValueError when there is none, or when shapes differ along another axis.
    """
    parts = _parts("concatenate", tensors)
    axis = _axis("concatenate", axis, parts[0].ndim)
    beside = {part.shape[:axis] + part.shape[axis + 1 :] for part in parts}
    if len({part.ndim for part in parts}) > 1 or len(beside) > 1:
        shapes = ", ".join(str(part.shape) for part in parts)
        raise ValueError(f"concatenate: expected shapes that differ along axis {axis} only, got {shapes}")
    y = np.concatenate([part.data for part in parts], axis)
    ends = tuple(accumulate((part.shape[axis] for part in parts), initial=0))

    def vjp(g: Array) -> list[Array | None]:
        return [
            g[_between(axis, start, stop)] if part.requires_grad else None
            for part, (start, stop) in zip(parts, pairwise(ends), strict=True)
        ]

    return Tensor(y, parts, vjp, operation="concatenate")


def stack(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis: the steps of a sequence.

    Raises ValueError when there is none, or when shapes differ.
    """
    parts = _parts("stack", tensors)
    axis = _axis("stack", axis, parts[0].ndim + 1)
    if len({part.shape for part in parts}) > 1:
        raise ValueError(f"stack: expected tensors of one shape, got {', '.join(str(part.shape) for part in parts)}")
    y = np.stack([part.data for part in parts], axis)

    def vjp(g: Array) -> list[Array | None]:
        slices = np.moveaxis(g, axis, 0)
        return [g_part if part.requires_grad else None for part, g_part in zip(parts, slices, strict=True)]

    return Tensor(y, parts, vjp, operation="stack")


def unstack(a: TensorLike, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis: the inverse of `stack`. Iterating over a tensor does this for axis 0.

    Its vjp fills one gradient for all slices, where indexing step by step would make one of full size for each.
    """
    a = as_tensor(a)
    axis = _axis("unstack", axis, a.ndim)
    slices = np.moveaxis(a.data, axis, 0)

    def vjp(g: tuple[Array | None, ...]) -> tuple[Array]:
        g_a = np.zeros(a.shape, a.dtype)
        rows = np.moveaxis(g_a, axis, 0)
        for k, g_slice in enumerate(g):
            if g_slice is not None:
                rows[k] = g_slice
        return (g_a,)

    return outputs(list(slices), (a,), vjp, operation="unstack")


def split(a: TensorLike, lengths: Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """Consecutive pieces of the given lengths along an axis: the inverse of `concatenate`.

    Raises ValueError when the lengths do not add up to that of the axis.
    """
    a = as_tensor(a)
    axis = _axis("split", axis, a.ndim)
    if not isinstance(lengths, Sequence | np.ndarray):
        raise TypeError(f"split: expected a sequence of lengths, got {lengths!r:.60}")
    ends = tuple(accumulate(lengths, initial=0))
    if ends[-1] != a.shape[axis] or any(start > stop for start, stop in pairwise(ends)):
        raise ValueError(f"split: expected lengths >= 0 that add up to {a.shape[axis]}, got {list(lengths)}")
    places = [_between(axis, start, stop) for start, stop in pairwise(ends)]

    def vjp(g: tuple[Array | None, ...]) -> tuple[Array]:
        g_a = np.zeros(a.shape, a.dtype)
        for g_piece, place in zip(g, places, strict=True):
            if g_piece is not None:
                g_a[place] = g_piece
        return (g_a,)

    return outputs([a.data[place] for place in places], (a,), vjp, operation="split")


def _parts(name: str, tensors: Sequence[TensorLike]) -> tuple[Tensor, ...]:
    if not isinstance(tensors, Iterable):
        raise TypeError(f"{name}: expected a sequence of tensors, got {tensors!r:.60}")
    parts = tuple(as_tensor(t) for t in tensors)
    if not parts:
        raise ValueError(f"{name}: expected at least one tensor, got none")
    return parts


def _axis(name: str, axis: int, ndim: int) -> int:
    """`axis` counted from the front."""
    if not ndim:
        raise ValueError(f"{name}: expected tensors with axes, got a single number; stack gives it one")
    if not -ndim <= axis < ndim:
        raise ValueError(f"{name}: expected an axis of {ndim}, in {-ndim} .. {ndim - 1}, got {axis}")
    return axis % ndim


def _between(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))
