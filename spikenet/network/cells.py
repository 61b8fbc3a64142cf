"""The linear models by their exact solutions, the conductance-based and the adaptive exponential one by a method, with
the parameters physiologists give.

Units: seconds, millivolts, picofarads, picoamperes, nanosiemens. Every parameter is a number or one a neuron. Weights
are in mV (iaf_psc_delta), pA (iaf_psc_exp, aeif_psc_exp; of the peak, iaf_psc_alpha) or nS (iaf_cond_exp).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.derive.receptors import trace_with_inputs
from spikenet.errors import Array, all_below, positive, positive_values, real_values
from spikenet.network.cell import Cell
from spikenet.network.clock import steps_of
from spikenet.neurons import aeif_psc_exp as adaptive_exp
from spikenet.neurons import exponential_if
from spikenet.neurons import iaf_cond_exp as cond_exp
from spikenet.neurons import iaf_psc_alpha as psc_alpha
from spikenet.neurons import iaf_psc_delta as psc_delta
from spikenet.neurons import iaf_psc_exp as psc_exp
from spikenet.neurons.decay import step_share
from spikenet.neurons.integration import Method, runge_kutta_4

MS = 1e3  # milliseconds a second


def iaf_psc_delta(
    *,
    dt_s: float,
    tau_mem_s: Any = 10e-3,
    capacitance_pf: Any = 250.0,
    rest_mv: Any = -70.0,
    threshold_mv: Any = -55.0,
    reset_mv: Any = -70.0,
    refractory_s: Any = 2e-3,
    bias_pa: Any = 0.0,
) -> Cell:
    """LIF; a spike moves the membrane by its weight in mV. Inputs: "spikes" (mV), "current" (pA)."""
    kind = "iaf_psc_delta"
    values, _, _ = _membrane(
        kind, dt_s, tau_mem_s, capacitance_pf, rest_mv, threshold_mv, reset_mv, refractory_s, bias_pa
    )
    return Cell(
        kind, trace_with_inputs(psc_delta.step, psc_delta.INPUTS), psc_delta.INPUTS, values,
        {"v": 0.0, "rests": 0.0}, {"v": real_values(f"{kind}: rest_mv", rest_mv)}, dt_s=dt_s,
    )  # fmt: skip


def iaf_psc_exp(
    *,
    dt_s: float,
    tau_mem_s: Any = 10e-3,
    capacitance_pf: Any = 250.0,
    tau_exc_s: Any = 2e-3,
    tau_inh_s: Any = 2e-3,
    rest_mv: Any = -70.0,
    threshold_mv: Any = -55.0,
    reset_mv: Any = -70.0,
    refractory_s: Any = 2e-3,
    bias_pa: Any = 0.0,
) -> Cell:
    """LIF with exponential synaptic currents. Inputs: "exc", "inh" and "current" (pA); unnamed weights go by sign.

    Where both time constants are equal there is one synaptic state, "i_syn"; "exc" and "inh" name its input.
    """
    kind = "iaf_psc_exp"
    values, tau, capacitance = _membrane(
        kind, dt_s, tau_mem_s, capacitance_pf, rest_mv, threshold_mv, reset_mv, refractory_s, bias_pa
    )
    taus = {
        "exc": MS * positive_values(f"{kind}: tau_exc_s", tau_exc_s),
        "inh": MS * positive_values(f"{kind}: tau_inh_s", tau_inh_s),
    }
    alike = np.array_equal(taus["exc"], taus["inh"])
    for name, tau_syn in ({"syn": taus["exc"]} if alike else taus).items():
        values[f"{name}_leak"] = np.exp(-dt_s * MS / tau_syn)
        values[f"{name}_to_v"] = psc_exp.current_to_membrane(tau_syn, tau, capacitance, dt_s * MS)
    origin = {"v": real_values(f"{kind}: rest_mv", rest_mv)}
    if alike:
        model = trace_with_inputs(psc_exp.alike_step, psc_exp.ALIKE_INPUTS)
        rest = {"v": 0.0, "i_syn": 0.0, "rests": 0.0}
        return Cell(
            kind, model, psc_exp.ALIKE_INPUTS, values, rest, origin, aliases={"exc": "syn", "inh": "syn"}, dt_s=dt_s
        )
    model = trace_with_inputs(psc_exp.step, psc_exp.INPUTS)
    rest = {"v": 0.0, "i_exc": 0.0, "i_inh": 0.0, "rests": 0.0}
    return Cell(kind, model, psc_exp.INPUTS, values, rest, origin, by_sign=("exc", "inh"), dt_s=dt_s)


def iaf_psc_alpha(
    *,
    dt_s: float,
    tau_mem_s: Any = 10e-3,
    capacitance_pf: Any = 250.0,
    tau_exc_s: Any = 2e-3,
    tau_inh_s: Any = 2e-3,
    rest_mv: Any = -70.0,
    threshold_mv: Any = -55.0,
    reset_mv: Any = -70.0,
    refractory_s: Any = 2e-3,
    bias_pa: Any = 0.0,
) -> Cell:
    """LIF with alpha-shaped synaptic currents; a weight is the current's peak. Inputs as iaf_psc_exp."""
    kind = "iaf_psc_alpha"
    values, tau, capacitance = _membrane(
        kind, dt_s, tau_mem_s, capacitance_pf, rest_mv, threshold_mv, reset_mv, refractory_s, bias_pa
    )
    h = dt_s * MS
    for name, tau_syn_s in (("exc", tau_exc_s), ("inh", tau_inh_s)):
        tau_syn = MS * positive_values(f"{kind}: tau_{name}_s", tau_syn_s)
        values[f"{name}_leak"] = np.exp(-h / tau_syn)
        values[f"{name}_start"] = math.e / tau_syn
        values[f"{name}_to_v"] = psc_exp.current_to_membrane(tau_syn, tau, capacitance, h)
        values[f"rise_{name}_to_v"] = psc_alpha.rise_to_membrane(tau_syn, tau, capacitance, h)
    values["dt_ms"] = np.asarray(h)
    rest = dict.fromkeys(("v", "i_exc", "rise_exc", "i_inh", "rise_inh", "rests"), 0.0)
    return Cell(
        kind, trace_with_inputs(psc_alpha.step, psc_alpha.INPUTS), psc_alpha.INPUTS, values, rest,
        {"v": real_values(f"{kind}: rest_mv", rest_mv)}, by_sign=("exc", "inh"), dt_s=dt_s,
    )  # fmt: skip


