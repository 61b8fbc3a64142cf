"""DoubleExponentialLIF: LIF behind a synapse whose current rises with one time constant and falls with another.

i = scale (d - r), d and r decaying with tau_fall and tau_rise and each stepped up by an input; scale makes the peak 1
for an input of 1. Exact on the grid; i is 0 in the step an input arrives. The membrane is that of CubaLIF:
v <- leak v + i. Source: Roth & van Rossum 2009, in Computational Modeling Methods for Neuroscientists, equation 6.4.

NIR: none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, d: Any, r: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    d = p.fall_leak * d + current
    r = p.rise_leak * r + current
    v = p.leak * v + p.scale * (d - r)
    fired = spike(v - p.threshold)
    return d, r, reset(p, v, fired), fired


def parameters(tau_mem_s: Any, tau_rise_s: Any, tau_fall_s: Any, dt_s: Any, threshold: Any) -> dict[str, Array]:
    """tau_mem_s, tau_rise_s < tau_fall_s, dt_s: > 0, seconds; threshold: > 0, in units of the membrane."""
    rise = positive_values("DoubleExponentialLIF: tau_rise_s", tau_rise_s)
    fall = positive_values("DoubleExponentialLIF: tau_fall_s", tau_fall_s)
    if not (rise < fall).all():
        raise ValueError(f"DoubleExponentialLIF: tau_rise_s: expected below tau_fall_s = {fall} s, got {rise}")
    peak_s = rise * fall / (fall - rise) * np.log(fall / rise)
    return {
        "fall_leak": leak("DoubleExponentialLIF", "tau_fall_s", tau_fall_s, dt_s),
        "rise_leak": leak("DoubleExponentialLIF", "tau_rise_s", tau_rise_s, dt_s),
        "leak": leak("DoubleExponentialLIF", "tau_mem_s", tau_mem_s, dt_s),
        "scale": 1 / (np.exp(-peak_s / fall) - np.exp(-peak_s / rise)),
        "threshold": positive_values("DoubleExponentialLIF: threshold", threshold),
    }
