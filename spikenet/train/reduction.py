"""From the losses of the samples of a batch to one number: what each sample counts.

A reduction takes the samples' weights (those of their classes, or ones) and returns the factor of each; the loss is
the sum of factor times sample. `fit` over several processes, and batches of different sizes, ask for a mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from spikenet.errors import Array, array_of, finite_values

Reduction: TypeAlias = Callable[[Array], Array]


def mean(weights: Array) -> Array:
    """Sum of weight times loss, over the number of samples."""
    return weights / len(weights)


def weighted_mean(weights: Array) -> Array:
    """Sum of weight times loss, over the sum of weights: torch's mean where class weights are given."""
    total = weights.sum()
    if not total > 0:
        raise ValueError("weighted_mean: expected a sample whose weight is > 0 in every batch, got none")
    factors: Array = weights / total
    return factors


def total(weights: Array) -> Array:
    """Sum of weight times loss."""
    return weights


def shares(
    name: str, reduce: Reduction, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any], labels: Array | None = None,
    class_weights: Any = None, classes: int = 1,
) -> Array:  # fmt: skip
    """Factor of each number of outputs of this shape, to be broadcast: a sample's, over the numbers the sample has.

    axis: the batch's;  labels, class_weights, classes: as of `factors`; without them all samples weigh 1
    """
    if len(shape) <= axis:
        raise ValueError(f"{name}: expected outputs with a batch axis, got shape {shape}")
    batch = shape[axis]
    numbers = np.zeros(batch, np.int64) if labels is None else labels
    each = factors(name, reduce, class_weights, numbers, classes, dtype)
    each = each / dtype.type(max(1, math.prod(shape) // max(1, batch)))
    shaped: Array = each.reshape(*(1,) * axis, batch, *(1,) * (len(shape) - axis - 1))
    return shaped


def factors(
    name: str, reduce: Reduction, class_weights: Any, labels: Array, classes: int, dtype: np.dtype[Any]
) -> Array:
    """(batch,) factor of each sample's loss.

    class_weights: (classes,) numbers >= 0, or None for ones

    Raises TypeError when `reduce` is no function, ValueError for weights of another shape, negative or not finite.
    """
    if not callable(reduce):
        raise TypeError(f"{name}: reduce: expected a function such as sn.loss.mean, got {reduce!r:.60}")
    if class_weights is None:
        weights = np.ones(len(labels), dtype)
    else:
        given = finite_values(f"{name}: class_weights", array_of(f"{name}: class_weights", class_weights))
        if given.shape != (classes,) or given.dtype.kind != "f":
            raise ValueError(
                f"{name}: class_weights: expected one number for each of {classes} classes, got shape {given.shape}"
            )
        if given.min() < 0:
            raise ValueError(f"{name}: class_weights: expected numbers >= 0, got {given.min()}")
        weights = given.astype(dtype)[labels]
    return np.asarray(reduce(weights), dtype)
