"""ExponentialIF: a membrane that runs away by itself above a soft threshold.

tau dv/dt = v_rest - v + slope exp((v - v_rheobase) / slope) + current; a spike where v > threshold, which only cuts the
runaway off. Source: Fourcaud-Trocme et al. 2003, J. Neurosci. 23(37):11628.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.decay import step_share
from spikenet.neurons.integration import Method, runge_kutta_4
from spikenet.neurons.primitives import exp, spike
from spikenet.neurons.reset import Reset, detached_to_value

HIGHEST = 60.0  # slopes between rheobase and threshold: exp of more leaves float32 within a step


def step(p: Any, v: Any, current: Any, *, method: Method = runge_kutta_4, reset: Reset = detached_to_value) -> Any:
    def rise(v: Any) -> Any:
        return p.share * (p.v_rest - v + p.slope * exp((v - p.v_rheobase) / p.slope) + current)

    (v,) = method(rise, (v,), peak=p.threshold)
    fired = spike(v - p.threshold)
    return reset(p, v, fired), fired


def parameters(
    tau_mem_s: Any, dt_s: Any, v_rest: Any, v_rheobase: Any, slope: Any, threshold: Any, model: str = "ExponentialIF"
) -> dict[str, Array]:
    """tau_mem_s, dt_s: > 0, seconds; the others in one unit of the membrane, slope > 0.

    Raises ValueError also for a step longer than tau_mem_s, and for a threshold that is not above v_rheobase or
    further than `HIGHEST` slopes from it.
    """
    widths = positive_values(f"{model}: slope", slope)
    high, low = finite_values(f"{model}: threshold", threshold), finite_values(f"{model}: v_rheobase", v_rheobase)
    far = (high - low) / widths
    if not ((far > 0) & (far <= HIGHEST)).all():
        raise ValueError(
            f"{model}: threshold: expected above v_rheobase by at most {HIGHEST:g} slopes, got {high} for {low} and "
            f"slope {widths}"
        )
    return {
        "share": step_share(model, "tau_mem_s", tau_mem_s, dt_s),
        "v_rest": finite_values(f"{model}: v_rest", v_rest),
        "v_rheobase": low,
        "slope": widths,
        "threshold": high,
    }
