"""Tokens told where they are, made from images, and put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor
from spikenet.layers.layer import Training, generator
from spikenet.layers.memoryless import Memoryless, learnt
from spikenet.layers.pointwise import Pointwise


def SinusoidalPositions() -> Pointwise:
    """Adds sines and cosines of the place to (..., tokens, n), in pairs, wavelengths from 2 pi to 10000 * 2 pi.

    n must be even. Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.5.
    """
    return Pointwise("SinusoidalPositions", _with_waves, axes=2)


def LearntPositions(n_tokens: int, n: int, *, seed: int | np.random.Generator | None = None) -> Memoryless:
    """Adds a learnt row for each place to (..., tokens <= n_tokens, n).

    weight: (n_tokens, n), starts normal with standard deviation 0.02 (Dosovitskiy et al. 2020, arXiv:2010.11929)
    """
    n_tokens, n = whole("LearntPositions: n_tokens", n_tokens), whole("LearntPositions: n", n)
    weights = {"weight": learnt("weight", generator("LearntPositions", seed).normal(0, 0.02, (n_tokens, n)))}
    return Memoryless("LearntPositions", _with_rows, weights, {"n_tokens": n_tokens, "n": n}, axes=2)


def Patches(size: int) -> Pointwise:
    """Images as tokens, row by row: (..., channels, height, width) to (..., patches, channels * size * size)."""
    size = whole("Patches: size", size)
    return Pointwise("Patches", partial(_patches, size), {"size": size}, axes=3, keeps_shape=False)


def TokenMean() -> Pointwise:
    """The mean of all tokens: (..., tokens, n) to (..., n)."""
    return Pointwise("TokenMean", _token_mean, axes=2, keeps_shape=False)


def Unflatten(shape: Sequence[int]) -> Pointwise:
    """The last axis as several: Unflatten((1, 28, 28)) makes (batch, 784) into (batch, 1, 28, 28)."""
    if not isinstance(shape, Sequence) or not shape:
        raise TypeError(f"Unflatten: expected a shape such as (1, 28, 28), got {shape!r:.60}")
    sizes = tuple(whole("Unflatten: size", n) for n in shape)
    return Pointwise("Unflatten", partial(_unflattened, sizes), {"shape": list(sizes)}, keeps_shape=False)


def sinusoids(n_tokens: int, n: int) -> Array:
    """(n_tokens, n): sin(t / 10000^(2k/n)) in the even columns 2k, the cosines in the odd ones."""
    angle = np.arange(n_tokens)[:, None] / 10000.0 ** (np.arange(0, n, 2) / n)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(n_tokens, n)


_sinusoids = cache(sinusoids)


def _with_waves(x: Tensor) -> Tensor:
    if x.ndim < 2 or x.shape[-1] % 2:
        raise ValueError(f"SinusoidalPositions: expected input (..., tokens, an even number), got {x.shape}")
    return x + _sinusoids(x.shape[-2], x.shape[-1]).astype(x.dtype)


def _with_rows(x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    rows = weights["weight"]
    if x.ndim < 2 or x.shape[-1] != rows.shape[1] or x.shape[-2] > len(rows):
        raise ValueError(
            f"LearntPositions: expected input (..., at most {len(rows)} tokens, {rows.shape[1]}), got {x.shape}"
        )
    return x + (rows if x.shape[-2] == len(rows) else rows[: x.shape[-2]])


def _patches(size: int, x: Tensor) -> Tensor:
    if x.ndim < 3 or x.shape[-1] % size or x.shape[-2] % size:
        raise ValueError(f"Patches: expected input (..., channels, height, width) in steps of {size}, got {x.shape}")
    *lead, channels, height, width = x.shape
    k = len(lead)
    apart = x.reshape(*lead, channels, height // size, size, width // size, size)
    order = (*range(k), k + 1, k + 3, k, k + 2, k + 4)
    return apart.transpose(*order).reshape(*lead, height // size * (width // size), channels * size * size)


def _token_mean(x: Tensor) -> Tensor:
    if x.ndim < 2:
        raise ValueError(f"TokenMean: expected input (..., tokens, n), got {x.shape}")
    return x.mean(axis=-2)


def _unflattened(sizes: tuple[int, ...], x: Tensor) -> Tensor:
    if not x.ndim or x.shape[-1] != int(np.prod(sizes)):
        raise ValueError(f"Unflatten: expected input (..., {int(np.prod(sizes))}) for {sizes}, got {x.shape}")
    y = x.reshape(*x.shape[:-1], *sizes)
    if x.events is not None and x.events.columns.shape[1] == x.shape[-1]:
        y.events = x.events  # the same rows
    return y
