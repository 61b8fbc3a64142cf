"""iaf_cond_exp: LIF with exponentially decaying synaptic conductances, by the classical Runge-Kutta rule.

    C dv/dt = g_leak (E_leak - v) + g_exc (E_exc - v) + g_inh (E_inh - v) + bias + current

v is the membrane above its rest, the E above it too. The conductances are known exactly at the middle and the end of a
step; the membrane takes one step of the classical rule of order 4. Spikes add to the conductances at the end of the
step in which they arrive. Source: Brette et al. 2007, J. Comput. Neurosci. 23:349-398, benchmark 1 (COBA).
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons.primitives import maximum, spike, where

INPUTS = ("exc", "inh", "current")


def step(p: Any, v: Any, g_exc: Any, g_inh: Any, rests: Any, exc: Any, inh: Any, current: Any) -> Any:
    middle_exc, middle_inh = p.exc_half_leak * g_exc, p.inh_half_leak * g_inh
    after_exc, after_inh = p.exc_leak * g_exc, p.inh_leak * g_inh
    pushed = current + p.bias

    def rise(u: Any, on: Any, off: Any) -> Any:
        """Millivolts a step."""
        return p.step_per_capacitance * (
            pushed - p.leak_conductance * u + on * (p.exc_reversal - u) + off * (p.inh_reversal - u)
        )

    k1 = rise(v, g_exc, g_inh)
    k2 = rise(v + 0.5 * k1, middle_exc, middle_inh)
    k3 = rise(v + 0.5 * k2, middle_exc, middle_inh)
    k4 = rise(v + k3, after_exc, after_inh)
    risen = v + (k1 + 2.0 * (k2 + k3) + k4) * (1.0 / 6.0)
    v = where(rests > 0.0, v, risen)
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    rests = where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0))
    return v, after_exc + exc, after_inh + inh, rests, fired
