"""Neurons between NIR's differential equations and our steps.

NIR says what a neuron is in continuous time and nothing of how it is computed:

    LIF      tau dv/dt = v_leak - v + r I,  a spike where v > v_threshold, then v = v_reset
    CubaLIF  the same of I with tau_syn dI/dt = -I + w_in S;   LI  without spikes;   IF  dv/dt = r I

Both ways v is taken in units of its drive, above v_leak, so that r and w_in are 1 (Norse and Sinabs read no others) and
thresholds are divided by what they were: no spike changes. What is written is the equation whose solution over one
step, the input held, is our step; what NIR has no words for (order, comparison, a reset that subtracts, surrogates)
stands in the node's metadata, from which we make the same layer again. Source: Pedersen et al. 2024, Nature
Communications 15:8122.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.layers.build import build
from spikenet.layers.neurons import IF, LI, LIF, CubaLIF
from spikenet.layers.plain import revived
from spikenet.layers.spiking import Spiking
from spikenet.neurons.reset import detached_to_value
from spikenet.neurons.semantics import complement, euler, spikenet
from spikenet.neurons.semantics_record import Semantics, relaxing
from spikenet.neurons.surrogate import Surrogate

OURS = "spikenet"  # the name under which metadata hold a layer of ours
KINDS = ("IF", "LIF", "CubaLIF", "LI")


def neuron_node(nir: Any, label: str, layer: Spiking, shape: tuple[int, ...], dt_s: float) -> Any:
    """The NIR node of a population of `shape`; dt_s: of a neuron that knows no time by itself."""
    if layer.kind not in KINDS:
        raise ValueError(f"{label}: NIR has no such neuron; it has {', '.join(KINDS)}")
    config = layer.config()
    if config.get("refractory_s", config.get("refractory_steps")) is not None:
        raise ValueError(f"{label}: NIR's neurons are never refractory; leave the refractory period out")
    meant = revived(config["semantics"]) if config.get("semantics") else spikenet
    values = {name: np.broadcast_to(np.asarray(v.data, np.float64), shape) for name, v in layer.values.items()}
    step_s = config.get("dt_s", dt_s)
    metadata: dict[str, Any] = {OURS: json.dumps({"kind": layer.kind, "config": config})}
    metadata |= {f"{OURS}.{name}": np.atleast_1d(p.data) for name, p in layer.parameters().items()}
    fields: dict[str, Any] = {}
    unit = np.ones(shape)  # of v, what a lasting input of 1 comes to
    if layer.kind == "IF":
        fields["r"] = np.full(shape, 1 / step_s)
    else:
        fields["tau_mem" if layer.kind == "CubaLIF" else "tau"], gain = _continuous(meant, values["leak"], step_s)
        unit = unit if meant.gain is complement else gain
        fields |= {"r": unit if layer.kind == "LI" else np.ones(shape), "v_leak": np.zeros(shape)}
    if layer.kind == "CubaLIF":
        fields["tau_syn"], gain = _continuous(meant, values["syn_leak"], step_s)
        unit = unit if meant.synapse is relaxing else unit * gain
        fields["w_in"] = np.ones(shape)
    if layer.kind != "LI":
        fields["v_threshold"] = values["threshold"] / unit
        fields["v_reset"] = values.get("reset_value", np.zeros(shape)) / unit
    made = getattr(nir, layer.kind)
    return made(**{name: np.array(value) for name, value in fields.items()}, metadata=metadata)


def _continuous(meant: Semantics, retention: Array, dt_s: float) -> tuple[Array, Array]:
    """(time constant in seconds, what a unit of input adds over what a unit of drive does) of a retention."""
    lost = 1 - retention
    return dt_s / (lost if meant.retention is euler else -np.log(retention)), 1 / lost


def neurons_of(label: str, node: Any, dt_s: float, semantics: Semantics, surrogate: Surrogate) -> Spiking:
    """The layer of a NIR node: ours again where its metadata say so."""
    if OURS in node.metadata:
        return _again(node.metadata)
    kind = type(node).__name__
    unit = np.asarray(node.r, np.float64)
    if kind == "IF":
        unit = unit * dt_s
    if kind == "CubaLIF":
        unit = unit * np.asarray(node.w_in, np.float64)
    if (unit <= 0).any():
        raise ValueError(f"{label}: expected r and w_in above 0, got {unit.min():g}")
    if kind == "LI":
        if (unit != 1).any() or np.any(node.v_leak):
            raise ValueError(f"{label}: expected an LI with r 1 and v_leak 0: its membrane is the output")
        return LI(tau_mem_s=one_number(node.tau), dt_s=dt_s)
    rest = np.zeros(1) if kind == "IF" else np.asarray(node.v_leak, np.float64)
    threshold = one_number((node.v_threshold - rest) / unit)
    reset_value = one_number(((0.0 if node.v_reset is None else node.v_reset) - rest) / unit)
    common: dict[str, Any] = {"threshold": threshold, "surrogate": surrogate}
    if kind == "IF":
        return IF(reset=detached_to_value, reset_value=reset_value, **common)
    common |= {"reset_value": reset_value, "dt_s": dt_s, "semantics": semantics}
    if kind == "LIF":
        return LIF(tau_mem_s=one_number(node.tau), **common)
    return CubaLIF(tau_mem_s=one_number(node.tau_mem), tau_syn_s=one_number(node.tau_syn), **common)


def _again(metadata: dict[str, Any]) -> Spiking:
    layer: Spiking = build(**described(metadata))
    for name, p in layer.parameters().items():
        kept = np.array(metadata[f"{OURS}.{name}"], p.dtype)
        p.data = kept if p.ndim else kept.reshape(())  # HDF5 compresses no single number: it went as an array of one
    return layer


def described(metadata: dict[str, Any]) -> dict[str, Any]:
    """What we wrote down of a layer; nothing where others wrote the file."""
    text = metadata.get(OURS, "{}")
    kept: dict[str, Any] = json.loads(text.decode() if isinstance(text, bytes) else str(text))
    return kept


def one_number(values: Any, kind: type = float) -> Any:
    """One number where all neurons have the same; else an array."""
    array: Array = np.asarray(values, kind)
    return kind(array.flat[0]) if array.size and (array == array.flat[0]).all() else array
