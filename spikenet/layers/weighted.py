"""Weights and biases as layers begin with them: uniform, the more inputs a sum has the closer to 0, as torch's do."""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import flag
from spikenet.graph import Tensor
from spikenet.layers.layer import generator
from spikenet.layers.memoryless import learnt


def uniform_weights(
    kind: str,
    shape: tuple[int, ...],
    n_terms: int,
    n_out: int,
    bias: bool,
    seed: int | np.random.Generator | None,
) -> tuple[Tensor, Tensor | None]:
    """(weight of this shape, bias (n_out,) or None without), uniform in +-1/sqrt(n_terms), the terms of a sum."""
    biased, rng, bound = flag(f"{kind}: bias", bias), generator(kind, seed), 1 / math.sqrt(n_terms)
    weight = learnt("weight", rng.uniform(-bound, bound, shape))
    return weight, learnt("bias", rng.uniform(-bound, bound, n_out)) if biased else None


def loop_weight(kind: str, n: int, self_connections: bool, seed: int | np.random.Generator | None) -> Tensor:
    """Recurrent weights (n, n) among neurons, uniform in +-1/sqrt(n), 0 to oneself where that is no connection."""
    bound = 1 / math.sqrt(n)
    weight = generator(kind, seed).uniform(-bound, bound, (n, n))
    if not self_connections:
        np.fill_diagonal(weight, 0)
    return learnt("recurrent_weight", weight)


def without_self(weight: Tensor, self_connections: bool) -> Tensor:
    """Weights (n, n) among neurons as they count: those to oneself only where there are such connections."""
    return weight if self_connections else weight * (1 - np.eye(len(weight.data), dtype=weight.dtype))
