"""Activations with something to learn: PReLU, Swish, Maxout."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from spikenet import graph
from spikenet.errors import finite_number, whole
from spikenet.graph import Tensor
from spikenet.layers.layer import Training, generator
from spikenet.layers.linear import linear
from spikenet.layers.memoryless import Memoryless, check_channels, learnt


def PReLU(n: int = 1, *, n_axes: int = 0, slope: float = 0.25) -> Memoryless:
    """x above 0, slope * x elsewhere, with a learnt slope for each channel. Source: He et al. 2015 (arXiv:1502.01852).

    n     : channels, or 1 for one slope shared by all
    n_axes: axes after the channels' (2 for images)
    slope : (n,), where all start
    """
    n, n_axes = whole("PReLU: n", n), whole("PReLU: n_axes", n_axes, least=0)
    slope = finite_number("PReLU: slope", slope)
    weights = {"slope": learnt("slope", np.full(n, slope))}
    config = {"n": n, "n_axes": n_axes, "slope": slope}
    return Memoryless("PReLU", partial(_prelu, n_axes), weights, config, axes=n_axes + 1)


def Swish(n: int = 1, *, n_axes: int = 0, beta: float = 1.0) -> Memoryless:
    """x sigmoid(beta x) with a learnt beta for each channel. Source: Ramachandran et al. 2017 (arXiv:1710.05941).

    n, n_axes: as in PReLU;  beta: (n,), where all start
    """
    n, n_axes = whole("Swish: n", n), whole("Swish: n_axes", n_axes, least=0)
    beta = finite_number("Swish: beta", beta)
    weights = {"beta": learnt("beta", np.full(n, beta))}
    config = {"n": n, "n_axes": n_axes, "beta": beta}
    return Memoryless("Swish", partial(_swish, n_axes), weights, config, axes=n_axes + 1)


def Maxout(n_in: int, n_out: int, pieces: int, *, seed: int | np.random.Generator | None = None) -> Memoryless:
    """The largest of `pieces` weighted sums for each output. Source: Goodfellow et al. 2013 (arXiv:1302.4389).

    n_in, n_out, pieces: >= 1;  seed: an int, a numpy Generator, or None for fresh entropy
    weight: (n_in, n_out * pieces), bias: (n_out * pieces,); both start uniform in +-1/sqrt(n_in)
    """
    n_in, n_out = whole("Maxout: n_in", n_in), whole("Maxout: n_out", n_out)
    pieces = whole("Maxout: pieces", pieces)
    rng, bound = generator("Maxout", seed), 1 / math.sqrt(n_in)
    weights = {
        "weight": learnt("weight", rng.uniform(-bound, bound, (n_in, n_out * pieces))),
        "bias": learnt("bias", rng.uniform(-bound, bound, n_out * pieces)),
    }
    return Memoryless("Maxout", partial(_maxout, pieces), weights, {"n_in": n_in, "n_out": n_out, "pieces": pieces})


def _prelu(n_axes: int, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    slope = _along("PReLU", x, weights["slope"], n_axes)
    return graph.where(x.data > 0, x, x * slope)


def _swish(n_axes: int, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    return x * graph.sigmoid(x * _along("Swish", x, weights["beta"], n_axes))


def _maxout(pieces: int, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    check_channels("Maxout", x, len(weights["weight"]), 0)
    y = linear(x, weights["weight"], weights["bias"])
    return y.reshape(*y.shape[:-1], y.shape[-1] // pieces, pieces).max(axis=-1)


def _along(kind: str, x: Tensor, parameter: Tensor, n_axes: int) -> Tensor:
    """The parameter (n,) so that it broadcasts along the channels' axis."""
    if len(parameter) > 1:
        check_channels(kind, x, len(parameter), n_axes)
    return parameter.reshape(len(parameter), *(1,) * n_axes) if n_axes else parameter
