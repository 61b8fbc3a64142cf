"""Radial-basis functions: units that answer to a place in the space of their input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spikenet import graph
from spikenet.errors import Array, finite_values, positive, whole
from spikenet.graph import Tensor
from spikenet.layers.layer import Training, generator
from spikenet.layers.memoryless import Memoryless, check_channels, learnt

Seed = int | np.random.Generator | None


def RadialBasis(n_in: int, n_units: int, *, width: float = 1.0, seed: Seed = None) -> Memoryless:
    """exp(-|x - centre|^2 / (2 width^2)) of each unit: (..., n_in) to (..., n_units); a Linear behind it reads out.

    centres  : (n_units, n_in), learnt, start standard normal; `place` puts them by k-means
    log_width: (n_units,), learnt, starts at log(width)
    Source: Broomhead & Lowe 1988, Complex Systems 2:321-355.
    """
    n_in, n_units = whole("RadialBasis: n_in", n_in), whole("RadialBasis: n_units", n_units)
    width = positive("RadialBasis: width", width)
    weights = {
        "centres": learnt("centres", generator("RadialBasis", seed).normal(size=(n_units, n_in))),
        "log_width": learnt("log_width", np.full(n_units, np.log(width))),
    }
    return Memoryless("RadialBasis", _bells, weights, {"n_in": n_in, "n_units": n_units, "width": width})


def place(layer: Memoryless, data: Array, *, seed: Seed = None) -> Memoryless:
    """`layer` with its centres at the k-means of data (samples, n_in), as wide as the nearest other centre is far."""
    centres = layer.weights["centres"]
    found = k_means(data, len(centres), seed=seed)
    apart = np.square(found[:, None] - found[None]).sum(axis=-1)
    np.fill_diagonal(apart, np.inf)
    nearest = np.sqrt(apart.min(axis=1)) if len(found) > 1 else np.ones(1)
    centres.data[...] = found
    layer.weights["log_width"].data[...] = np.log(np.maximum(nearest, 1e-3))
    return layer


def k_means(data: Array, k: int, *, iterations: int = 50, seed: Seed = None) -> Array:
    """(k, features) centres of data (samples, features), begun far apart (k-means++), until nothing changes.

    A centre that loses all its samples stays where it is. Source: Lloyd 1982; Arthur & Vassilvitskii 2007, SODA.
    """
    x, rng = finite_values("k_means: data", data).astype(np.float64), generator("k_means", seed)
    count = whole("k_means: k", k)
    if x.ndim != 2 or len(x) < count:
        raise ValueError(f"k_means: expected at least {count} samples (samples, features), got shape {x.shape}")
    centres = x[rng.integers(len(x))][None]
    while len(centres) < count:
        nearest = _squares(x, centres).min(axis=1)
        total = nearest.sum()
        chosen = rng.choice(len(x), p=nearest / total) if total > 0 else rng.integers(len(x))
        centres = np.concatenate([centres, x[chosen][None]])
    for _ in range(iterations):
        owner = _squares(x, centres).argmin(axis=1)
        moved = np.array([x[owner == j].mean(axis=0) if (owner == j).any() else centres[j] for j in range(count)])
        if np.array_equal(moved, centres):
            break
        centres = moved
    return np.asarray(centres)


def _squares(x: Array, centres: Array) -> Array:
    distance = np.square(x).sum(axis=1)[:, None] - 2 * x @ centres.T + np.square(centres).sum(axis=1)
    return np.asarray(np.maximum(distance, 0))


def _bells(x: Tensor, w: Mapping[str, Tensor], training: Training | None) -> Tensor:
    centres = w["centres"]
    check_channels("RadialBasis", x, centres.shape[1], 0)
    away = (x * x).sum(axis=-1, keepdims=True) - graph.matmul(x, centres.T) * 2 + (centres * centres).sum(axis=-1)
    return graph.exp(away * graph.exp(w["log_width"] * -2) * -0.5)
