"""Weights and bias of layers whose synapses have delays, drawn as those of `Linear`."""

from __future__ import annotations

import math

import numpy as np

from spikenet.errors import flag
from spikenet.graph import Tensor
from spikenet.layers.memoryless import learnt


def weight_and_bias(
    kind: str, n_in: int, n_out: int, bias: bool, rng: np.random.Generator
) -> tuple[Tensor, Tensor | None]:
    """weight (n_in, n_out) and bias (n_out,), or None without, uniform in +-1/sqrt(n_in)."""
    bound = 1 / math.sqrt(n_in)
    weight = learnt("weight", rng.uniform(-bound, bound, (n_in, n_out)))
    return weight, learnt("bias", rng.uniform(-bound, bound, n_out)) if flag(f"{kind}: bias", bias) else None
