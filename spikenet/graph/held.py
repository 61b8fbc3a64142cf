"""Parts of a parameter that are held at 0, by its bounds: what pruning leaves behind, and checkpoints keep."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph.tensor import Tensor


def hold_at_zero(p: Tensor, mask: Array) -> None:
    """Sets p to 0 where the mask says so and keeps it there, whatever an optimiser does."""
    low, high = p.bounds if p.bounds is not None else (-np.inf, np.inf)
    p.data[mask] = 0
    kept = np.where(mask, 0, low).astype(p.dtype), np.where(mask, 0, high).astype(p.dtype)
    p.bounds = kept  # type: ignore[assignment]  # np.clip takes arrays as well as numbers


def held(p: Tensor) -> Array:
    """Where p is held at 0."""
    if p.bounds is None:
        return np.zeros(p.shape, bool)
    low, high = np.broadcast_arrays(*p.bounds, np.empty(p.shape))[:2]
    return np.asarray((low == 0) & (high == 0))


def keep_within_bounds(p: Tensor) -> None:
    """Moves values that are outside of the parameter's bounds onto them, in place."""
    if p.bounds is not None:
        np.clip(p.data, *p.bounds, out=p.data)
