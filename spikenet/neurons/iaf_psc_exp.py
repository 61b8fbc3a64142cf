"""iaf_psc_exp: LIF with exponentially decaying synaptic currents, by the exact solution of its equations.

    tau dv/dt = -v + tau / C (exc + inh + bias + current),   tau_exc d exc/dt = -exc,   tau_inh d inh/dt = -inh

v is the membrane above its rest, exc and inh the synaptic currents, to which spikes add their weights at the end of the
step in which they arrive: they reach the membrane in the next. The currents go on while the membrane rests after a
spike. As NEST's model of this name but for `>` in place of `>=`. Source: Rotter & Diesmann 1999, Biological
Cybernetics 81:381-402.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.neurons.primitives import maximum, spike, where

INPUTS = ("exc", "inh", "current")
ALIKE_INPUTS = ("syn", "current")


def step(p: Any, v: Any, i_exc: Any, i_inh: Any, rests: Any, exc: Any, inh: Any, current: Any) -> Any:
    risen = p.leak * v + p.exc_to_v * i_exc + p.inh_to_v * i_inh + p.current_to_v * (current + p.bias)
    v = where(rests > 0.0, v, risen)
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    rests = where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0))
    return v, p.exc_leak * i_exc + exc, p.inh_leak * i_inh + inh, rests, fired


def alike_step(p: Any, v: Any, i_syn: Any, rests: Any, syn: Any, current: Any) -> Any:
    """The same where both currents decay alike, so that their sum is all that counts: a third less to carry."""
    v = where(rests > 0.0, v, p.leak * v + p.syn_to_v * i_syn + p.current_to_v * (current + p.bias))
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    return v, p.syn_leak * i_syn + syn, where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0)), fired


def current_to_membrane(tau_syn_ms: Array, tau_mem_ms: Array, capacitance_pf: Array, dt_ms: float) -> Array:
    """Millivolts that a synaptic current of 1 pA at the begin of a step adds to the membrane by its end.

    The equation has 1 / (tau_mem - tau_syn) in it, and a limit where they are equal; written with expm1 so that no
    digits are lost near it.
    """
    tau_syn, tau_mem, capacitance = np.broadcast_arrays(*map(np.float64, (tau_syn_ms, tau_mem_ms, capacitance_pf)))
    difference = dt_ms * (1 / tau_syn - 1 / tau_mem)  # of the exponents
    slope = np.where(difference == 0, 1.0, -np.expm1(-difference) / np.where(difference == 0, 1.0, difference))
    result: Array = dt_ms / capacitance * np.exp(-dt_ms / tau_mem) * slope
    return result
