"""Losses for class labels: softmax cross-entropy and binary cross-entropy, each fused with its activation.

With p = softmax(z) the loss is -log p[label], and its gradient in the logits z is p - onehot(label): no logarithm of
a small number and no division by one is ever formed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.ranges import fraction
from spikenet.train.reduction import Reduction, factors, mean
from spikenet.train.targets import class_labels, flat_outputs, outputs, same_values


def cross_entropy(
    y: TensorLike, labels: Any, *, class_weights: Any = None, smoothing: float = 0.0, reduce: Reduction = mean
) -> Tensor:
    """Mean over the batch of -log softmax(y)[label], in nats.

    y            : (batch, classes) logits
    labels       : (batch,) whole numbers in 0 .. classes - 1
    class_weights: (classes,) factors >= 0 of the samples of each class, or None; bind with functools.partial
    smoothing    : part of the target spread evenly over all classes, in [0, 1)
    reduce       : sn.loss.mean, weighted_mean or total
    """
    y = outputs("cross_entropy", y)
    batch, classes = flat_outputs("cross_entropy", y.shape)
    numbers = class_labels("cross_entropy", labels, classes, batch)
    counts = sample_factors("cross_entropy", reduce, class_weights, numbers, classes, y.dtype)
    value, gradient = softmax_cross_entropy(y.data, numbers, counts, fraction("cross_entropy: smoothing", smoothing))
    return Tensor(value, (y,), lambda g: (g * gradient(),), operation="cross_entropy")


def binary_cross_entropy(y: TensorLike, target: Any) -> Tensor:
    """Mean over all elements of -t log sigmoid(y) - (1 - t) log(1 - sigmoid(y)), in nats.

    y     : logits, any shape
    target: t, probabilities in [0, 1], same shape as y; or without the first of three or more axes, time
    """
    y = outputs("binary_cross_entropy", y)
    t = same_values("binary_cross_entropy", target, y.data)
    if not ((t >= 0) & (t <= 1)).all():
        raise ValueError(f"binary_cross_entropy: expected targets in [0, 1], got {t.min()} .. {t.max()}")
    return logistic_loss(y, t, y.dtype.type(1 / max(1, y.size)))


def logistic_loss(y: Tensor, t: Array, each: Any) -> Tensor:
    """The sum of the binary cross-entropies of sigmoid(y) with t, each times its factor."""
    z = y.data
    small = np.exp(-np.abs(z))  # never overflows, unlike exp(z)
    value = np.sum((np.maximum(z, 0) - z * t + np.log1p(small)) * each, dtype=z.dtype)

    def vjp(g: Array) -> tuple[Array]:
        sigmoid = np.where(z >= 0, 1, small) / (1 + small)
        return (g * ((sigmoid - t) * each),)

    return Tensor(value, (y,), vjp, operation="binary_cross_entropy")


def sample_factors(
    name: str, reduce: Reduction, class_weights: Any, labels: Array, classes: int, dtype: np.dtype[Any]
) -> Array | None:
    """`factors`, or None for the plain mean."""
    if reduce is mean and class_weights is None:
        return None
    return factors(name, reduce, class_weights, labels, classes, dtype)


def softmax_cross_entropy(
    z: Array, labels: Array, counts: Array | None = None, smoothing: float = 0.0
) -> tuple[Array, Callable[[], Array]]:
    """Cross-entropy of softmax(z) with the labels, averaged over all leading axes but the batch, and a function that
    returns its gradient in z.

    z        : (..., batch, classes);  labels: (batch,), checked by the caller
    counts   : (batch,) factor of each sample; 1 / batch for None
    smoothing: part of the target that is spread evenly over all classes
    """
    shifted = z - z.max(axis=-1, keepdims=True)
    exps = np.exp(shifted)
    sums = exps.sum(axis=-1, keepdims=True)
    rows = np.arange(len(labels))
    classes = z.shape[-1]
    rows_of_all = z.size // classes
    each = np.log(sums[..., 0]) - shifted[..., rows, labels]
    if smoothing:
        each += z.dtype.type(smoothing) * (shifted[..., rows, labels] - shifted.mean(axis=-1))
    repeats = rows_of_all // len(labels)
    value = np.mean(each, dtype=z.dtype) if counts is None else (each * counts).sum(dtype=z.dtype) / repeats

    def gradient() -> Array:
        g_z: Array = exps / (sums * rows_of_all) if counts is None else exps / sums * (counts[:, None] / repeats)
        right = 1 / rows_of_all if counts is None else counts / repeats
        g_z[..., rows, labels] -= right * (1 - smoothing)
        if smoothing:
            g_z -= (right if counts is None else right[:, None]) * z.dtype.type(smoothing / classes)
        return g_z

    return np.asarray(value), gradient
