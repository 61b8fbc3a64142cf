"""TwoCompartmentLIF: a dendrite that receives the input and a soma that fires, coupled by a conductance.

tau_dend dd/dt = -d + dend_coupling (v - d), tau_soma dv/dt = -v + soma_coupling (d - v); both are solved together,
exactly, between inputs, each of which adds `current` to the dendrite. A spike where v > threshold resets the soma.
Source: Gerstner et al., Neuronal Dynamics (2014), section 3.2, with two compartments.

NIR: none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive, positive_values
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, d: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    before = d
    d = p.dend_leak * before + p.soma_to_dend * v + current
    v = p.dend_to_soma * before + p.soma_leak * v
    fired = spike(v - p.threshold)
    return d, reset(p, v, fired), fired


def parameters(
    tau_dend_s: Any, tau_soma_s: Any, dend_coupling: Any, soma_coupling: Any, dt_s: Any, threshold: Any
) -> dict[str, Array]:
    """tau_..._s, dt_s: > 0, seconds; couplings: > 0, in units of the compartment's leak conductance; threshold: > 0."""
    values = {"tau_dend_s": tau_dend_s, "tau_soma_s": tau_soma_s}
    values |= {"dend_coupling": dend_coupling, "soma_coupling": soma_coupling}
    checked = (positive_values(f"TwoCompartmentLIF: {name}", value) for name, value in values.items())
    dend_s, soma_s, to_dend, to_soma = np.broadcast_arrays(*checked)
    dt = positive("TwoCompartmentLIF: dt_s", dt_s)
    a, b, c, e = -(1 + to_dend) / dend_s, to_dend / dend_s, to_soma / soma_s, -(1 + to_soma) / soma_s
    # exp of the 2 x 2 matrix ((a, b), (c, e)), whose eigenvalues are real as b c > 0
    middle, half = (a + e) / 2, np.sqrt(((a - e) / 2) ** 2 + b * c)
    even, odd = np.exp(middle * dt) * np.cosh(half * dt), np.exp(middle * dt) * np.sinh(half * dt) / half
    return {
        "dend_leak": even + odd * (a - e) / 2,
        "soma_to_dend": odd * b,
        "dend_to_soma": odd * c,
        "soma_leak": even - odd * (a - e) / 2,
        "threshold": positive_values("TwoCompartmentLIF: threshold", threshold),
    }
