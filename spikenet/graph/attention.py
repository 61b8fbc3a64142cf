"""Scaled dot-product attention as one operation beside its vjp: only the attention weights are kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.graph.broadcast import unbroadcast
from spikenet.graph.operands import as_tensor
from spikenet.graph.tensor import Tensor, TensorLike


def attention(
    query: TensorLike, key: TensorLike, value: TensorLike, *, mask: Any = None, causal: bool = False
) -> Tensor:
    """softmax(query @ key.T / sqrt(n)) @ value, each query's mean of the values, weighted by likeness to their keys.

    query  : (..., queries, n), key: (..., keys, n), value: (..., keys, m); leading axes broadcast
    mask   : boolean, broadcasts to (..., queries, keys); True where a query may look
    causal : a query may look only at the keys up to its own place
    returns: (..., queries, m). A query that may look nowhere gets 0, and sends no gradient

    Raises ValueError naming all shapes when they do not fit, TypeError when the mask is not boolean.
    Source: Vaswani et al. 2017 (arXiv:1706.03762), eq. 1.
    """
    query, key, value = as_tensor(query), as_tensor(key), as_tensor(value)
    q, k, v = query.data, key.data, value.data
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            "attention: expected query (..., queries, n), key (..., keys, n) and value (..., keys, m), "
            f"got {q.shape}, {k.shape} and {v.shape}"
        )
    try:
        np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    except ValueError:
        raise ValueError(
            f"attention: expected leading axes that broadcast, got {q.shape}, {k.shape} and {v.shape}"
        ) from None
    scale = q.dtype.type(1 / math.sqrt(q.shape[-1]))
    scores = q @ k.swapaxes(-1, -2) * scale
    allowed = _allowed(mask, causal, scores.shape)
    if allowed is not None:
        scores = np.where(allowed, scores, scores.dtype.type(-np.inf))
    largest = scores.max(axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    weights = np.exp(scores - largest)
    total = weights.sum(axis=-1, keepdims=True)
    weights /= np.where(total == 0, 1, total)

    def vjp(g: Array) -> tuple[Array | None, ...]:
        g_weights = g @ v.swapaxes(-1, -2)
        g_scores = weights * (g_weights - (g_weights * weights).sum(axis=-1, keepdims=True)) * scale
        return (
            unbroadcast(g_scores @ k, q.shape) if query.requires_grad else None,
            unbroadcast(g_scores.swapaxes(-1, -2) @ q, k.shape) if key.requires_grad else None,
            unbroadcast(weights.swapaxes(-1, -2) @ g, v.shape) if value.requires_grad else None,
        )

    return Tensor(weights @ v, (query, key, value), vjp, operation="attention")


def _allowed(mask: Any, causal: bool, shape: tuple[int, ...]) -> Array | None:
    allowed = None
    if causal:
        allowed = np.tri(shape[-2], shape[-1], shape[-1] - shape[-2], dtype=np.bool_)
    if mask is not None:
        given = np.asarray(mask)
        if given.dtype != np.bool_:
            raise TypeError(f"attention: mask: expected booleans, True where a query may look, got {given.dtype}")
        try:
            np.broadcast_to(given, shape)
        except ValueError:
            raise ValueError(f"attention: expected a mask that broadcasts to {shape}, got {given.shape}") from None
        allowed = given if allowed is None else allowed & given
    return allowed
