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
from spikenet.train.targets import class_labels, flat_outputs, outputs, same_values


def cross_entropy(y: TensorLike, labels: Any) -> Tensor:
    """Mean over the batch of -log softmax(y)[label], in nats.

    y     : (batch, classes) logits
    labels: (batch,) whole numbers in 0 .. classes - 1
    """
    y = outputs("cross_entropy", y)
    batch, classes = flat_outputs("cross_entropy", y.shape)
    value, gradient = softmax_cross_entropy(y.data, class_labels("cross_entropy", labels, classes, batch))
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
    z = y.data
    small = np.exp(-np.abs(z))  # never overflows, unlike exp(z)
    value = np.mean(np.maximum(z, 0) - z * t + np.log1p(small), dtype=z.dtype)

    def vjp(g: Array) -> tuple[Array]:
        sigmoid = np.where(z >= 0, 1, small) / (1 + small)
        return (g * ((sigmoid - t) / z.size),)

    return Tensor(value, (y,), vjp, operation="binary_cross_entropy")


def softmax_cross_entropy(z: Array, labels: Array) -> tuple[Array, Callable[[], Array]]:
    """Mean of -log softmax(z)[label] over all leading axes, and a function that returns its gradient in z.

    z: (..., batch, classes);  labels: (batch,), checked by the caller
    """
    shifted = z - z.max(axis=-1, keepdims=True)
    exps = np.exp(shifted)
    sums = exps.sum(axis=-1, keepdims=True)
    rows = np.arange(len(labels))
    rows_of_all = z.size // z.shape[-1]
    value = np.mean(np.log(sums[..., 0]) - shifted[..., rows, labels], dtype=z.dtype)

    def gradient() -> Array:
        g_z: Array = exps / (sums * rows_of_all)
        g_z[..., rows, labels] -= 1 / rows_of_all
        return g_z

    return np.asarray(value), gradient
