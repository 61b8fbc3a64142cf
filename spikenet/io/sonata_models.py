"""Neurons that SONATA names by NEST's model, and their parameters both ways."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from spikenet.errors import Array
from spikenet.network import cells
from spikenet.network.draw import Distribution
from spikenet.network.populations import PARAMETERS, STARTS, drawn, stream
from spikenet.network.records import Population
from spikenet.neurons.integration import runge_kutta_4

MEMBRANE = {
    "C_m": ("capacitance_pf", 1.0), "E_L": ("rest_mv", 1.0), "V_th": ("threshold_mv", 1.0),
    "V_reset": ("reset_mv", 1.0), "t_ref": ("refractory_s", 1e-3), "I_e": ("bias_pa", 1.0),
}  # fmt: skip
SYNAPSES = {"tau_syn_ex": ("tau_exc_s", 1e-3), "tau_syn_in": ("tau_inh_s", 1e-3)}
CURRENT_BASED = {"C_m": 250.0, "tau_m": 10.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -70.0, "t_ref": 2.0, "I_e": 0.0}


class Model(NamedTuple):
    """make: our cell; names: {NEST's parameter: (ours, ours for one of NEST's)}; defaults: NEST's, in its units."""

    make: Callable[..., Any]
    names: Mapping[str, tuple[str, float]]
    defaults: Mapping[str, float]


MODELS = {  # defaults: GetDefaults of NEST 3.10
    "nest:iaf_psc_delta": Model(cells.iaf_psc_delta, MEMBRANE | {"tau_m": ("tau_mem_s", 1e-3)}, CURRENT_BASED),
    "nest:iaf_psc_exp": Model(
        cells.iaf_psc_exp, MEMBRANE | SYNAPSES | {"tau_m": ("tau_mem_s", 1e-3)},
        CURRENT_BASED | {"tau_syn_ex": 2.0, "tau_syn_in": 2.0},
    ),
    "nest:iaf_psc_alpha": Model(
        cells.iaf_psc_alpha, MEMBRANE | SYNAPSES | {"tau_m": ("tau_mem_s", 1e-3)},
        CURRENT_BASED | {"tau_syn_ex": 2.0, "tau_syn_in": 2.0},
    ),
    "nest:iaf_cond_exp": Model(
        cells.iaf_cond_exp, MEMBRANE | SYNAPSES | {"E_ex": ("exc_reversal_mv", 1.0), "E_in": ("inh_reversal_mv", 1.0)},
        {"C_m": 250.0, "g_L": 16.6667, "E_L": -70.0, "V_th": -55.0, "V_reset": -60.0, "t_ref": 2.0, "I_e": 0.0,
         "tau_syn_ex": 0.2, "tau_syn_in": 2.0, "E_ex": 0.0, "E_in": -85.0},
    ),
    "nest:aeif_psc_exp": Model(
        cells.aeif_psc_exp,
        MEMBRANE | SYNAPSES | {
            "V_th": ("rheobase_mv", 1.0), "V_peak": ("threshold_mv", 1.0), "Delta_T": ("slope_mv", 1.0),
            "tau_w": ("tau_adapt_s", 1e-3), "a": ("coupling_ns", 1.0), "b": ("jump_pa", 1.0),
        },
        {"C_m": 281.0, "g_L": 30.0, "E_L": -70.6, "V_th": -50.4, "V_peak": 0.0, "V_reset": -60.0, "t_ref": 0.0,
         "I_e": 0.0, "Delta_T": 2.0, "tau_w": 144.0, "a": 4.0, "b": 80.5, "tau_syn_ex": 0.2, "tau_syn_in": 2.0},
    ),
}  # fmt: skip


def our_values(label: str, template: str, given: Mapping[str, Array]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(arguments of our model, its starts) for parameters of NEST's, (n,) each; what is not given is NEST's default.

    ValueError for a model or a parameter that has no counterpart here.
    """
    if template not in MODELS:
        raise ValueError(f"{label}: no model {template!r}; there are {', '.join(MODELS)}")
    model = MODELS[template]
    known = {*model.defaults, "V_m"}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"{label}: {template} takes no {', '.join(unknown)} here; it takes {', '.join(sorted(known))}")
    theirs: dict[str, Any] = {**model.defaults, **given}
    starts = {"v": theirs.pop("V_m")} if "V_m" in theirs else {}
    values = {ours: _one(theirs[name] * unit) for name, (ours, unit) in model.names.items()}
    if "g_L" in theirs:
        values["tau_mem_s"] = _one(1e-3 * theirs["C_m"] / theirs["g_L"])
    return values, starts


def their_values(population: Population, seed: int) -> tuple[str, dict[str, Array]]:
    """(NEST's model, its parameters, (n,) each) of a population, distributions drawn as for a run with this seed."""
    label = f"population {population.name!r}"
    template = next((name for name, model in MODELS.items() if population.model is model.make), None)
    if template is None:
        raise ValueError(
            f"{label}: SONATA names no such model; it can be {', '.join(m[5:] for m in MODELS)} of sn.cells"
        )
    model = MODELS[template]
    if others := set(population.start) - {"v"}:
        raise ValueError(f"{label}: start: SONATA holds the membrane's only, not {', '.join(sorted(others))}")
    usual = {n: p.default for n, p in inspect.signature(model.make).parameters.items() if n != "dt_s"}
    ours: dict[str, Any] = {**usual, **population.values}
    if (method := ours.pop("method", runge_kutta_4)) is not runge_kutta_4:
        raise ValueError(f"{label}: method: a file names none and is read with the default, not {method!r:.60}")

    def numbers(name: str, value: Any, purpose: int) -> Array:
        if isinstance(value, Distribution):
            value = drawn(value, population.n, seed, stream(purpose, population.index, name))
        return np.array(np.broadcast_to(np.asarray(value, np.float64), (population.n,)))

    ours = {name: numbers(name, value, PARAMETERS) for name, value in ours.items()}
    theirs = {name: ours[own] / unit for name, (own, unit) in model.names.items()}
    if "g_L" in model.defaults:
        theirs["g_L"] = 1e-3 * ours["capacitance_pf"] / ours["tau_mem_s"]
    if population.start:
        theirs["V_m"] = numbers("v", population.start["v"], STARTS)
    return template, theirs


def _one(values: Any) -> Any:
    """A number where all are alike."""
    array = np.asarray(values)
    return float(array.flat[0]) if array.size and (array == array.flat[0]).all() else array
