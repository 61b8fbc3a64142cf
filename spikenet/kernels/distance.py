"""Partners whose probability falls with distance: one draw a pair."""

from __future__ import annotations

import math

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.partners import NONE
from spikenet.kernels.philox import philox
from spikenet.kernels.tasks import shared

GAUSSIAN, EXPONENTIAL, DISC = range(3)  # as in spikenet.network.rules


@compiled()
def chance(profile: int, probability: float, length: float, squared: float) -> float:
    """Probability of a synapse over a squared distance."""
    if profile == GAUSSIAN:
        return probability * math.exp(-squared / (2.0 * length * length))
    if profile == EXPONENTIAL:
        return probability * math.exp(-math.sqrt(squared) / length)
    return probability if squared <= length * length else 0.0


@shared
def near_partners(
    i: int, first: int, starts: Array, source: Array, target: Array, extent: Array, profile: int, probability: float,
    length: float, own: int, stream: int, seed: int, into: Array, counts: Array,
) -> None:  # fmt: skip
    """For each i, counts[i]: partners of source first + i; where `into` has room, they stand there from starts[i] on,
    rising.

    extent: of a space that closes on itself, inf in a direction that does not
    """
    n, dimensions = target.shape
    count = 0
    for block in range(0, n, 4):
        words = philox(block >> 2, first + i, 0, stream, seed)
        j = np.int64(block)
        for word in words:
            if j < n and (own == NONE or j != first + i):
                squared = 0.0
                for k in range(dimensions):
                    apart = abs(target[j, k] - source[first + i, k])
                    if extent[k] < np.inf:
                        apart = apart % extent[k]
                        apart = min(apart, extent[k] - apart)
                    squared += apart * apart
                if (word + 0.5) * 2.0**-32 < chance(profile, probability, length, squared):
                    if into.size > 0:
                        into[starts[i] + count] = j
                    count += 1
            j += 1
    counts[i] = count
