"""How much stronger its input would have to be for a layer to fire at a wanted rate."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, no_grad
from spikenet.layers.spiking import Spiking

SAMPLES, NARROWINGS = 256, 24


def suggested_gain(neurons: Spiking, current: Array, rate: float) -> float | None:
    """The factor of `current` (steps, batch, n...) at which the neurons' mean output is `rate`; None where none does.

    Found by trying, between 1e-3 and 1e3; the batch is thinned to a few samples where it is large. What comes back
    through recurrent weights is scaled with the rest.
    """
    few = np.ascontiguousarray(current[:, : max(1, SAMPLES // max(1, current[0, 0].size // 64))])

    def mean(gain: float) -> float:
        with no_grad():
            return float(neurons(Tensor(few * few.dtype.type(gain))).data.mean())

    low, high = 1e-3, 1e3
    if mean(high) < rate or mean(low) > rate:
        return None
    for _ in range(NARROWINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if mean(middle) >= rate else (middle, high)
    return high
