"""ThresholdLinearRate: a rate unit with the response gain max(current - threshold, 0).

r <- leak r + (1 - leak) gain relu(current - threshold), the exact solution of tau dr/dt = -r + f(current) for a current
held over the step; the output is r. Source: Dayan & Abbott, Theoretical Neuroscience (2001), equations 7.6 and 7.9.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import relu


def step(p: Any, r: Any, current: Any) -> Any:
    r = p.leak * r + (1.0 - p.leak) * (p.gain * relu(current - p.threshold))
    return r, r


def parameters(
    tau_s: Any, dt_s: Any, gain: Any, threshold: Any, model: str = "ThresholdLinearRate"
) -> dict[str, Array]:
    """tau_s, dt_s: > 0, seconds; gain: output per unit of current; threshold: a current."""
    return {
        "leak": leak(model, "tau_s", tau_s, dt_s),
        "gain": finite_values(f"{model}: gain", gain),
        "threshold": finite_values(f"{model}: threshold", threshold),
    }
