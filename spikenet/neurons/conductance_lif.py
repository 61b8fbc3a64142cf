"""ConductanceLIF: LIF whose input opens channels: what it drives depends on how far the membrane is from a reversal.

tau dv/dt = v_rest - v + g_exc (v_exc - v) + g_inh (v_inh - v), g in units of the leak conductance. Positive input adds
to g_exc, negative to g_inh; both decay exactly. The membrane is solved exactly for conductances held over the step, so
of first order in dt and stable for any. Source: Gerstner et al., Neuronal Dynamics (2014), section 3.1.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import exp, relu, spike
from spikenet.neurons.reset import Reset, detached_to_value


def step(p: Any, g_exc: Any, g_inh: Any, v: Any, current: Any, *, reset: Reset = detached_to_value) -> Any:
    g_exc = p.exc_leak * g_exc + relu(current)
    g_inh = p.inh_leak * g_inh + relu(-current)
    total = 1.0 + g_exc + g_inh
    towards = (p.v_rest + g_exc * p.v_exc + g_inh * p.v_inh) / total
    v = towards + (v - towards) * exp(-(p.share * total))
    fired = spike(v - p.threshold)
    return g_exc, g_inh, reset(p, v, fired), fired


def parameters(
    tau_mem_s: Any, tau_exc_s: Any, tau_inh_s: Any, dt_s: Any, v_rest: Any, v_exc: Any, v_inh: Any, threshold: Any
) -> dict[str, Array]:
    """tau_..._s, dt_s: > 0, seconds; voltages in one unit, v_rest < threshold < v_exc."""
    rest, high = finite_values("ConductanceLIF: v_rest", v_rest), finite_values("ConductanceLIF: threshold", threshold)
    exc = finite_values("ConductanceLIF: v_exc", v_exc)
    if not ((rest < high).all() and (high < exc).all()):
        raise ValueError(
            f"ConductanceLIF: threshold: expected between v_rest = {rest} and v_exc = {exc}, got {high}; it would fire "
            "always or never"
        )
    return {
        "exc_leak": leak("ConductanceLIF", "tau_exc_s", tau_exc_s, dt_s),
        "inh_leak": leak("ConductanceLIF", "tau_inh_s", tau_inh_s, dt_s),
        "share": positive("ConductanceLIF: dt_s", dt_s) / positive_values("ConductanceLIF: tau_mem_s", tau_mem_s),
        "v_rest": rest,
        "v_exc": exc,
        "v_inh": finite_values("ConductanceLIF: v_inh", v_inh),
        "threshold": high,
    }
