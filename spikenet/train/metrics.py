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


def mean_squared_error(y: Array, target: Any) -> float:
    """Mean of (y - target)^2; target of the shape of y, or without its time axis."""
    return float(np.mean(np.square(y - same_values("mean_squared_error", target, y))))


def mean_absolute_error(y: Array, target: Any) -> float:
    """Mean of |y - target|; target of the shape of y, or without its time axis."""
    return float(np.mean(np.abs(y - same_values("mean_absolute_error", target, y))))


def output_rate(y: Array, target: Any) -> float:
    """Mean output: for spikes, the firing rate in spikes per step. The target is not looked at."""
    return float(np.mean(y))


def _hits(name: str, y: Array, labels: Any) -> float:
    batch, classes = flat_outputs(name, y.shape)
    return float(np.mean(y.argmax(axis=1) == class_labels(name, labels, classes, batch)))
