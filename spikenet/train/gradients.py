"""What is asked of all gradients at once: their norm, and whether they are finite."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from spikenet.errors import Array, positive
from spikenet.kernels import optimise
from spikenet.kernels.finite import all_finite
from spikenet.train.parameters import Parameters, flat


def clip_gradients(params: Parameters, max_norm: float) -> float:
    """The norm of all gradients taken as one vector; when it exceeds max_norm, they are scaled down to it.

    max_norm: > 0
    """
    if not isinstance(params, Mapping):
        raise TypeError(f"clip_gradients: expected parameters by name, as net.parameters(), got {params!r:.60}")
    limit = positive("clip_gradients: max_norm", max_norm)
    norm = math.sqrt(sum(_sum_of_squares(p.grad) for p in params.values() if p.grad is not None))
    if norm > limit:
        for p in params.values():
            if p.grad is not None:
                p.grad = p.grad * p.grad.dtype.type(limit / norm)  # a new array: a gradient may be shared
    return norm


def first_not_finite(params: Parameters) -> str | None:
    """Name of the first parameter whose gradient holds NaN or infinity, or None."""
    return next((name for name, p in params.items() if p.grad is not None and not all_finite(p.grad)), None)


def _sum_of_squares(g: Array) -> float:
    sums = np.zeros(optimise.chunks(g.size))
    lanes = np.empty((sums.size, optimise.LANES))
    optimise.sums_of_squares(sums.size, flat(g, g.dtype), lanes, sums)
    return math.fsum(sums)
