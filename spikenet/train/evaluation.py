"""A net's loss and metrics on a data set, in evaluation: no dropout, no gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Layer
from spikenet.train.checks import check_functions, check_net, metrics_by_name
from spikenet.train.samples import Encoder, Samples, samples

Loss: TypeAlias = Callable[[Tensor, Array], Tensor]
Metric: TypeAlias = Callable[[Array, Array], float]


def evaluate(
    net: Layer,
    data: Any,
    *,
    loss: Loss | None = None,
    metrics: Sequence[Metric] | None = None,
    encode: Encoder | None = None,
    batch_size: int = 256,
    seed: int = 0,
) -> dict[str, float]:
    """{"loss": ..., metric name: ...}, means over all samples.

    data      : sn.data.Arrays, or a pair (inputs (N, ...), targets (N, ...))
    metrics   : functions of (output array, targets); accuracy for class labels when left out
    encode    : an encoder, called with the sample numbers and `seed`, so the batch size does not change its spikes
    batch_size: samples run at once
    """
    dtype = check_net("evaluate", net)
    check_functions("evaluate", loss=loss, encode=encode)
    chosen = samples("evaluate: data", data, dtype)
    named = metrics_by_name("evaluate", metrics, chosen.targets)
    size = whole("evaluate: batch_size", batch_size)
    return mean_values(net, chosen, loss, named, encode, size, whole("evaluate: seed", seed, least=0))


def mean_values(
    net: Callable[..., Tensor],
    chosen: Samples,
    loss: Loss | None,
    metrics: dict[str, Metric],
    encode: Encoder | None,
    batch_size: int,
    seed: int,
) -> dict[str, float]:
    """What `evaluate` returns, for arguments that have been checked."""
    sums = summed_values(net, chosen, loss, metrics, encode, batch_size, seed, range(chosen.n))
    return {name: total / chosen.n for name, total in sums.items()}


def summed_values(
    net: Callable[..., Tensor],
    chosen: Samples,
    loss: Loss | None,
    metrics: dict[str, Metric],
    encode: Encoder | None,
    batch_size: int,
    seed: int,
    which: range,
) -> dict[str, float]:
    """The sums that `mean_values` divides, over the samples numbered `which`, consecutive ones."""
    sums: dict[str, float] = {}
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        for start in which[::batch_size]:
            rows = slice(start, min(start + batch_size, which.stop))
            x, targets = chosen.batch(rows, encode, seed)
            y = net(x)
            value = None if loss is None else loss(y, targets).item()
            sums = added(sums, value, measured(metrics, y.data, targets), len(targets))
    return sums


def measured(metrics: dict[str, Metric], y: Array, targets: Array) -> dict[str, float]:
    """Every metric's value on one batch; TypeError naming a metric that returns no number."""
    values = {}
    for name, metric in metrics.items():
        result = metric(y, targets)
        try:
            values[name] = float(result)
        except (TypeError, ValueError):
            raise TypeError(f"metric {name}: expected a number, got {result!r:.60}") from None
    return values


def added(sums: dict[str, float], loss: float | None, values: dict[str, float], n: int) -> dict[str, float]:
    """`sums` with one batch of n samples added: each number times n, so that a mean weighs samples alike."""
    new = values if loss is None else {"loss": loss, **values}
    return {name: sums.get(name, 0.0) + value * n for name, value in new.items()}
