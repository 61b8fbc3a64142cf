"""iaf_cond_exp: LIF with exponentially decaying synaptic conductances, by the classical Runge-Kutta rule.

    C dv/dt = g_leak (E_leak - v) + g_exc (E_exc - v) + g_inh (E_inh - v) + bias + current

v is the membrane above its rest, the E above it too. The conductances are known exactly at the middle and the end of a
step; the membrane takes one step of the classical rule of order 4. Spikes add to the conductances at the end of the
step in which they arrive. Source: Brette et al. 2007, J. Comput. Neurosci. 23:349-398, benchmark 1 (COBA).
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons.integration import runge_kutta_4
from spikenet.neurons.primitives import maximum, spike, where

INPUTS = ("exc", "inh", "current")


def step(p: Any, v: Any, g_exc: Any, g_inh: Any, rests: Any, exc: Any, inh: Any, current: Any) -> Any:
    on = (g_exc, p.exc_half_leak * g_exc, p.exc_leak * g_exc)
    off = (g_inh, p.inh_half_leak * g_inh, p.inh_leak * g_inh)
    pushed = current + p.bias

    def rise(u: Any, on: Any, off: Any) -> Any:
        """Millivolts a step."""
        return p.step_per_capacitance * (
            pushed - p.leak_conductance * u + on * (p.exc_reversal - u) + off * (p.inh_reversal - u)
        )

    (risen,) = runge_kutta_4(rise, (v,), known=(on, off))
    v = where(rests > 0.0, v, risen)
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    rests = where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0))
    return v, on[-1] + exc, off[-1] + inh, rests, fired
