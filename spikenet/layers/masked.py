"""Convolutions that must not see what comes later: masked ones over images, causal ones over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from spikenet import graph
from spikenet.errors import Array, flag, whole
from spikenet.graph import Tensor
from spikenet.kernels.filters import Filters
from spikenet.layers.convolution import convolve
from spikenet.layers.layer import Training
from spikenet.layers.memoryless import Memoryless, check_channels
from spikenet.layers.sliding import window_of
from spikenet.layers.weighted import uniform_weights

Seed = int | np.random.Generator | None


def MaskedConv2d(n_in: int, n_out: int, kernel_size: int, *, sees_itself: bool, seed: Seed = None) -> Memoryless:
    """A convolution of (..., n_in, height, width) whose pixel sees only those above it and to its left.

    kernel_size: odd; the size is kept
    sees_itself: whether a pixel sees itself: False for the first layer of an autoregressive net, True for the others
    Source: van den Oord et al. 2016 (arXiv:1601.06759), masks A and B; channels of one pixel do not hide each other.
    """
    size = whole("MaskedConv2d: kernel_size", kernel_size)
    if size % 2 == 0:
        raise ValueError(f"MaskedConv2d: kernel_size: expected an odd number, got {size}")
    mask, itself = np.ones((size, size), np.float32), flag("MaskedConv2d: sees_itself", sees_itself)
    mask[size // 2, size // 2 + itself :] = 0
    mask[size // 2 + 1 :] = 0
    config = {"n_in": n_in, "n_out": n_out, "kernel_size": size, "sees_itself": itself}
    weights = _weights("MaskedConv2d", n_in, n_out, (size, size), seed)
    return Memoryless("MaskedConv2d", partial(_masked, mask), weights, config, axes=3)


def CausalConv1d(n_in: int, n_out: int, kernel_size: int, *, dilation: int = 1, seed: Seed = None) -> Memoryless:
    """A convolution of (..., n_in, length) whose output at a place sees that place and earlier ones; length is kept.

    dilation: distance of neighbouring places of the window, >= 1. Source: van den Oord et al. 2016 (arXiv:1609.03499).
    """
    size, dilation = whole("CausalConv1d: kernel_size", kernel_size), whole("CausalConv1d: dilation", dilation)
    config = {"n_in": n_in, "n_out": n_out, "kernel_size": size, "dilation": dilation}
    weights = _weights("CausalConv1d", n_in, n_out, (size,), seed)
    return Memoryless("CausalConv1d", partial(_causal, dilation), weights, config, axes=2)


def _weights(kind: str, n_in: int, n_out: int, size: tuple[int, ...], seed: Seed) -> dict[str, Tensor]:
    n_in, n_out = whole(f"{kind}: n_in", n_in), whole(f"{kind}: n_out", n_out)
    weight, bias = uniform_weights(kind, (n_out, n_in, *size), n_in * math.prod(size), n_out, True, seed)
    assert bias is not None
    return {"weight": weight, "bias": bias}


def _masked(mask: Array, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    weight = weights["weight"]
    check_channels("MaskedConv2d", x, weight.shape[1], 2)
    size = weight.shape[-1]
    window = window_of("MaskedConv2d", x.shape, (size,) * 2, (1, 1), (size // 2,) * 2, (1, 1))
    filters = Filters(weight.shape[1], weight.shape[0], 1, window)
    return convolve(x, weight * mask.astype(weight.dtype), weights["bias"], filters, 2)


def _causal(dilation: int, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    weight = weights["weight"]
    check_channels("CausalConv1d", x, weight.shape[1], 1)
    size = weight.shape[-1]
    before = graph.pad(x, [(0, 0)] * (x.ndim - 1) + [(dilation * (size - 1), 0)])
    window = window_of("CausalConv1d", before.shape, (size,), (1,), (0,), (dilation,))
    return convolve(before, weight, weights["bias"], Filters(weight.shape[1], weight.shape[0], 1, window), 1)
