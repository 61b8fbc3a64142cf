"""QuadraticIF: the normal form of a neuron at the onset of firing.

tau dv/dt = curvature (v - v_rest)(v - v_critical) + current; a spike where v > threshold, then v <- reset_value.
Source: Gerstner et al., Neuronal Dynamics (2014), equation 5.16.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.decay import step_share
from spikenet.neurons.integration import Method, runge_kutta_4
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_to_value


def step(p: Any, v: Any, current: Any, *, method: Method = runge_kutta_4, reset: Reset = detached_to_value) -> Any:
    def rise(v: Any) -> Any:
        return p.share * (p.curvature * ((v - p.v_rest) * (v - p.v_critical)) + current)

    (v,) = method(rise, (v,), peak=p.threshold)
    fired = spike(v - p.threshold)
    return reset(p, v, fired), fired


def parameters(
    tau_mem_s: Any, dt_s: Any, v_rest: Any, v_critical: Any, curvature: Any, threshold: Any
) -> dict[str, Array]:
    """tau_mem_s, dt_s: > 0, seconds; voltages in one unit, v_critical > v_rest; curvature > 0, per unit of it.

    Raises ValueError also for a threshold that is not above v_critical, from where the neuron may return.
    """
    rest, critical = finite_values("QuadraticIF: v_rest", v_rest), finite_values("QuadraticIF: v_critical", v_critical)
    high = finite_values("QuadraticIF: threshold", threshold)
    if not (critical > rest).all():
        raise ValueError(f"QuadraticIF: v_critical: expected above v_rest = {rest}, got {critical}")
    if not (high > critical).all():
        raise ValueError(f"QuadraticIF: threshold: expected above v_critical = {critical}, got {high}")
    return {
        "share": step_share("QuadraticIF", "tau_mem_s", tau_mem_s, dt_s),
        "v_rest": rest,
        "v_critical": critical,
        "curvature": positive_values("QuadraticIF: curvature", curvature),
        "threshold": high,
    }
