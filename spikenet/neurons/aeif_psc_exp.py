"""aeif_psc_exp: the adaptive exponential neuron with exponentially decaying synaptic currents.

    C dv/dt = g_leak (slope exp((v - v_rheobase) / slope) - v) - w + exc + inh + bias + current
    tau_adapt dw/dt = coupling v - w

v is the membrane above its rest, v_rheobase above it too. The currents are known exactly at the middle and the end of a
step; v and w are solved by the method given. Spikes add to the currents at the end of the step in which they arrive.
While the membrane rests after a spike it stays at its reset, and w follows it. Source: Brette & Gerstner 2005,
J. Neurophysiol. 94(5):3637-3642, equations 1 to 3, with the synapses of iaf_psc_exp.
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons.integration import Method
from spikenet.neurons.primitives import exp, maximum, spike, where

INPUTS = ("exc", "inh", "current")


def step(
    p: Any, v: Any, w: Any, i_exc: Any, i_inh: Any, rests: Any, exc: Any, inh: Any, current: Any, *, method: Method
) -> Any:
    on = (i_exc, p.exc_half_leak * i_exc, p.exc_leak * i_exc)
    off = (i_inh, p.inh_half_leak * i_inh, p.inh_leak * i_inh)
    pushed = current + p.bias

    def rises(v: Any, w: Any, on: Any, off: Any) -> Any:
        run_away = p.slope * exp((v - p.v_rheobase) / p.slope)
        gained = p.step_per_capacitance * (p.leak_conductance * (run_away - v) - w + on + off + pushed)
        return where(rests > 0.0, 0.0, gained), p.adapt_share * (p.coupling * v - w)

    v, w = method(rises, (v, w), known=(on, off), peak=p.threshold)
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    w = w + p.jump * fired
    rests = where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0))
    return v, w, on[-1] + exc, off[-1] + inh, rests, fired
