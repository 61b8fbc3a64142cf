"""Losses on when readout neurons fire first.

A raster has no derivative in its spike times. The usual stand-in (snnTorch's temporal losses, after Zhang & Li 2020,
NeurIPS, arXiv:2002.10085): a spike that grows stronger at its step comes earlier, d step / d spike = -1 there, and 0
everywhere else. Exact times with exact gradients: `sn.learning.EventNet`; its times suit these losses, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive, whole
from spikenet.graph import Tensor
from spikenet.graph.tensor import TensorLike
from spikenet.train.classification import sample_factors, softmax_cross_entropy
from spikenet.train.reduction import Reduction, mean, shares
from spikenet.train.targets import class_labels, flat_outputs, outputs, same_values, timed_outputs


def first_spikes(y: TensorLike, n: int = 1) -> Tensor:
    """(n, batch, classes) steps of the first n spikes of every readout neuron; the last step where there are fewer.

    y: (steps, batch, classes) spikes. Gradient: -1 from each step to the spike at it, and where there was none to what
    a spike at the last step would have been, as snnTorch has it: so silent neurons learn, too.
    """
    y = outputs("first_spikes", y)
    timed_outputs("first_spikes", y.shape)
    rank = np.cumsum(y.data > 0, axis=0)
    found: list[Array] = [(y.data > 0) & (rank == k + 1) for k in range(whole("first_spikes: n", n))]
    for hit in found:
        hit[-1] |= ~hit.any(axis=0)
    when = [hit.argmax(axis=0).astype(y.dtype) for hit in found]

    def vjp(g: Array) -> tuple[Array]:
        g_y = np.zeros(y.shape, y.dtype)
        for hit, one in zip(found, g, strict=True):
            g_y -= hit * one
        return (g_y,)

    return Tensor(np.stack(when), (y,), vjp, operation="first_spikes")


def first_spike_mse(y: TensorLike, target: Any, n: int = 1, *, reduce: Reduction = mean) -> Tensor:
    """Mean of ((step of the spike - wanted step) / steps)^2 over the first n spikes, batch and classes.

    y     : (steps, batch, classes) spikes; a missing spike counts as one at the last step
    target: wanted steps, (batch, classes) or (n, batch, classes), as of sn.encode.target_first_steps

    Source: snnTorch 1.0, mse_temporal_loss.
    """
    when = first_spikes(y, n)
    steps = len(outputs("first_spike_mse", y))
    wanted = same_values("first_spike_mse", target, when.data)
    each = shares("first_spike_mse", reduce, when.shape, 1, when.dtype)
    return (((when - wanted) * (1 / steps)).square() * each).sum()


def first_spike_cross_entropy(
    y: TensorLike, labels: Any, tau_steps: float = 1.0, *, class_weights: Any = None, reduce: Reduction = mean
) -> Tensor:
    """Cross-entropy, in nats, of softmax(-step of the first spike / tau_steps): who fires first is the answer.

    y        : (steps, batch, classes) spikes; a missing spike counts as one at the last step
    labels   : (batch,) whole numbers in 0 .. classes - 1
    tau_steps: > 0; differences between first spikes below it count for little

    Source: snnTorch 1.0, ce_temporal_loss (tau_steps = 1).
    """
    name = "first_spike_cross_entropy"
    scale = -1 / positive(f"{name}: tau_steps", tau_steps)
    return _soonest(name, first_spikes(y)[0], labels, scale, class_weights, reduce)


def time_cross_entropy(
    times: TensorLike, labels: Any, tau: float = 1.0, *, class_weights: Any = None, reduce: Reduction = mean
) -> Tensor:
    """Cross-entropy, in nats, of softmax(-time / tau): the time-to-first-spike loss of Mostafa 2017 (arXiv:1606.08165).

    times : (batch, classes) times of first spikes, in the unit of tau > 0
    labels: (batch,) whole numbers in 0 .. classes - 1
    """
    name = "time_cross_entropy"
    scale = -1 / positive(f"{name}: tau", tau)
    return _soonest(name, outputs(name, times), labels, scale, class_weights, reduce)


def _soonest(name: str, times: Tensor, labels: Any, scale: float, class_weights: Any, reduce: Reduction) -> Tensor:
    """Cross-entropy of softmax(scale * times) with the labels."""
    batch, classes = flat_outputs(name, times.shape)
    numbers = class_labels(name, labels, classes, batch)
    counts = sample_factors(name, reduce, class_weights, numbers, classes, times.dtype)
    value, gradient = softmax_cross_entropy(times.data * times.dtype.type(scale), numbers, counts)
    return Tensor(value, (times,), lambda g: (g * gradient() * times.dtype.type(scale),), operation=name)


def time_mse(times: TensorLike, target: Any, tau: float = 1.0, *, reduce: Reduction = mean) -> Tensor:
    """Mean of ((time - wanted time) / tau)^2.

    times, target: (batch, classes), in the unit of tau > 0
    """
    times = outputs("time_mse", times)
    wanted = same_values("time_mse", target, times.data)
    each = shares("time_mse", reduce, times.shape, 0, times.dtype)
    return (((times - wanted) * (1 / positive("time_mse: tau", tau))).square() * each).sum()


def target_time(times: TensorLike, target: Any, tau: float = 1.0, *, reduce: Reduction = mean) -> Tensor:
    """Minus the mean of log(1 + exp(-|time - wanted time| / tau)): near hits count, far misses hardly pull.

    Source: jaxsnn's target_time_loss, after Goltz et al. 2021 (Nature Machine Intelligence 3:823-835).
    """
    times = outputs("target_time", times)
    wanted = same_values("target_time", target, times.data)
    scale = times.dtype.type(1 / positive("target_time: tau", tau))
    distance = times.data - wanted
    small = np.exp(-np.abs(distance) * scale)
    each = shares("target_time", reduce, times.shape, 0, times.dtype)
    value = -np.sum(np.log1p(small) * each, dtype=times.dtype)
    slope = np.sign(distance) * scale * small / (1 + small) * each
    return Tensor(value, (times,), lambda g: (g * slope,), operation="target_time")
