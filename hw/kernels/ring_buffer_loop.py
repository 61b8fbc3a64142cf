"""The compiled loop of `hw.neurons.ring_buffers`: synapse by synapse of each spike."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled

Array = Any
MOST = np.int32(65535)


@compiled()
def deliver(spikes: Array, weights: Array, delays: Array, slots: Array, cut: Array) -> None:
    """slots (2, batch, steps + 16, n): the ring unrolled, so that nothing has to be cleared."""
    for b in range(spikes.shape[1]):
        for t in range(spikes.shape[0]):
            for source in range(spikes.shape[2]):
                if spikes[t, b, source]:
                    for j in range(weights.shape[1]):
                        w = weights[source, j]
                        sign = np.int64(w < 0)
                        at = t + delays[source, j]
                        total = np.int32(slots[sign, b, at, j] + abs(w))
                        cut[b] += total > MOST
                        slots[sign, b, at, j] = min(total, MOST)
