"""Spikes through sparse integer weights, exactly: work follows the spikes and their synapses."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[Any]
DENSE_ROWS = 1 << 24  # sums that are made at a time


def sums_sparse(spikes: Array, weights: Any) -> Array:
    """(steps, batch, n) int32 of spikes (steps, batch, inputs) times csr weights (inputs, n)."""
    steps, batch, inputs = spikes.shape
    rows = spikes.reshape(-1, inputs)
    total = np.empty((len(rows), weights.shape[1]), np.int32)
    at_once = max(DENSE_ROWS // max(weights.shape[1], 1), 1)
    narrow = weights.astype(np.int32)
    for first in range(0, len(rows), at_once):
        events = sparse.csr_array(rows[first : first + at_once].astype(np.int32))
        total[first : first + at_once] = (events @ narrow).toarray()
    return total.reshape(steps, batch, -1)


def arriving_sparse(spikes: Array, weights: Any, exponent: int, late: int) -> Array:
    """What arrives at each neuron, as `loihi.deliver` gives it: sums shifted by the exponent, `late` steps later."""
    sums = sums_sparse(spikes, weights)
    largest = int(np.abs(sums).max(initial=0))
    if exponent > 0 and largest << exponent >= 1 << 31:
        sums = sums.astype(np.int64)
    shifted = sums << exponent if exponent >= 0 else sums >> -exponent
    if late == 0:
        return shifted
    moved = np.zeros_like(shifted)
    moved[late:] = shifted[: len(shifted) - late]
    return moved