def iaf_cond_exp(
    *,
    dt_s: float,
    tau_mem_s: Any = 20e-3,
    capacitance_pf: Any = 200.0,
    tau_exc_s: Any = 5e-3,
    tau_inh_s: Any = 10e-3,
    rest_mv: Any = -60.0,
    threshold_mv: Any = -50.0,
    reset_mv: Any = -60.0,
    exc_reversal_mv: Any = 0.0,
    inh_reversal_mv: Any = -80.0,
    refractory_s: Any = 5e-3,
    bias_pa: Any = 0.0,
) -> Cell:
    """LIF with exponential conductances. Inputs: "exc", "inh" (nS, both positive) and "current" (pA).

    A negative weight without a named input goes to "inh", turned positive, as NEST has it.
    """
    kind = "iaf_cond_exp"
    values, tau, capacitance = _membrane(
        kind, dt_s, tau_mem_s, capacitance_pf, rest_mv, threshold_mv, reset_mv, refractory_s, bias_pa
    )
    rest = real_values(f"{kind}: rest_mv", rest_mv)
    values = _solved(kind, dt_s, tau, capacitance, values, {"exc": tau_exc_s, "inh": tau_inh_s})
    for name, reversal in (("exc", exc_reversal_mv), ("inh", inh_reversal_mv)):
        values[f"{name}_reversal"] = real_values(f"{kind}: {name}_reversal_mv", reversal) - rest
    states = {"v": 0.0, "g_exc": 0.0, "g_inh": 0.0, "rests": 0.0}
    return Cell(
        kind, trace_with_inputs(cond_exp.step, cond_exp.INPUTS), cond_exp.INPUTS, values, states, {"v": rest},
        inverted=frozenset({"inh"}), by_sign=("exc", "inh"), dt_s=dt_s,
    )  # fmt: skip


