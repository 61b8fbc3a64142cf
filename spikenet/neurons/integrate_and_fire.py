"""IF: the perfect integrator. v <- v + current; a spike where v > threshold; reset in the same step.

NIR: the IF node (reset to a value; NIR states no other kind).
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, positive_values
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    v = v + current
    fired = spike(v - p.threshold)
    return reset(p, v, fired), fired


def parameters(threshold: Any = 1.0) -> dict[str, Array]:
    """threshold: > 0, in units of the membrane; a number or one a neuron."""
    return {"threshold": positive_values("IF: threshold", threshold)}
