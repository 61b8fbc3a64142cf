"""The random numbers of `spikenet.neurons.noise`, for compiled loops: the same functions, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.neurons import noise

mixed: Any = compiled()(noise.mixed)
key_of: Any = compiled()(noise.key_of)
between_0_and_1: Any = compiled()(noise.between_0_and_1)


@compiled()
def uniform(high: float, low: float, count: float, one: float) -> Any:
    """The number in (0, 1) of stream (high, low) at `count`, in the float type of `one`."""
    bits = mixed(key_of(np.uint64(high), np.uint64(low)), np.uint64(count))
    return one * np.float32(between_0_and_1(bits))  # which holds it exactly; a float64 would widen the loop
