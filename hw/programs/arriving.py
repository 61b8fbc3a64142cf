"""Spikes through sparse integer weights, exactly: work follows the spikes and their synapses."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons.integer_windows import product

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


def arriving_sparse(spikes: Array, weights: Any, exponent: int, late: int, delays: Array | None = None) -> Array:
    """What arrives at each neuron, as `loihi.deliver` gives it: sums shifted by the exponent, `late` steps later.

    delays: (inputs, 1) or a number more of steps of each source; sums of spikes of one delay are shifted at once
    """
    each = np.broadcast_to(0 if delays is None else np.ravel(delays), (spikes.shape[2],))
    total: Any = None
    for delay in np.unique(each):
        sums = sums_sparse(spikes if delays is None else spikes * (each == delay), weights)
        if exponent > 0 and int(np.abs(sums).max(initial=0)) << exponent >= 1 << 31:
            sums = sums.astype(np.int64)
        part = later(sums << exponent if exponent >= 0 else sums >> -exponent, late + int(delay))
        total = part if total is None else total + part
    found: Array = total
    return found


def later(values: Array, steps: int) -> Array:
    """(steps, ...) the same some steps later, as far as there are steps, 0 before."""
    if steps == 0:
        return values
    moved = np.zeros_like(values)
    moved[steps:] = values[: max(len(values) - steps, 0)]
    return moved


def sums(spikes: Array, weights: Any) -> Array:
    """(steps, batch, n) exact sums of spikes (steps, batch, inputs), or counts, through integer weights."""
    if sparse.issparse(weights):
        return sums_sparse(spikes, weights)
    return product(spikes.astype(np.int64), weights)


def delivered(spikes: Array, weights: Any, late: int, delays: Array | None) -> Array:
    """(steps, batch, n) exact sums of spikes through integer weights, `late` steps and each synapse's delay later.

    delays: broadcasts to (inputs, n), or None
    """
    if delays is None:
        return later(sums(spikes, weights), late)
    each = np.broadcast_to(delays, weights.shape)
    here = each if not sparse.issparse(weights) else each[weights.nonzero()]
    total = np.zeros((*spikes.shape[:2], weights.shape[1]), np.int64)
    for delay in np.unique(here):
        total += later(sums(spikes, weights * (each == delay)), late + int(delay))
    return total
