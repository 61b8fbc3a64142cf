"""Metrics: plain functions of an output array and its targets, returning a float that is a mean over samples.

`fit` and `evaluate` average them over minibatches, weighted by the number of samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.train.targets import class_labels, flat_outputs, outputs, same_values, timed_outputs


def accuracy(y: Array, labels: Any) -> float:
    """Part of the samples whose class has the largest output; over time, the largest sum (spike count).

    y     : (batch, classes) or (steps, batch, classes); of equal outputs the first class is taken
    labels: (batch,) whole numbers in 0 .. classes - 1
    """
    scores = outputs("accuracy", y).data
    return _hits("accuracy", scores.sum(axis=0) if scores.ndim == 3 else scores, labels)


def max_accuracy(y: Array, labels: Any) -> float:
    """Part of the samples whose class has the largest output at any step (highest membrane).

    y: (steps, batch, classes);  labels: (batch,)
    """
    scores = outputs("max_accuracy", y).data
    timed_outputs("max_accuracy", scores.shape)
    return _hits("max_accuracy", scores.max(axis=0), labels)


def first_spike_accuracy(y: Array, labels: Any) -> float:
    """Part of the samples whose class spikes first; of those that are level, the first class is taken.

    y: (steps, batch, classes) spikes;  labels: (batch,)
    """
    spikes = outputs("first_spike_accuracy", y).data
    steps, _, _ = timed_outputs("first_spike_accuracy", spikes.shape)
    fired = spikes > 0
    return _hits("first_spike_accuracy", -np.where(fired.any(axis=0), fired.argmax(axis=0), steps), labels)


def r_squared(y: Array, target: Any) -> float:
    """1 - sum of (y - target)^2 / sum of (target - its mean)^2; NaN when the target never changes."""
    y = outputs("r_squared", y).data
    values = np.broadcast_to(same_values("r_squared", target, y), y.shape)
    spread = float(np.square(values - values.mean(dtype=np.float64)).sum(dtype=np.float64))
    return 1 - float(np.square(y - values).sum(dtype=np.float64)) / spread if spread else float("nan")


def smape(y: Array, target: Any) -> float:
    """Mean of 2 |y - target| / (|y| + |target|), in 0 .. 2; 0 where both are 0. As NeuroBench has it, over 200 %."""
    y = outputs("smape", y).data
    values = same_values("smape", target, y)
    size = np.abs(y) + np.abs(values)
    return float(np.mean(2 * np.abs(y - values) / np.where(size > 0, size, 1)))


def mean_squared_error(y: Array, target: Any) -> float:
    """Mean of |y - target|^2, also of complex numbers; target of the shape of y, or without its time axis."""
    y = outputs("mean_squared_error", y, takes_complex=True).data
    return float(np.mean(np.square(np.abs(y - same_values("mean_squared_error", target, y)))))


def mean_absolute_error(y: Array, target: Any) -> float:
    """Mean of |y - target|, also of complex numbers; target of the shape of y, or without its time axis."""
    y = outputs("mean_absolute_error", y, takes_complex=True).data
    return float(np.mean(np.abs(y - same_values("mean_absolute_error", target, y))))


def output_rate(y: Array, target: Any) -> float:
    """Mean output: for spikes, the firing rate in spikes per step. The target is not looked at."""
    return float(np.mean(outputs("output_rate", y).data))


def _hits(name: str, y: Array, labels: Any) -> float:
    batch, classes = flat_outputs(name, y.shape)
    return float(np.mean(y.argmax(axis=1) == class_labels(name, labels, classes, batch)))
