"""Records spikes and membranes of single neurons in NEST: the ground truth of tests/test_nest_neurons.py.

python-with-nest benchmarks/record_nest_neurons.py tests/nest_neurons.json

Each model gets the same spikes on the grid, with weights that make it fire irregularly, and a current in steps; AdEx
and Izhikevich's a constant current, by steps of several lengths. All times are steps; what NEST calls t is the end of
step t / 0.1 ms.
"""

from __future__ import annotations

import json
import sys

import nest
import numpy as np

DT_MS, STEPS, TRAINS = 0.1, 10_000, 40
MODELS = {  # parameters that differ from NEST's defaults, and the weights of exciting and inhibiting trains
    "iaf_psc_delta": ({"tau_m": 15.0, "V_reset": -65.0, "t_ref": 1.5}, (1.25, -1.5)),
    "iaf_psc_exp": ({"tau_syn_ex": 1.7, "tau_syn_in": 6.3, "tau_m": 12.0, "V_reset": -62.0}, (192.0, -80.0)),
    "iaf_psc_alpha": ({"tau_syn_ex": 0.9, "tau_syn_in": 3.1, "C_m": 200.0, "t_ref": 3.0}, (160.0, -64.0)),
    "aeif_psc_exp": (
        {"tau_syn_ex": 1.7, "tau_syn_in": 6.3, "t_ref": 2.0, "tau_w": 50.0, "V_reset": -62.0, "V_m": -70.6},
        (700.0, -300.0),
    ),
}
CURRENT = [(1000, 120.0), (4000, -60.0), (6000, 180.0)]  # (step at whose end it changes, pA)
ADEX = {"I_e": 990.0, "V_peak": 20.0, "V_reset": -70.6, "V_m": -70.6, "t_ref": 0.0}
SETS = {  # a, b, c, d of Izhikevich 2003, figure 2
    "regular_spiking": (0.02, 0.2, -65.0, 8.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast_spiking": (0.1, 0.2, -65.0, 2.0),
}
CONSTANT_MS = 500.0


def under_constant_currents():
    """[model or set, whether NEST's consistent integration, dt_ms, steps of the spikes] of every one."""
    recorded = []
    for dt_ms in (1.0, 0.1, 0.01):
        cells = [("aeif_psc_exp", "aeif_psc_exp", True, ADEX)]
        for name, (a, b, c, d) in SETS.items() if dt_ms > 0.01 else ():
            kind = {"a": a, "b": b, "c": c, "d": d, "I_e": 10.0, "V_m": -65.0, "U_m": -65.0 * b}
            cells += [(name, "izhikevich", exact, kind | {"consistent_integration": exact}) for exact in (True, False)]
        for name, model, exact, parameters in cells:
            nest.ResetKernel()
            nest.set(resolution=dt_ms)
            cell, recorder = nest.Create(model, params=parameters), nest.Create("spike_recorder")
            nest.Connect(cell, recorder)
            nest.Simulate(CONSTANT_MS)
            recorded.append([name, exact, dt_ms, np.round(recorder.events["times"] / dt_ms).astype(int).tolist()])
            print(name, exact, dt_ms, len(recorded[-1][-1]), "spikes")
    return recorded


def main(path):
    rng = np.random.default_rng(20110)
    spikes = np.flatnonzero(rng.random(STEPS * TRAINS) < 0.004)  # 40 Hz each
    steps, trains = spikes // TRAINS + 1, spikes % TRAINS
    recorded = {"dt_ms": DT_MS, "steps": steps.tolist(), "trains": trains.tolist(), "current": CURRENT, "models": {}}
    for model, (parameters, weights) in MODELS.items():
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.ResetKernel()
        nest.set(resolution=DT_MS)
        cell = nest.Create(model, params=parameters)
        sources = nest.Create(
            "spike_generator",
            TRAINS,
            params=[{"spike_times": (steps[trains == k] * DT_MS).round(1)} for k in range(TRAINS)],
        )
        for k in range(TRAINS):
            syn = {"weight": weights[k % 4 == 3], "delay": DT_MS * (1 + k % 7)}
            nest.Connect(sources[k], cell, syn_spec=syn)
        times, values = zip(*CURRENT, strict=True)
        current = nest.Create("step_current_generator")
        current.set({"amplitude_times": [round(t * DT_MS, 1) for t in times], "amplitude_values": values})
        nest.Connect(current, cell, syn_spec={"delay": DT_MS})
        spike_recorder = nest.Create("spike_recorder")
        nest.Connect(cell, spike_recorder)
        meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 10.0})
        nest.Connect(meter, cell)
        nest.Simulate(STEPS * DT_MS)
        recorded["models"][model] = {
            "parameters": parameters,
            "weights": weights,
            "spikes": np.round(spike_recorder.events["times"] / DT_MS).astype(int).tolist(),
            "v_steps": np.round(meter.events["times"] / DT_MS).astype(int).tolist(),
            "v_mv": meter.events["V_m"].tolist(),
        }
        print(model, len(recorded["models"][model]["spikes"]), "spikes")
    recorded["constant"] = under_constant_currents()
    with open(path, "w") as file:
        json.dump(recorded, file)


if __name__ == "__main__":
    main(sys.argv[1])
