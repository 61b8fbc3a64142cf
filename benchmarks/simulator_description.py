"""A Network in words that every simulator understands: what benchmarks/simulator_nest.py builds from."""

from __future__ import annotations

from typing import Any

import numpy as np

import spikenet as sn
from spikenet.io.sonata_models import MODELS
from spikenet.kernels.sampling import LOGNORMAL, NORMAL, UNIFORM
from spikenet.network.draw import Distribution
from spikenet.network.inputs import Poisson, Trains

KINDS = {UNIFORM: "uniform", NORMAL: "normal", LOGNORMAL: "lognormal"}
WHOLE = {"k": "indegree", "n": "N", "probability": "p"}  # what a rule counts, as NEST calls it
RULES = {
    "FixedIndegree": "fixed_indegree", "FixedTotal": "fixed_total_number", "Pairwise": "pairwise_bernoulli",
    "AllToAll": "all_to_all", "OneToOne": "one_to_one",
}  # fmt: skip


def description(net: sn.Network) -> dict[str, Any]:
    """Milliseconds, NEST's names of parameters; distributions as {"kind", "a", "b", "low", "high"}."""
    return {
        "dt_ms": 1e3 * net.dt_s,
        "populations": [_population(p) for p in net.populations],
        "projections": [_projection(p) for p in net.projections],
        "drives": [_drive(d) for d in net.drives],
    }


def _population(p: Any) -> dict[str, Any]:
    if p.model is None:
        if not isinstance(p.spikes, Trains):
            raise TypeError(f"{p.name}: expected trains, got {type(p.spikes).__name__}")
        return {"name": p.name, "n": p.n, "times_ms": (1e3 * p.spikes.times_s).tolist(),
                "neurons": p.spikes.neurons.tolist()}  # fmt: skip
    template, model = next((t, m) for t, m in MODELS.items() if m.make is p.model)
    theirs = {ours: (name, unit) for name, (ours, unit) in model.names.items()}
    ours = {**_defaults(model.make), **p.values}
    parameters = {name: _value(ours[own], 1 / unit) for own, (name, unit) in theirs.items()}
    if "g_L" in model.defaults:
        parameters["g_L"] = 1e-3 * ours["capacitance_pf"] / ours["tau_mem_s"]
    # where a membrane begins, ours at its rest
    parameters["V_m"] = _value(p.start.get("v", ours["rest_mv"]))
    return {"name": p.name, "n": p.n, "model": template.removeprefix("nest:"), "parameters": parameters}


def _projection(p: Any) -> dict[str, Any]:
    rule = {"rule": RULES[type(p.rule).__name__]}
    rule |= {WHOLE[name]: getattr(p.rule, name) for name in WHOLE if hasattr(p.rule, name)}
    rule |= {f"allow_{name}": getattr(p.rule, name) for name in ("autapses", "multapses") if hasattr(p.rule, name)}
    return {"source": p.source.name, "target": p.target.name, "rule": rule, "weight": _value(p.weight),
            "delay": _value(p.delay_s, 1e3)}  # fmt: skip


def _drive(d: Any) -> dict[str, Any]:
    if not isinstance(d.drive, Poisson) or d.drive.rates_hz.shape[1] != 1:
        raise TypeError("expected Poisson input of one rate for all")
    bin_ms = 1e3 * d.drive.bin_s
    inverted = -1.0 if d.weight > 0 and d.receptor == "inh" else 1.0
    return {"target": d.target.name, "weight": inverted * d.weight, "rates_hz": d.drive.rates_hz[:, 0].tolist(),
            "bin_ms": None if np.isinf(bin_ms) else bin_ms}  # fmt: skip


def _defaults(make: Any) -> dict[str, Any]:
    import inspect

    return {n: p.default for n, p in inspect.signature(make).parameters.items() if n != "dt_s"}


def _value(value: Any, unit: float = 1.0) -> Any:
    if isinstance(value, Distribution):
        scaled = {"a": value.a * unit, "b": value.b * unit, "low": value.low * unit, "high": value.high * unit}
        bounds = {name: None if np.isinf(v) else v for name, v in scaled.items()}
        if value.kind == LOGNORMAL and unit != 1.0:
            raise TypeError("lognormal values of another unit")
        return {"kind": KINDS[value.kind], **bounds}
    return (np.asarray(value, np.float64) * unit).tolist()