def aeif_psc_exp(
    *,
    dt_s: float,
    tau_mem_s: Any = 281 / 30 * 1e-3,
    capacitance_pf: Any = 281.0,
    tau_exc_s: Any = 0.2e-3,
    tau_inh_s: Any = 2e-3,
    rest_mv: Any = -70.6,
    rheobase_mv: Any = -50.4,
    slope_mv: Any = 2.0,
    threshold_mv: Any = 0.0,
    reset_mv: Any = -60.0,
    tau_adapt_s: Any = 144e-3,
    coupling_ns: Any = 4.0,
    jump_pa: Any = 80.5,
    refractory_s: Any = 0.0,
    bias_pa: Any = 0.0,
    method: Method = runge_kutta_4,
) -> Cell:
    """The adaptive exponential neuron (`AdEx`) with exponential synaptic currents. Inputs as iaf_psc_exp.

    threshold_mv: the peak, where the runaway is cut off and slopes are taken at most
    coupling_ns, jump_pa: what the adaptation current w follows the membrane by, and a spike adds to it
    method      : of sn.integrate, as of `AdEx`
    """
    kind = "aeif_psc_exp"
    values, tau, capacitance = _membrane(
        kind, dt_s, tau_mem_s, capacitance_pf, rest_mv, threshold_mv, reset_mv, refractory_s, bias_pa
    )
    rest = real_values(f"{kind}: rest_mv", rest_mv)
    runs_away = exponential_if.parameters(tau_mem_s, dt_s, rest, rheobase_mv, slope_mv, threshold_mv, kind)
    values |= {"slope": runs_away["slope"], "v_rheobase": runs_away["v_rheobase"] - rest}
    values = _solved(kind, dt_s, tau, capacitance, values, {"exc": tau_exc_s, "inh": tau_inh_s})
    values["adapt_share"] = step_share(kind, "tau_adapt_s", tau_adapt_s, dt_s)
    values["coupling"] = real_values(f"{kind}: coupling_ns", coupling_ns)
    values["jump"] = real_values(f"{kind}: jump_pa", jump_pa)
    if not callable(method):
        raise TypeError(f"{kind}: method: expected a function of sn.integrate, got {method!r:.60}")
    model = trace_with_inputs(adaptive_exp.step, adaptive_exp.INPUTS, {"method": method})
    states = dict.fromkeys(("v", "w", "i_exc", "i_inh", "rests"), 0.0)
    return Cell(kind, model, adaptive_exp.INPUTS, values, states, {"v": rest}, by_sign=("exc", "inh"), dt_s=dt_s)


def _solved(
    kind: str, dt_s: float, tau: Array, capacitance: Array, values: dict[str, Array], taus_s: dict[str, Any]
) -> dict[str, Array]:
    """`values` of a membrane that a method solves: without its exact solution, with decays of synapses."""
    h = dt_s * MS
    found = {name: value for name, value in values.items() if name not in ("leak", "current_to_v")}
    found |= {"leak_conductance": capacitance / tau, "step_per_capacitance": h / capacitance}
    for name, tau_syn_s in taus_s.items():
        tau_syn = MS * positive_values(f"{kind}: tau_{name}_s", tau_syn_s)
        found[f"{name}_leak"], found[f"{name}_half_leak"] = np.exp(-h / tau_syn), np.exp(-h / 2 / tau_syn)
    return found


def _membrane(
    kind: str, dt_s: float, tau_mem_s: Any, capacitance_pf: Any, rest_mv: Any, threshold_mv: Any, reset_mv: Any,
    refractory_s: Any, bias_pa: Any,
) -> tuple[dict[str, Array], Array, Array]:  # fmt: skip
    """(parameters that all of them have, tau in ms, capacitance in pF)."""
    h = MS * positive(f"{kind}: dt_s", dt_s)
    tau = MS * positive_values(f"{kind}: tau_mem_s", tau_mem_s)
    capacitance = positive_values(f"{kind}: capacitance_pf", capacitance_pf)
    rest = real_values(f"{kind}: rest_mv", rest_mv)
    threshold = real_values(f"{kind}: threshold_mv", threshold_mv)
    reset = real_values(f"{kind}: reset_mv", reset_mv)
    all_below(f"{kind}: reset_mv: expected values below the threshold", reset, threshold)
    values = {
        "leak": np.exp(-h / tau),
        "current_to_v": -np.expm1(-h / tau) * tau / capacitance,
        "bias": real_values(f"{kind}: bias_pa", bias_pa),
        "threshold": threshold - rest,
        "reset_value": reset - rest,
        "rest_steps": steps_of(f"{kind}: refractory_s", refractory_s, dt_s, least=0).astype(np.float64),
    }
    return values, tau, capacitance
