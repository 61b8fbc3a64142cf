"""Variants of Dropout: of whole channels, of whole samples' branches, of weights, with noise, for SELU nets.

All do something only when `training` is passed, and in a net with memory keep what they drew for a whole sequence,
as Dropout does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from spikenet.errors import Array, finite_number, whole
from spikenet.graph import Tensor
from spikenet.graph.rectifiers import SELU_ALPHA, SELU_SCALE
from spikenet.layers.layer import Training, generator
from spikenet.layers.linear import linear
from spikenet.layers.memoryless import Memoryless, check_channels, learnt
from spikenet.layers.pointwise import apply_once


def Dropout1d(p: float) -> Memoryless:
    """Whole channels of (..., channels, length) are 0 with probability p, else divided by 1 - p."""
    return _channel_dropout("Dropout1d", p, 1)


def Dropout2d(p: float) -> Memoryless:
    """Whole channels of (..., channels, height, width) are 0 with probability p, else divided by 1 - p.

    p: in [0, 1). Source: Tompson et al. 2014 (arXiv:1411.4280).
    """
    return _channel_dropout("Dropout2d", p, 2)


def GaussianDropout(p: float) -> Memoryless:
    """x times normal noise of mean 1 and variance p / (1 - p), as large as that of Dropout(p).

    p: in [0, 1). Source: Srivastava et al. 2014, JMLR 15:1929-1958, section 10.
    """
    p = _probability("GaussianDropout", p)
    return Memoryless("GaussianDropout", partial(_gaussian, p), None, {"p": p}, is_random=True)


def AlphaDropout(p: float) -> Memoryless:
    """Units go to SELU's lower limit with probability p, and all are scaled so that mean 0 and variance 1 are kept.

    p: in [0, 1). Source: Klambauer et al. 2017 (arXiv:1706.02515), section "New Dropout Technique".
    """
    p = _probability("AlphaDropout", p)
    return Memoryless("AlphaDropout", partial(_alpha, p), None, {"p": p}, is_random=True)


def DropPath(p: float) -> Memoryless:
    """All of a sample is 0 with probability p, else divided by 1 - p: the last layer of a Residual (stochastic depth).

    p: in [0, 1). Source: Huang et al. 2016 (arXiv:1603.09382).
    """
    p = _probability("DropPath", p)
    return Memoryless("DropPath", partial(_path, p), None, {"p": p}, is_random=True)


def DropConnect(n_in: int, n_out: int, p: float, *, seed: int | np.random.Generator | None = None) -> Memoryless:
    """A Linear each of whose weights is 0 with probability p while training, else divided by 1 - p.

    p: in [0, 1); one mask for the whole batch and sequence. Weights start as Linear's.
    Source: Wan et al. 2013, ICML 28(3):1058-1066 (there a mask for each sample).
    """
    n_in, n_out, p = (
        whole("DropConnect: n_in", n_in),
        whole("DropConnect: n_out", n_out),
        _probability("DropConnect", p),
    )
    rng, bound = generator("DropConnect", seed), 1 / math.sqrt(n_in)
    weights = {
        "weight": learnt("weight", rng.uniform(-bound, bound, (n_in, n_out))),
        "bias": learnt("bias", rng.uniform(-bound, bound, n_out)),
    }
    config = {"n_in": n_in, "n_out": n_out, "p": p}
    return Memoryless("DropConnect", partial(_connect, p), weights, config)


def _probability(kind: str, p: float) -> float:
    p = finite_number(f"{kind}: p", p)
    if not 0 <= p < 1:
        raise ValueError(f"{kind}: p: expected a probability in [0, 1), got {p}")
    return p


def _channel_dropout(kind: str, p: float, n_axes: int) -> Memoryless:
    p = _probability(kind, p)
    return Memoryless(kind, partial(_channels, kind, p, n_axes), None, {"p": p}, axes=n_axes + 1, is_random=True)


def _channels(
    kind: str, p: float, n_axes: int, x: Tensor, weights: Mapping[str, Tensor], training: Training | None
) -> Tensor:
    if x.ndim <= n_axes:
        raise ValueError(f"{kind}: expected input (..., channels, and {n_axes} axes), got {x.shape}")
    if training is None or p == 0:
        return x
    kept = training.uniform(_drawn(x, training)[: x.ndim - n_axes - training.over_time]) >= p
    return _times(x, _scaled(kept, p, x.dtype).reshape(*kept.shape, *(1,) * n_axes), training)


def _gaussian(p: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    if training is None or p == 0:
        return x
    from scipy.special import ndtri  # when first used

    uniform = np.maximum(training.uniform(_drawn(x, training)), np.float32(2**-25))
    return _times(x, (1 + math.sqrt(p / (1 - p)) * ndtri(uniform)).astype(x.dtype), training)


def _alpha(p: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    if training is None or p == 0:
        return x
    kept = training.uniform(_drawn(x, training)) >= p
    low = -SELU_SCALE * SELU_ALPHA
    scale = 1 / math.sqrt((1 - p) * (1 + p * low * low))
    mask = (kept * scale).astype(x.dtype)
    shift = (np.where(kept, 0, low * scale) - scale * p * low).astype(x.dtype)
    return apply_once(lambda held: held * mask + shift, x) if training.over_time else x * mask + shift


def _path(p: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    if training is None or p == 0:
        return x
    kept = training.uniform(_drawn(x, training)[:1]) >= p
    return _times(x, _scaled(kept, p, x.dtype).reshape(-1, *(1,) * (x.ndim - 1 - training.over_time)), training)


def _connect(p: float, x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    weight = weights["weight"]
    check_channels("DropConnect", x, len(weight), 0)
    if training is not None and p > 0:  # from the generator itself: weights are not shared out as a batch is
        weight = weight * _scaled(training.rng.random(weight.shape, dtype=np.float32) >= p, p, weight.dtype)
    return linear(x, weight, weights["bias"])


def _drawn(x: Tensor, training: Training) -> tuple[int, ...]:
    """The shape of one step in a net with memory, else that of the input."""
    return x.shape[1:] if training.over_time else x.shape


def _scaled(kept: Array, p: float, dtype: np.dtype[np.generic]) -> Array:
    return np.asarray(np.divide(kept, 1 - p, dtype=dtype))


def _times(x: Tensor, mask: Array, training: Training) -> Tensor:
    return apply_once(lambda held: held * mask, x) if training.over_time else x * mask
