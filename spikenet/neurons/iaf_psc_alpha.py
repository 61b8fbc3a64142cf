"""iaf_psc_alpha: LIF with alpha-shaped synaptic currents, by the exact solution of its equations.

A spike of weight w starts the current w e t / tau_syn exp(-t / tau_syn), whose peak is w at t = tau_syn. Each receptor
has two states: rise' = -rise / tau_syn, into which a spike puts w e / tau_syn, and current' = rise - current / tau_syn.
    tau dv/dt = -v + tau / C (exc + inh + bias + current)
v is the membrane above its rest. Order of a step, and what happens while the membrane rests, as in iaf_psc_exp. As
NEST's model of this name but for `>` in place of `>=`. Source: Rotter & Diesmann 1999, Biological Cybernetics 81:381.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.neurons.primitives import maximum, spike, where

INPUTS = ("exc", "inh", "current")


def step(
    p: Any, v: Any, i_exc: Any, rise_exc: Any, i_inh: Any, rise_inh: Any, rests: Any, exc: Any, inh: Any, current: Any
) -> Any:
    by_exc = p.exc_to_v * i_exc + p.rise_exc_to_v * rise_exc
    by_inh = p.inh_to_v * i_inh + p.rise_inh_to_v * rise_inh
    risen = p.leak * v + by_exc + by_inh + p.current_to_v * (current + p.bias)
    v = where(rests > 0.0, v, risen)
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    rests = where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0))
    i_exc = p.exc_leak * (i_exc + p.dt_ms * rise_exc)
    i_inh = p.inh_leak * (i_inh + p.dt_ms * rise_inh)
    rise_exc = p.exc_leak * rise_exc + p.exc_start * exc
    rise_inh = p.inh_leak * rise_inh + p.inh_start * inh
    return v, i_exc, rise_exc, i_inh, rise_inh, rests, fired


def rise_to_membrane(tau_syn_ms: Array, tau_mem_ms: Array, capacitance_pf: Array, dt_ms: float) -> Array:
    """Millivolts that a rise of 1 pA/ms at the begin of a step adds to the membrane by its end.

    It is h^2 / C exp(-h / tau_mem) f(x) with x = h (1/tau_syn - 1/tau_mem) and f(x) = (1 - (1 + x) exp(-x)) / x^2, of
    which the series is summed where the difference would lose digits.
    """
    tau_syn, tau_mem, capacitance = np.broadcast_arrays(*map(np.float64, (tau_syn_ms, tau_mem_ms, capacitance_pf)))
    x = dt_ms * (1 / tau_syn - 1 / tau_mem)
    far = np.where(np.abs(x) < 0.5, 1.0, x)
    direct = (1 - (1 + far) * np.exp(-far)) / far**2
    series = np.zeros_like(x)
    term = np.ones_like(x)
    for k in range(25):  # f(x) = sum (-x)^k / k! / (k + 2)
        series += term / (k + 2)
        term *= -x / (k + 1)
    result: Array = dt_ms**2 / capacitance * np.exp(-dt_ms / tau_mem) * np.where(np.abs(x) < 0.5, series, direct)
    return result
