"""Losses on whole spike trains and traces: the filtered difference of two rasters, and peaks of membranes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import Array, array_of, finite_number, positive, whole
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.reduction import Reduction, factors, mean, shares
from spikenet.train.targets import class_labels, outputs, same_values, timed_outputs


def spike_train_mse(
    y: TensorLike, target: Any, tau_steps: float = 5.0, order: int = 1, *, reduce: Reduction = mean
) -> Tensor:
    """Sum over steps and neurons of (filtered spikes - filtered wanted spikes)^2, mean over the batch.

    y, target: (steps, batch, n...) rasters; sn.encode.target_spikes makes one from labels
    tau_steps: time constant of the exponential exp(-t / tau_steps), > 0
    order    : how often it is applied, >= 1; 2 gives alpha-like pulses

    The van Rossum distance as a loss; lava-dl's SpikeTime but for its mean over the batch and its filter of 100 steps,
    which here does not end.
    """
    y = outputs("spike_train_mse", y)
    if y.ndim < 3:
        raise ValueError(f"spike_train_mse: expected spikes (steps, batch, n...), got shape {y.shape}")
    wanted = same_values("spike_train_mse", target, y.data)
    keep = y.dtype.type(math.exp(-1 / positive("spike_train_mse: tau_steps", tau_steps)))
    times = whole("spike_train_mse: order", order)
    d = y.data - wanted
    for _ in range(times):
        d = _filtered(d, keep)
    each = shares("spike_train_mse", reduce, (1, y.shape[1]), 1, y.dtype).reshape(-1, *(1,) * (y.ndim - 2))
    value = np.asarray((d * d * each).sum(dtype=y.dtype))

    def vjp(g: Array) -> tuple[Array]:
        slope = 2 * g * each * d
        for _ in range(times):  # the adjoint of a filter is the filter backwards in time
            slope = _filtered(slope[::-1], keep)[::-1]
        return (slope,)

    return Tensor(value, (y,), vjp, operation="spike_train_mse")


def peak(
    y: TensorLike, labels: Any, interval: int = 1, target: float = 1.0, wrong_weight: float = 1.0, *,
    class_weights: Any = None, reduce: Reduction = mean,
) -> Tensor:  # fmt: skip
    """The labelled class shall peak at `target`, all others stay at 0: mean over the batch.

    (mean of the labelled membrane over `interval` steps from its maximum on - target)^2
    + wrong_weight * mean square of the others' membranes

    y           : (steps, batch, classes >= 1) membranes;  labels: (batch,)
    interval    : steps, 1 .. steps; where fewer are left after the maximum, those that are
    wrong_weight: >= 0

    Source: Rockpool's PeakLoss (which repeats the maximum where the end cuts the interval).
    """
    y = outputs("peak", y)
    steps, batch, classes = timed_outputs("peak", y.shape)
    numbers = class_labels("peak", labels, classes, batch)
    labelled = np.broadcast_to(np.arange(classes) == numbers[:, None], (batch, classes))
    each = factors("peak", reduce, class_weights, numbers, classes, y.dtype)
    return _peaks("peak", y, labelled, _width("peak", interval, steps), target, wrong_weight, max(classes - 1, 1), each)


def binary_peak(
    y: TensorLike, present: Any, interval: int = 1, target: float = 1.0, wrong_weight: float = 1.0, *,
    class_weights: Any = None, reduce: Reduction = mean,
) -> Tensor:  # fmt: skip
    """`peak` for one class: it shall peak at `target` in samples where it is present, and stay at 0 in others.

    y      : (steps, batch, 1) membranes
    present: (batch,) booleans, or 0 and 1
    class_weights: two numbers, of samples without it and with it
    Source: Rockpool's BinaryPeakLoss
    """
    y = outputs("binary_peak", y)
    steps, batch, classes = timed_outputs("binary_peak", y.shape)
    if classes != 1:
        raise ValueError(f"binary_peak: expected outputs (steps, batch, 1), got shape {y.shape}")
    said = array_of("binary_peak: present", present)
    if said.shape != (batch,) or said.dtype.kind not in "biu" or not np.isin(said, (0, 1)).all():
        raise ValueError(f"binary_peak: present: expected {batch} values of 0 or 1, got {said!r:.80}")
    labelled = said.astype(bool)[:, None]
    each = factors("binary_peak", reduce, class_weights, said.astype(np.int64), 2, y.dtype)
    return _peaks("binary_peak", y, labelled, _width("binary_peak", interval, steps), target, wrong_weight, 1, each)


def _peaks(
    name: str, y: Tensor, labelled: Array, interval: int, target: float, wrong_weight: float, others: int, each: Array
) -> Tensor:
    """each: (batch,) factor of a sample."""
    wanted = finite_number(f"{name}: target", target)
    weight = finite_number(f"{name}: wrong_weight", wrong_weight)
    if weight < 0:
        raise ValueError(f"{name}: wrong_weight: expected a number >= 0, got {weight}")
    steps = len(y.data)
    first = y.data.argmax(axis=0)
    time = np.arange(steps)[:, None, None]
    window = ((time >= first) & (time < first + interval) & labelled).astype(y.dtype)
    window /= np.maximum(window.sum(axis=0), 1)
    off = ((window * y.data).sum(axis=0) - y.dtype.type(wanted)) * labelled
    rest = np.where(labelled, 0, y.data)
    own, share = each[:, None], weight / (steps * others) * each[:, None]
    value = np.asarray((off * off * own).sum() + (rest * rest * share).sum(), y.dtype)

    def vjp(g: Array) -> tuple[Array]:
        slope: Array = g * (2 * own * off * window + 2 * share * rest)
        return (slope.astype(y.dtype, copy=False),)

    return Tensor(value, (y,), vjp, operation=name)


def _width(name: str, interval: Any, steps: int) -> int:
    number = whole(f"{name}: interval", interval)
    if number > steps:
        raise ValueError(f"{name}: interval: expected at most the {steps} steps there are, got {number}")
    return number


def _filtered(x: Array, keep: Any) -> Array:
    made = np.empty_like(x)
    trace = np.zeros_like(x[0])
    for t, now in enumerate(x):
        trace = keep * trace + now
        made[t] = trace
    return made
