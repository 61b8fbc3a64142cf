"""Losses for outputs over time, (steps, batch, classes): spikes or membranes of a readout layer.

Where a loss sees the outputs only through their sum over time, its gradient is the same at every step and is returned
as a stride-0 view: (batch, classes) numbers are written instead of (steps, batch, classes).

The cross-entropies take `class_weights`, `smoothing` and `reduce` as `cross_entropy` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.errors import Array, positive, within
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.classification import sample_factors, softmax_cross_entropy
from spikenet.train.ranges import fraction
from spikenet.train.reduction import Reduction, mean, shares
from spikenet.train.targets import class_labels, outputs, timed_outputs


def count_cross_entropy(
    y: TensorLike, labels: Any, *, class_weights: Any = None, smoothing: float = 0.0, reduce: Reduction = mean
) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the spike counts: mean over the batch.

    y     : (steps, batch, classes) spikes
    labels: (batch,) whole numbers in 0 .. classes - 1
    """
    return _weighted_in_time("count_cross_entropy", y, labels, None, class_weights, smoothing, reduce)


def sum_membrane_cross_entropy(
    y: TensorLike, labels: Any, *, class_weights: Any = None, smoothing: float = 0.0, reduce: Reduction = mean
) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the membrane summed over time: mean over the batch.

    y: (steps, batch, classes) membranes of a readout that does not fire (LI);  labels: (batch,)
    """
    return _weighted_in_time("sum_membrane_cross_entropy", y, labels, None, class_weights, smoothing, reduce)


def mean_membrane_cross_entropy(
    y: TensorLike,
    labels: Any,
    *,
    tau_steps: float | None = None,
    class_weights: Any = None,
    smoothing: float = 0.0,
    reduce: Reduction = mean,
) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the membrane averaged over time: mean over the batch.

    y        : (steps, batch, classes) membranes;  labels: (batch,)
    tau_steps: step t counts exp(-t / tau_steps), so that early answers count more (mlGeNN's avg_var_exp_weight divides
               by the number of steps, too); None for all alike
    """
    name = "mean_membrane_cross_entropy"
    y = outputs(name, y)
    steps, _, _ = timed_outputs(name, y.shape)
    worth = np.full(steps, 1 / steps)
    if tau_steps is not None:
        worth *= np.exp(-np.arange(steps) / positive(f"{name}: tau_steps", tau_steps))
    return _weighted_in_time(name, y, labels, worth, class_weights, smoothing, reduce)


def max_membrane_cross_entropy(
    y: TensorLike, labels: Any, *, class_weights: Any = None, smoothing: float = 0.0, reduce: Reduction = mean
) -> Tensor:
    """Cross-entropy, in nats, of the softmax of the largest membrane over time: mean over the batch.

    The gradient reaches each class at the step of its maximum, the first one when several are equal.

    y: (steps, batch, classes) membranes;  labels: (batch,)
    """
    name = "max_membrane_cross_entropy"
    y = outputs(name, y)
    timed_outputs(name, y.shape)
    when = np.argmax(y.data, axis=0)[None]
    largest = np.take_along_axis(y.data, when, axis=0)[0]
    value, gradient = _cross_entropy(name, largest, labels, class_weights, smoothing, reduce)

    def vjp(g: Array) -> tuple[Array]:
        g_y = np.zeros_like(y.data, shape=y.shape, order="C")
        np.put_along_axis(g_y, when, (g * gradient())[None], axis=0)
        return (g_y,)

    return Tensor(value, (y,), vjp, operation=name)


def step_cross_entropy(
    y: TensorLike, labels: Any, *, class_weights: Any = None, smoothing: float = 0.0, reduce: Reduction = mean
) -> Tensor:
    """Cross-entropy, in nats, of the softmax at every step: mean over steps and batch.

    y: (steps, batch, classes) spikes or membranes;  labels: (batch,), the same at every step
    """
    y = outputs("step_cross_entropy", y)
    timed_outputs("step_cross_entropy", y.shape)
    value, gradient = _cross_entropy("step_cross_entropy", y.data, labels, class_weights, smoothing, reduce)
    return Tensor(value, (y,), lambda g: (g * gradient(),), operation="step_cross_entropy")


def count_mse(
    y: TensorLike, labels: Any, right_rate: float = 1.0, wrong_rate: float = 0.0, *, class_weights: Any = None,
    reduce: Reduction = mean,
) -> Tensor:  # fmt: skip
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
    each = shares("count_mse", reduce, d.shape, 0, d.dtype, numbers, class_weights, classes) / d.dtype.type(steps)
    value = np.sum(d * d * each, dtype=d.dtype)
    return Tensor(value, (y,), lambda g: (_at_every_step(d * each * (2 * g), steps),), operation="count_mse")


def _weighted_in_time(
    name: str, y: TensorLike, labels: Any, worth: Array | None, class_weights: Any, smoothing: float, reduce: Reduction
) -> Tensor:
    """Cross-entropy of the sum over time, each step times worth (steps,), or 1."""
    y = outputs(name, y)
    steps, _, _ = timed_outputs(name, y.shape)
    z = y.data.sum(axis=0) if worth is None else np.tensordot(worth.astype(y.dtype), y.data, axes=1)
    value, gradient = _cross_entropy(name, z, labels, class_weights, smoothing, reduce)

    def vjp(g: Array) -> tuple[Array]:
        g_z = g * gradient()
        return (_at_every_step(g_z, steps) if worth is None else worth.astype(y.dtype)[:, None, None] * g_z,)

    return Tensor(value, (y,), vjp, operation=name)


def _cross_entropy(
    name: str, z: Array, labels: Any, class_weights: Any, smoothing: float, reduce: Reduction
) -> tuple[Array, Callable[[], Array]]:
    numbers = class_labels(name, labels, z.shape[-1], z.shape[-2])
    counts = sample_factors(name, reduce, class_weights, numbers, z.shape[-1], z.dtype)
    return softmax_cross_entropy(z, numbers, counts, fraction(f"{name}: smoothing", smoothing))


def _at_every_step(g: Array, steps: int) -> Array:
    return np.broadcast_to(g, (steps, *g.shape))
