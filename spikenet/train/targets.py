"""What a loss or a metric may be asked to compare with: class labels and target values, checked in one place."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, array_of, finite_extremes, finite_values
from spikenet.graph import Tensor
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import TensorLike


class OutputsNotFinite(ValueError):
    """A loss or a metric was asked of outputs with NaN or infinity; training says which layer they come from."""


def outputs(name: str, y: TensorLike, *, takes_complex: bool = False) -> Tensor:
    """`y` itself when it is a Tensor, else a constant of its numbers.

    Raises TypeError when it holds none, or complex ones that the loss does not take, OutputsNotFinite, a ValueError, at
    the first NaN or infinity.
    """
    try:
        given = as_tensor(y)
    except TypeError:
        raise TypeError(f"{name}: expected outputs as a Tensor or an array of numbers, got {y!r:.60}") from None
    if given.dtype.kind == "c" and not takes_complex:
        raise TypeError(
            f"{name}: expected real outputs, got {given.dtype}; Magnitude() as the last layer makes them so"
        )
    if not finite_extremes(given.data):
        try:
            finite_values(f"{name}: outputs", given.data)
        except ValueError as error:
            raise OutputsNotFinite(f"{error}; a layer or a weight before is not finite") from None
    return given


def class_labels(name: str, labels: Any, classes: int, batch: int) -> Array:
    """`labels` as an int array (batch,) with values in 0 .. classes - 1.

    Raises TypeError when they are no whole numbers, ValueError when one is out of range or there are not `batch`.
    """
    numbers = array_of(f"{name}: labels", labels)
    if numbers.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: expected whole-number labels, got dtype {numbers.dtype}; convert with .astype(np.int64)"
        )
    if numbers.shape != (batch,):
        raise ValueError(
            f"{name}: expected one label for each of {batch} samples, shape ({batch},), got {numbers.shape}"
        )
    if not batch:
        raise ValueError(f"{name}: expected at least one sample, got an empty batch")
    if numbers.min() < 0 or numbers.max() >= classes:
        position = int(np.flatnonzero((numbers < 0) | (numbers >= classes))[0])
        raise ValueError(
            f"{name}: expected labels in 0..{classes - 1} for {classes} classes, "
            f"got {numbers[position]} at position {position}"
        )
    return numbers


def same_values(name: str, target: Any, y: Array) -> Array:
    """`target` in the float type of y: of its shape, or without its time axis, then the same at every step.

    Raises TypeError when it holds no numbers, or complex ones for real outputs, ValueError for any other shape, NaN or
    infinity.
    """
    values = array_of(f"{name}: target", target)
    if values.dtype.kind not in ("biufc" if y.dtype.kind == "c" else "biuf"):
        raise TypeError(f"{name}: expected target numbers for outputs of {y.dtype}, got dtype {values.dtype}")
    over_time = y.ndim >= 3 and values.shape == y.shape[1:]
    if values.shape != y.shape and not over_time:
        raise ValueError(f"{name}: expected a target of shape {y.shape}, as the output, got {values.shape}")
    return finite_values(f"{name}: target", values.astype(y.dtype, copy=False))


def flat_outputs(name: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """(batch, classes) of outputs without a time axis; ValueError when they have another number of axes."""
    if len(shape) != 2:
        hint = "; count_cross_entropy and its kin take (steps, batch, classes)" if len(shape) == 3 else ""
        raise ValueError(f"{name}: expected outputs (batch, classes), got shape {shape}{hint}")
    return shape[0], shape[1]


def timed_outputs(name: str, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(steps, batch, classes) of outputs over time; ValueError when they have another number of axes."""
    if len(shape) != 3:
        hint = "; cross_entropy and mse take outputs without time" if len(shape) == 2 else ""
        raise ValueError(f"{name}: expected outputs (steps, batch, classes), got shape {shape}{hint}")
    return shape[0], shape[1], shape[2]
