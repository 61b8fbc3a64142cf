"""Weights and delays of synapses one by one, by the same rule as the tables that deliver spikes."""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.synapse_lists import _weight_and_delay as weight_and_delay


@compiled(parallel=True)
def values(row: Array, numbers: Array, seed: int, weights: Array, steps: Array) -> None:
    """weights[k], steps[k] = weight and delay of synapse k; row, numbers: the projection's, as in synapse_lists."""
    for k in numba.prange(weights.size):
        weights[k], steps[k] = weight_and_delay(row, numbers, np.int64(k), seed)
