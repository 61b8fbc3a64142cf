"""LIF: the leaky integrate-and-fire neuron. v <- leak v + current; a spike where v > threshold; reset in the same step.

The exact solution of tau dv/dt = -v between input pulses that each add `current`. A constant current I settles at
I / (1 - leak). Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3.

NIR: the LIF node, with r chosen so that an input adds `current`, and reset to a value.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    v = p.leak * v + current
    fired = spike(v - p.threshold)
    return reset(p, v, fired), fired


def parameters(tau_mem_s: Any, dt_s: Any, threshold: Any, model: str = "LIF") -> dict[str, Array]:
    """tau_mem_s: > 0, seconds; dt_s: length of a step, > 0; threshold: > 0, in units of the membrane.

    model: for messages
    """
    return {
        "leak": leak(model, "tau_mem_s", tau_mem_s, dt_s),
        "threshold": positive_values(f"{model}: threshold", threshold),
    }
