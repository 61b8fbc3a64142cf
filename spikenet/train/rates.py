"""Losses on the mean output over time: how often each readout neuron fires, in spikes per step."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive, within
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.classification import logistic_loss, sample_factors
from spikenet.train.reduction import Reduction, mean, shares
from spikenet.train.targets import class_labels, outputs, timed_outputs


def rate_mse(
    y: TensorLike,
    labels: Any,
    right_rate: float = 0.2,
    wrong_rate: float = 0.02,
    *,
    class_weights: Any = None,
    reduce: Reduction = mean,
) -> Tensor:
    """Mean over batch and classes of (rate - wanted rate)^2.

    y         : (steps, batch, classes) spikes;  labels: (batch,)
    right_rate, wrong_rate: wanted of the labelled class and of all others, in [0, 1]
    Source: lava-dl, SpikeRate
    """
    name = "rate_mse"
    y = outputs(name, y)
    steps, batch, classes = timed_outputs(name, y.shape)
    d = y.data.mean(axis=0) - _wanted(name, labels, batch, classes, right_rate, wrong_rate, y.dtype)
    return _squares(name, y, d, labels, steps, class_weights, reduce)


def membrane_mse(
    y: TensorLike,
    labels: Any,
    right: float = 1.0,
    wrong: float = 0.0,
    *,
    class_weights: Any = None,
    reduce: Reduction = mean,
) -> Tensor:
    """Mean over steps, batch and classes of (membrane - wanted membrane)^2, the same at every step.

    y           : (steps, batch, classes) membranes;  labels: (batch,)
    right, wrong: wanted of the labelled class and of all others, in [-1000, 1000]
    Source: snnTorch 1.0, mse_membrane_loss. Other targets step by step: sn.loss.mse
    """
    name = "membrane_mse"
    y = outputs(name, y)
    _, batch, classes = timed_outputs(name, y.shape)
    d = y.data - _wanted(name, labels, batch, classes, right, wrong, y.dtype, reach=1000)
    return _squares(name, y, d, labels, 1, class_weights, reduce)


def rate_nll(y: TensorLike, labels: Any, *, class_weights: Any = None, reduce: Reduction = mean) -> Tensor:
    """Minus log of the labelled class's part of all spikes of the sample: mean over the batch.

    y: (steps, batch, classes) spikes;  labels: (batch,). Rates below 1e-6 count as 1e-6, so silence stays finite.
    Source: lava-dl, SpikeMax in its default mode
    """
    name = "rate_nll"
    y = outputs(name, y)
    _, batch, classes = timed_outputs(name, y.shape)
    numbers = class_labels(name, labels, classes, batch)
    counts = sample_factors(name, reduce, class_weights, numbers, classes, y.dtype)
    rates = (y.mean(axis=0)).clip(1e-6)
    parts = (rates / rates.sum(axis=1, keepdims=True)).log()
    pick = np.zeros((batch, classes), y.dtype)
    pick[np.arange(batch), numbers] = -1 / batch if counts is None else -counts
    return (parts * pick).sum()


def rate_sigmoid(
    y: TensorLike, labels: Any, slope: float = 0.1, middle: float = 0.5, *, class_weights: Any = None,
    reduce: Reduction = mean,
) -> Tensor:  # fmt: skip
    """Binary cross-entropy of sigmoid((rate - middle) / slope) with the label of each class: mean over both.

    y     : (steps, batch, classes) spikes;  labels: (batch,)
    slope : > 0;  middle: rate that means "perhaps", in [0, 1]
    Source: lava-dl, SpikeMoid
    """
    name = "rate_sigmoid"
    y = outputs(name, y)
    _, batch, classes = timed_outputs(name, y.shape)
    scale = 1 / positive(f"{name}: slope", slope)
    centre = within(f"{name}: middle", middle, 0, 1)
    target = _wanted(name, labels, batch, classes, 1, 0, y.dtype)
    each = shares(name, reduce, target.shape, 0, y.dtype, target.argmax(axis=1), class_weights, classes)
    return logistic_loss((y.mean(axis=0) - centre) * scale, target, each)


def _wanted(
    name: str, labels: Any, batch: int, classes: int, right: float, wrong: float, dtype: Any, reach: float = 1.0
) -> Array:
    low = 0.0 if reach == 1 else -reach
    numbers = class_labels(name, labels, classes, batch)
    wanted = np.full((batch, classes), within(f"{name}: wanted of the wrong classes", wrong, low, reach), dtype)
    wanted[np.arange(batch), numbers] = within(f"{name}: wanted of the right class", right, low, reach)
    return wanted


def _squares(name: str, y: Tensor, d: Array, labels: Any, steps: int, class_weights: Any, reduce: Reduction) -> Tensor:
    """sum of factor * d^2 over samples, mean over classes and whatever axes precede the batch."""
    classes = d.shape[-1]
    numbers = class_labels(name, labels, classes, d.shape[-2])
    counts = shares(name, reduce, d.shape, d.ndim - 2, y.dtype, numbers, class_weights, classes)
    value = (d * d * counts).sum(dtype=y.dtype)

    def vjp(g: Array) -> tuple[Array]:
        slope = 2 * g * d * counts / steps
        return (np.broadcast_to(slope, y.shape),)

    return Tensor(value, (y,), vjp, operation=name)
