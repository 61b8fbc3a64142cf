"""KLIF: LIF with a learnable gain before a rectifier: h = relu(gain (leak v + current)); a spike where h > threshold.

The gain scales the surrogate's slope, which training then chooses; the membrane is never negative. Source: Jiang &
Zhang 2023 (arXiv:2302.09238), equations 9 to 12.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import relu, spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    v = relu(p.gain * (p.leak * v + current))
    fired = spike(v - p.threshold)
    return reset(p, v, fired), fired


def parameters(tau_mem_s: Any, dt_s: Any, threshold: Any, gain: Any) -> dict[str, Array]:
    """tau_mem_s, dt_s: > 0, seconds; threshold: > 0, in units of the membrane; gain: > 0."""
    return {
        "gain": positive_values("KLIF: gain", gain),
        "leak": leak("KLIF", "tau_mem_s", tau_mem_s, dt_s),
        "threshold": positive_values("KLIF: threshold", threshold),
    }
