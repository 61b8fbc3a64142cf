"""Records spikes and membranes of single neurons in NEST: the ground truth of tests/test_nest_neurons.py.

python-with-nest benchmarks/record_nest_neurons.py tests/nest_neurons.json

Each model gets the same spikes on the grid, with weights that make it fire irregularly, and a current in steps. All
times are steps of 0.1 ms; what NEST calls t is the end of step t / 0.1 ms.
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
}
CURRENT = [(1000, 120.0), (4000, -60.0), (6000, 180.0)]  # (step at whose end it changes, pA)


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
    with open(path, "w") as file:
        json.dump(recorded, file)


if __name__ == "__main__":
    main(sys.argv[1])
