"""Losses for outputs over time, (steps, batch, classes): spikes or membranes of a readout layer.

Where a loss sees the outputs only through their sum over time, its gradient is the same at every step and is returned
as a stride-0 view: (batch, classes) numbers are written instead of (steps, batch, classes).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import Array, within
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.classification import softmax_cross_entropy
from spikenet.train.targets import class_labels, outputs, timed_outputs


def count_cross_entropy(y: TensorLike, labels: Any) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the spike counts: mean over the batch.

    y     : (steps, batch, classes) spikes
    labels: (batch,) whole numbers in 0 .. classes - 1
    """
    return _summed_cross_entropy("count_cross_entropy", y, labels)


def sum_membrane_cross_entropy(y: TensorLike, labels: Any) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the membrane summed over time: mean over the batch.

    y: (steps, batch, classes) membranes of a readout that does not fire (LI);  labels: (batch,)
    """
    return _summed_cross_entropy("sum_membrane_cross_entropy", y, labels)


def max_membrane_cross_entropy(y: TensorLike, labels: Any) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the largest membrane over time: mean over the batch.

    The gradient reaches each class at the step of its maximum, the first one when several are equal.

    y: (steps, batch, classes) membranes;  labels: (batch,)
    """
    name = "max_membrane_cross_entropy"
    y = outputs(name, y)
    _, batch, classes = timed_outputs(name, y.shape)
    when = np.argmax(y.data, axis=0)[None]
    largest = np.take_along_axis(y.data, when, axis=0)[0]
    value, gradient = softmax_cross_entropy(largest, class_labels(name, labels, classes, batch))

    def vjp(g: Array) -> tuple[Array]:
        g_y = np.zeros_like(y.data, shape=y.shape, order="C")
        np.put_along_axis(g_y, when, (g * gradient())[None], axis=0)
        return (g_y,)

    return Tensor(value, (y,), vjp, operation=name)


def step_cross_entropy(y: TensorLike, labels: Any) -> Tensor:
    """Cross-entropy, in nats, of the softmax at every step: mean over steps and batch.

    y: (steps, batch, classes) spikes or membranes;  labels: (batch,), the same at every step
    """
    y = outputs("step_cross_entropy", y)
    _, batch, classes = timed_outputs("step_cross_entropy", y.shape)
    value, gradient = softmax_cross_entropy(y.data, class_labels("step_cross_entropy", labels, classes, batch))
    return Tensor(value, (y,), lambda g: (g * gradient(),), operation="step_cross_entropy")


def count_mse(y: TensorLike, labels: Any, right_rate: float = 1.0, wrong_rate: float = 0.0) -> Tensor:
    """Mean over batch and classes of (spike count - wanted count)^2, divided by the number of steps.

    y         : (steps, batch, classes) spikes
    labels    : (batch,) whole numbers in 0 .. classes - 1
    right_rate: spikes per step wanted from the labelled class, in [0, 1]; the wanted count is rounded down
    wrong_rate: spikes per step wanted from every other class; bind others with functools.partial
    Source: snnTorch 1.0, mse_count_loss
    """
    y = outputs("count_mse", y)
    steps, batch, classes = timed_outputs("count_mse", y.shape)
    numbers = class_labels("count_mse", labels, classes, batch)
    right, wrong = within("count_mse: right_rate", right_rate, 0, 1), within("count_mse: wrong_rate", wrong_rate, 0, 1)
    n_wrong, n_right = (math.floor(steps * rate + 1e-9) for rate in (wrong, right))  # 100 * 0.29 is 28.999999999999996
    d = y.data.sum(axis=0) - y.dtype.type(n_wrong)
    d[np.arange(batch), numbers] += n_wrong - n_right
    value = np.mean(d * d, dtype=d.dtype) / d.dtype.type(steps)
    return Tensor(
        value, (y,), lambda g: (_at_every_step(d * (2 * g / (d.size * steps)), steps),), operation="count_mse"
    )


def _summed_cross_entropy(name: str, y: TensorLike, labels: Any) -> Tensor:
    y = outputs(name, y)
    steps, batch, classes = timed_outputs(name, y.shape)
    value, gradient = softmax_cross_entropy(y.data.sum(axis=0), class_labels(name, labels, classes, batch))
    return Tensor(value, (y,), lambda g: (_at_every_step(g * gradient(), steps),), operation=name)


def _at_every_step(g: Array, steps: int) -> Array:
    return np.broadcast_to(g, (steps, *g.shape))
