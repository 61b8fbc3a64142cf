"""The one form in which every data set arrives: inputs and class labels, checked once.

What is checked here need not be checked again: a training loop that holds an `Arrays` knows that its inputs are finite
and its labels name existing classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import Array, array_of, finite_extremes, finite_values, whole


@dataclass(frozen=True, eq=False)
class Arrays:
    """A labelled data set, or part of one.

    inputs : (N, ...) float32 or complex64, finite; the first axis counts samples, N >= 1
    labels : (N,) int64, each in 0 .. classes - 1
    name   : what the data are called in reports
    classes: number of classes; a part may hold fewer

    Raises TypeError for other dtypes (`arrays` converts), ValueError for anything else that does not hold.
    """

    inputs: npt.NDArray[np.inexact[Any]] = field(repr=False)
    labels: npt.NDArray[np.int64] = field(repr=False)
    name: str
    classes: int

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"Arrays: expected a name, got {self.name!r} of type {type(self.name).__name__}")
        object.__setattr__(self, "classes", whole(f"{self.name}: classes", self.classes))
        _check_dtype(f"{self.name}: inputs", self.inputs, np.float32, np.complex64)
        _check_dtype(f"{self.name}: labels", self.labels, np.int64)
        _check_shapes(self.name, self.inputs, self.labels)
        _check_finite(f"{self.name}: inputs", self.inputs)
        _check_labels(self.name, self.labels, self.classes)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.ArrayLike) -> Arrays:
        """The samples numbered `indices`, (n,) whole numbers in 0 .. N - 1, in that order; always a copy."""
        chosen = np.asarray(indices)
        if chosen.ndim != 1 or chosen.size == 0:
            raise ValueError(f"{self.name}.take: expected (n,) sample numbers, n >= 1, got shape {chosen.shape}")
        if chosen.dtype.kind not in "iu":
            raise TypeError(
                f"{self.name}.take: expected whole numbers, got {chosen.dtype}; turn a mask into numbers "
                "with np.flatnonzero(mask)"
            )
        outside = (chosen < 0) | (chosen >= len(self))
        if outside.any():
            raise ValueError(
                f"{self.name}.take: expected sample numbers in 0 .. {len(self) - 1}, got {chosen[outside][0]}"
            )
        return Arrays(self.inputs[chosen], self.labels[chosen], self.name, self.classes)


def arrays(inputs: npt.ArrayLike, labels: npt.ArrayLike, name: str = "arrays", classes: int | None = None) -> Arrays:
    """A user's own numbers as a checked data set.

    inputs : (N, ...) numbers, finite also as float32; kept without a copy when already float32, or complex64
    labels : (N,) whole numbers in 0 .. classes - 1
    classes: largest label + 1 unless given; give it for a test set that may lack the last class

    Raises TypeError when inputs are no numbers or labels not whole, ValueError naming what else is wrong.
    """
    numbers, classed = array_of(f"{name}: inputs", inputs), array_of(f"{name}: labels", labels)
    if numbers.dtype.kind not in "fiubc":
        raise TypeError(f"{name}: inputs: expected numbers, got an array of {numbers.dtype}")
    _check_shapes(name, numbers, classed)
    if classed.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels: expected whole numbers, got an array of {classed.dtype}")
    with np.errstate(over="ignore"):  # what overflows is infinite in the record and refused there
        single = numbers.astype(np.complex64 if numbers.dtype.kind == "c" else np.float32, copy=False)
    top = int(classed.max())
    if top > np.iinfo(np.int64).max:
        raise ValueError(f"{name}: labels: expected labels that fit int64, got {top}")
    return Arrays(single, classed.astype(np.int64, copy=False), name, max(top, 0) + 1 if classes is None else classes)


def _check_dtype(name: str, array: Any, *dtypes: type[np.generic]) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected an array, got {type(array).__name__}; sn.data.arrays converts")
    if array.dtype not in dtypes:
        wanted = " or ".join(str(np.dtype(dtype)) for dtype in dtypes)
        raise TypeError(f"{name}: expected dtype {wanted}, got {array.dtype}; sn.data.arrays converts")


def _check_shapes(name: str, inputs: Array, labels: Array) -> None:
    if inputs.ndim < 2:
        raise ValueError(
            f"{name}: expected inputs (N, ...), got shape {inputs.shape}; add an axis: inputs[:, None] for one "
            "feature a sample, inputs[None] for one sample"
        )
    if labels.ndim != 1:
        raise ValueError(f"{name}: expected labels (N,), one number a sample, got shape {labels.shape}")
    if len(inputs) != len(labels):
        raise ValueError(f"{name}: expected as many labels as inputs, got {len(labels)} labels, {len(inputs)} inputs")
    if inputs.size == 0:
        raise ValueError(f"{name}: expected at least one sample of at least one number, got inputs {inputs.shape}")


def _check_finite(name: str, values: Array) -> None:
    if not finite_extremes(values):
        finite_values(name, values)  # finds the place and raises


def _check_labels(name: str, labels: Array, classes: int) -> None:
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        k = int(np.argmax(outside))
        raise ValueError(f"{name}: expected labels in 0 .. {classes - 1}, got {labels[k]} at sample {k}")
