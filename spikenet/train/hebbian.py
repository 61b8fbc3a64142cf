"""Learning from activity alone: Hebb's rule made stable by Oja, and Sanger's rule, which finds one component a unit."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array, finite_values, positive, whole
from spikenet.layers.layer import generator


def hebbian_components(
    data: Array,
    n_out: int,
    *,
    epochs: int = 10,
    learning_rate: float = 0.01,
    seed: int | np.random.Generator | None = None,
) -> Array:
    """(features, n_out) weights of linear units y = x @ w that learn the principal components of data, in order.

    data: (samples, features) of mean 0;  n_out: at most as many as features
    Sanger's rule, w_k += rate y_k (x - sum over j <= k of y_j w_j); of one unit it is Oja's. The rate falls.
    Sources: Hebb 1949; Oja 1982, J. Math. Biol. 15:267-273; Sanger 1989, Neural Networks 2:459-473.
    """
    x = finite_values("hebbian_components: data", data).astype(np.float64)
    count, rng = whole("hebbian_components: n_out", n_out), generator("hebbian_components", seed)
    if x.ndim != 2 or not x.size or count > x.shape[1]:
        raise ValueError(f"hebbian_components: expected data (samples, at least {n_out} features), got {x.shape}")
    rate = positive("hebbian_components: learning_rate", learning_rate)
    w = rng.normal(0, 0.1, (x.shape[1], count))
    for epoch in range(whole("hebbian_components: epochs", epochs)):
        step = rate / (1 + epoch)
        for k in rng.permutation(len(x)):
            y = x[k] @ w
            w += step * (np.outer(x[k], y) - w @ np.triu(np.outer(y, y)))
        if not np.isfinite(w).all():
            raise ValueError(
                f"hebbian_components: weights grew without bound in epoch {epoch + 1}; lower learning_rate"
            )
    return np.asarray(w)
