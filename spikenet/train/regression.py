"""Losses for target values: the mean over all elements of a function of the difference d = output - target.

Outputs over time, (steps, batch, ...), take a target (steps, batch, ...), or (batch, ...) for the same at every step.
Outputs may be complex; |d| is then the modulus.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.targets import outputs, same_values


def mse(y: TensorLike, target: Any) -> Tensor:
    """Mean of |d|^2."""
    y = outputs("mse", y, takes_complex=True)
    d = y.data - same_values("mse", target, y.data)
    return _mean("mse", y, np.square(np.abs(d)) if np.iscomplexobj(d) else d * d, lambda: 2 * d)


def l1(y: TensorLike, target: Any) -> Tensor:
    """Mean of |d|; the gradient at d = 0 is 0."""
    y = outputs("l1", y, takes_complex=True)
    d = y.data - same_values("l1", target, y.data)
    return _mean("l1", y, np.abs(d), lambda: np.sign(d))


def huber(y: TensorLike, target: Any, delta: float = 1.0) -> Tensor:
    """Mean of |d|^2 / 2 where |d| <= delta, and of delta (|d| - delta / 2) beyond (Huber 1964).

    delta: > 0, in the units of the output; bind another with functools.partial(huber, delta=0.1)
    """
    width = positive("huber: delta", delta)
    y = outputs("huber", y, takes_complex=True)
    d = y.data - same_values("huber", target, y.data)
    if np.iscomplexobj(d):
        size = np.abs(d)
        within = np.minimum(size, width)
        direction = d / np.where(size > 0, size, 1)
        return _mean("huber", y, within * (size - within / 2), lambda: within * direction)
    inside = np.clip(d, -width, width)  # also the slope
    return _mean("huber", y, inside * (d - inside / 2), lambda: inside)


def _mean(operation: str, y: Tensor, values: Array, slope: Any) -> Tensor:
    mean = np.mean(values, dtype=y.data.real.dtype)
    return Tensor(mean, (y,), lambda g: (slope() * (g / y.size),), operation=operation)
