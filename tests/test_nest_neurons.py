"""Neurons beside NEST 3.10: exact ones to 1e-12 mV and every spike, Izhikevich's by both methods, AdEx on the grid.

Recorded by benchmarks/record_nest_neurons.py; no NEST is needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import spikenet as sn

RECORDED = json.loads((Path(__file__).parent / "nest_neurons.json").read_text())
OURS = {
    "tau_m": ("tau_mem_s", 1e-3), "V_reset": ("reset_mv", 1.0), "t_ref": ("refractory_s", 1e-3),
    "C_m": ("capacitance_pf", 1.0), "tau_syn_ex": ("tau_exc_s", 1e-3), "tau_syn_in": ("tau_inh_s", 1e-3),
    "tau_w": ("tau_adapt_s", 1e-3),
}  # fmt: skip
CURRENT_LATE = 1  # steps: the delay of the generator's connection


def recorded_and_ours(model, dtype=np.float64):
    """What NEST recorded of a model, and our recording of the same input, with the membrane at NEST's times."""
    recorded, dt_s = RECORDED["models"][model], 1e-3 * RECORDED["dt_ms"]
    given = {name: value for name, value in recorded["parameters"].items() if name != "V_m"}
    values = {OURS[name][0]: OURS[name][1] * value for name, value in given.items()}
    net = sn.Network(dt_s)
    cell = net.population("cell", getattr(sn.cells, model), 1, **values)
    trains = np.array(RECORDED["trains"])
    source = net.source("s", sn.inputs.trains(np.array(RECORDED["steps"]) * dt_s, trains), 40)
    k = np.arange(40)
    for inhibits in (False, True):
        mine = k[(k % 4 == 3) == inhibits]
        rule = sn.rules.listed(mine, np.zeros(mine.size, np.int64))
        net.connect(source, cell, rule, recorded["weights"][inhibits], dt_s * (1.0 + mine % 7))
    steps, amounts = zip(*RECORDED["current"], strict=True)
    net.drive(cell, sn.inputs.step_current((np.array(steps) + CURRENT_LATE) * dt_s, amounts))
    probe = sn.probe(cell, "v", every_s=100 * dt_s)
    recording = sn.simulate(net, 1.0, dtype=dtype, states=[probe])
    v = recording.states["cell"].values["v"][:, 0]
    at = np.searchsorted(np.round(recording.states["cell"].times_s / dt_s).astype(int), recorded["v_steps"])
    return recorded, recording[cell].steps + 1, v[at]


@pytest.mark.parametrize("model", [name for name in RECORDED["models"] if name != "aeif_psc_exp"])
def test_spikes_and_membranes_are_those_of_nest(model):
    recorded, spikes, v = recorded_and_ours(model)
    assert spikes.tolist() == recorded["spikes"]
    assert np.abs(v - recorded["v_mv"]).max() < 1e-12


def test_adex_with_synapses_fires_as_in_nest():
    """Every spike, most in the same step; what a reset at the end of a step shifts fades with the adaptation."""
    recorded, spikes, v = recorded_and_ours("aeif_psc_exp")
    late = spikes - recorded["spikes"]
    assert len(spikes) == 41
    assert np.abs(late).max() <= 3
    assert (late == 0).mean() > 0.6
    assert np.median(np.abs(v - recorded["v_mv"])) < 0.05


def steps_of_spikes(layer, current):
    steps = round(0.5 / layer.config()["dt_s"])
    return (np.flatnonzero(layer(np.full((steps, 1, 1), current)).data) + 1).tolist()


@pytest.mark.parametrize(
    ("name", "exact", "dt_ms", "spikes"),
    [row for row in RECORDED["constant"] if row[0] != "aeif_psc_exp"],
    ids=[f"{row[0]}-{row[1]}-{row[2]}" for row in RECORDED["constant"] if row[0] != "aeif_psc_exp"],
)
def test_izhikevich_fires_as_in_nest_by_either_of_its_methods(name, exact, dt_ms, spikes, interpreted):
    method = sn.integrate.euler if exact else sn.izhikevich.as_published
    layer = sn.Izhikevich(getattr(sn.izhikevich, name), dt_s=1e-3 * dt_ms, method=method)
    known = 14 if name == "fast_spiking" else len(spikes)  # its steps multiply what two orders of a sum round apart
    assert len(spikes) >= 10
    assert steps_of_spikes(layer, 10.0)[:known] == spikes[:known]


def test_adex_fires_as_in_nest(interpreted):
    """NEST solves with steps of its own, and resets within a step; ours is reset at its end, which adds up."""
    for name, _, dt_ms, spikes in RECORDED["constant"]:
        if name == "aeif_psc_exp":
            ours = np.array(steps_of_spikes(sn.AdEx(dt_s=1e-3 * dt_ms), 33.0))
            late = ours - spikes
            assert late[0] in (0, 1)
            assert (np.diff(late) >= -1).all()
            assert late[-1] <= 0.75 * len(spikes)
