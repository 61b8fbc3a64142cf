"""iaf_psc_delta: LIF whose synapses move the membrane at once, by the exact solution of its equation.

    tau dv/dt = -v + tau / C (bias + current),   v <- v + sum of weights of the spikes that arrive

v is the membrane above its rest. Inputs of a step are constant currents over it, and spikes at its end. After a spike
the membrane stays at its reset for the refractory steps, and spikes that arrive meanwhile are lost. As NEST's model of
this name but for `>` in place of `>=`. Source: Rotter & Diesmann 1999, Biological Cybernetics 81:381-402; Brunel 2000.
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons.primitives import maximum, spike, where

INPUTS = ("spikes", "current")


def step(p: Any, v: Any, rests: Any, spikes: Any, current: Any) -> Any:
    risen = p.leak * v + p.current_to_v * (current + p.bias) + spikes
    v = where(rests > 0.0, v, risen)
    fired = spike(v - p.threshold)
    v = where(fired > 0.0, p.reset_value, v)
    return v, where(fired > 0.0, p.rest_steps, maximum(rests - 1.0, 0.0)), fired
