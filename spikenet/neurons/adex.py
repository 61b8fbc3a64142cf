"""AdEx: the exponential integrate-and-fire neuron with an adaptation current.

tau_mem dv/dt = v_rest - v + slope exp((v - v_rheobase) / slope) - w + current
tau_adapt dw/dt = coupling (v - v_rest) - w

and a spike where v > threshold: v <- reset_value, w <- w + jump. Currents are in units of the membrane, that is divided
by the leak conductance. Source: Brette & Gerstner 2005, J. Neurophysiol. 94(5):3637-3642, equations 1 to 3.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values
from spikenet.neurons.decay import step_share
from spikenet.neurons.exponential_if import parameters as membrane
from spikenet.neurons.integration import Method, runge_kutta_4
from spikenet.neurons.primitives import exp, spike
from spikenet.neurons.reset import Reset, detached_to_value


def step(
    p: Any, v: Any, w: Any, current: Any, *, method: Method = runge_kutta_4, reset: Reset = detached_to_value
) -> Any:
    def rises(v: Any, w: Any) -> Any:
        return (
            p.share * (p.v_rest - v + p.slope * exp((v - p.v_rheobase) / p.slope) - w + current),
            p.adapt_share * (p.coupling * (v - p.v_rest) - w),
        )

    v, w = method(rises, (v, w), peak=p.threshold)
    fired = spike(v - p.threshold)
    return reset(p, v, fired), w + p.jump * fired, fired


def parameters(
    tau_mem_s: Any,
    tau_adapt_s: Any,
    dt_s: Any,
    v_rest: Any,
    v_rheobase: Any,
    slope: Any,
    threshold: Any,
    coupling: Any,
    jump: Any,
) -> dict[str, Array]:
    """As of ExponentialIF; tau_adapt_s > 0, seconds; coupling: a number; jump in units of the membrane."""
    return membrane(tau_mem_s, dt_s, v_rest, v_rheobase, slope, threshold, "AdEx") | {
        "adapt_share": step_share("AdEx", "tau_adapt_s", tau_adapt_s, dt_s),
        "coupling": finite_values("AdEx: coupling", coupling),
        "jump": finite_values("AdEx: jump", jump),
    }
