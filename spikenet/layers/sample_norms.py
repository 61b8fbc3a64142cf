"""Normalisations within a sample, the same while training and after: layer, RMS, group and instance norm."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from spikenet import graph
from spikenet.errors import positive, whole
from spikenet.graph import Tensor
from spikenet.layers.layer import Training
from spikenet.layers.memoryless import Memoryless, check_channels, learnt


def LayerNorm(n: int, *, eps: float = 1e-5) -> Memoryless:
    """Normalises the last axis of (..., n) of every sample and step by itself, then scales and shifts each feature.

    eps: added to the variance, > 0;  weight, bias: (n,), learnt, starting at 1 and 0
    Source: Ba et al. 2016 (arXiv:1607.06450).
    """
    n, eps = whole("LayerNorm: n", n), positive("LayerNorm: eps", eps)
    return Memoryless("LayerNorm", partial(_layer_norm, eps), _scale_and_shift(n), {"n": n, "eps": eps})


def RMSNorm(n: int, *, eps: float = 1e-6) -> Memoryless:
    """x / sqrt(mean of x^2 + eps) over the last axis, then scaled. Source: Zhang & Sennrich 2019 (arXiv:1910.07467)."""
    n, eps = whole("RMSNorm: n", n), positive("RMSNorm: eps", eps)
    weights = {"weight": learnt("weight", np.ones(n))}
    return Memoryless("RMSNorm", partial(_rms_norm, eps), weights, {"n": n, "eps": eps})


def GroupNorm(groups: int, n: int, *, n_axes: int = 2, eps: float = 1e-5) -> Memoryless:
    """Normalises the n channels of (..., n, height, width) in groups, each sample by itself, then as LayerNorm.

    groups: divides n;  n_axes: axes after the channels', 2 for images, 1 for lines, 0 for features
    Source: Wu & He 2018 (arXiv:1803.08494).
    """
    groups, n = whole("GroupNorm: groups", groups), whole("GroupNorm: n", n)
    n_axes, eps = whole("GroupNorm: n_axes", n_axes, least=0), positive("GroupNorm: eps", eps)
    if n % groups:
        raise ValueError(f"GroupNorm: groups: expected a divisor of n {n}, got {groups}")
    config = {"groups": groups, "n": n, "n_axes": n_axes, "eps": eps}
    function = partial(_group_norm, "GroupNorm", groups, n_axes, eps)
    return Memoryless("GroupNorm", function, _scale_and_shift(n), config, axes=n_axes + 1)


def InstanceNorm1d(n: int, *, eps: float = 1e-5) -> Memoryless:
    """Normalises every channel of (..., n, length) of every sample by itself; otherwise as InstanceNorm2d."""
    return _instance_norm("InstanceNorm1d", n, 1, eps)


def InstanceNorm2d(n: int, *, eps: float = 1e-5) -> Memoryless:
    """Normalises every channel of (..., n, height, width) of every sample by itself, then scales and shifts it.

    weight, bias: (n,), learnt, starting at 1 and 0. Source: Ulyanov et al. 2016 (arXiv:1607.08022).
    """
    return _instance_norm("InstanceNorm2d", n, 2, eps)


def _instance_norm(kind: str, n: int, n_axes: int, eps: float) -> Memoryless:
    n, eps = whole(f"{kind}: n", n), positive(f"{kind}: eps", eps)
    function = partial(_group_norm, kind, n, n_axes, eps)
    return Memoryless(kind, function, _scale_and_shift(n), {"n": n, "eps": eps}, axes=n_axes + 1)


def _scale_and_shift(n: int) -> dict[str, Tensor]:
    return {"weight": learnt("weight", np.ones(n)), "bias": learnt("bias", np.zeros(n))}


def _layer_norm(eps: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    check_channels("LayerNorm", x, len(weights["weight"]), 0)
    return graph.standardise(x, (-1,), eps) * weights["weight"] + weights["bias"]


def _rms_norm(eps: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    check_channels("RMSNorm", x, len(weights["weight"]), 0)
    return x / graph.sqrt(graph.square(x).mean(axis=-1, keepdims=True) + eps) * weights["weight"]


def _group_norm(
    kind: str, groups: int, n_axes: int, eps: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None
) -> Tensor:
    n = len(weights["weight"])
    check_channels(kind, x, n, n_axes)
    grouped = x.reshape(*x.shape[: x.ndim - n_axes - 1], groups, n // groups, *x.shape[x.ndim - n_axes :])
    y = graph.standardise(grouped, tuple(range(-n_axes - 1, 0)), eps).reshape(x.shape)
    weight, bias = (weights[name].reshape(n, *(1,) * n_axes) for name in ("weight", "bias"))
    return y * weight + bias
