"""Embedding: a learnt row of numbers for each of a set of symbols."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spikenet import graph
from spikenet.errors import whole
from spikenet.graph import Tensor
from spikenet.layers.layer import Training, generator
from spikenet.layers.memoryless import Memoryless, learnt


def Embedding(n_symbols: int, n_features: int, *, seed: int | np.random.Generator | None = None) -> Memoryless:
    """Row k of the weight for every symbol k: (...) whole numbers in 0 .. n_symbols - 1 to (..., n_features).

    n_symbols, n_features: >= 1;  seed: an int, a numpy Generator, or None for fresh entropy
    weight: (n_symbols, n_features), starts standard normal, as torch's does

    Raises ValueError for an input that is no such number.
    """
    n_symbols, n_features = whole("Embedding: n_symbols", n_symbols), whole("Embedding: n_features", n_features)
    weights = {"weight": learnt("weight", generator("Embedding", seed).normal(size=(n_symbols, n_features)))}
    return Memoryless("Embedding", _rows, weights, {"n_symbols": n_symbols, "n_features": n_features}, axes=0)


def _rows(x: Tensor, weights: Mapping[str, Tensor], training: Training | None) -> Tensor:
    weight = weights["weight"]
    symbols = np.rint(x.data.real).astype(np.int64)
    bad = (symbols != x.data) | (symbols < 0) | (symbols >= len(weight))
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        raise ValueError(
            f"Embedding: expected whole numbers in 0 .. {len(weight) - 1}, got {x.data[where]} at index {where}"
        )
    return graph.take(weight, symbols, axis=0)
