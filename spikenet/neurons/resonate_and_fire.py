"""ResonateAndFire: a damped oscillator that prefers input at its own frequency; the spiking side of complex nets.

z = x + i y turns by omega dt and shrinks by exp(-dt / tau) in a step, as dz/dt = (-1/tau + i omega) z says;
the input adds to x. A spike where x > threshold; by default nothing is reset. Source: Izhikevich 2001, Neural Networks
14(6-7):883-894, equation 2; firing on the real part without reset as in AlKhamissi et al. 2021 (arXiv:2108.05325).

NIR: none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, no_reset


def step(p: Any, x: Any, y: Any, current: Any, *, reset: Reset = no_reset) -> Any:
    turned = p.along * x - p.across * y + current
    y = p.across * x + p.along * y
    fired = spike(turned - p.threshold)
    return reset(p, turned, fired), y, fired


def parameters(
    tau_s: Any, frequency_hz: Any, dt_s: Any, threshold: Any, model: str = "ResonateAndFire"
) -> dict[str, Array]:
    """tau_s, dt_s: > 0, seconds; frequency_hz: > 0, below 1 / (2 dt_s); threshold: > 0, in units of the membrane."""
    kept = leak(model, "tau_s", tau_s, dt_s)
    frequency = positive_values(f"{model}: frequency_hz", frequency_hz)
    if (frequency >= 0.5 / dt_s).any():
        raise ValueError(
            f"{model}: frequency_hz: expected below 1 / (2 dt_s) = {0.5 / dt_s:g}, got {frequency.max():g}: faster "
            "ones look slow"
        )
    angle = 2 * np.pi * frequency * dt_s
    return {
        "along": kept * np.cos(angle),
        "across": kept * np.sin(angle),
        "threshold": positive_values(f"{model}: threshold", threshold),
    }
