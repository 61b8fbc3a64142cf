"""The networks of benchmarks/simulator.py in NEST: run by a Python that has it, prints one line of JSON.

python simulator_nest.py brunel 1.0 2 1      network, seconds, threads, seed
"""

from __future__ import annotations

import json
import sys
import time

import nest


def brunel(nest_threads):
    par = {"C_m": 1.0, "tau_m": 20.0, "t_ref": 2.0, "E_L": 0.0, "V_reset": 10.0, "V_m": 0.0, "V_th": 20.0}
    exc, inh = (nest.Create("iaf_psc_delta", n, params=par) for n in (10_000, 2_500))
    outside = nest.Create("poisson_generator", params={"rate": 2.0 * 20.0 / (0.1 * 20.0) * 1000.0})
    for target in (exc, inh):
        nest.Connect(outside, target, syn_spec={"weight": 0.1, "delay": 1.5})
        for source, k, weight in ((exc, 1000, 0.1), (inh, 250, -0.5)):
            rule = {"rule": "fixed_indegree", "indegree": k}
            nest.Connect(source, target, rule, {"weight": weight, "delay": 1.5})
    return {"E": exc, "I": inh}


def benchmark(model, par, weights, start):
    exc, inh = (nest.Create(model, n, params=par) for n in (3200, 800))
    for population in (exc, inh):
        population.set(start)
    for source, weight in zip((exc, inh), weights, strict=True):
        for target in (exc, inh):
            nest.Connect(source, target, {"rule": "pairwise_bernoulli", "p": 0.02}, {"weight": weight, "delay": 0.1})
    return {"E": exc, "I": inh}


def cuba(nest_threads):
    par = {
        "C_m": 200.0,
        "tau_m": 20.0,
        "tau_syn_ex": 5.0,
        "tau_syn_in": 10.0,
        "E_L": -49.0,
        "V_th": -50.0,
        "V_reset": -60.0,
        "t_ref": 5.0,
    }
    return benchmark("iaf_psc_exp", par, (16.2, -90.0), {"V_m": nest.random.uniform(-60.0, -50.0)})


def coba(nest_threads):
    par = {
        "C_m": 200.0,
        "g_L": 10.0,
        "tau_syn_ex": 5.0,
        "tau_syn_in": 10.0,
        "E_L": -60.0,
        "V_th": -50.0,
        "V_reset": -60.0,
        "t_ref": 5.0,
        "E_ex": 0.0,
        "E_in": -80.0,
    }
    made = benchmark("iaf_cond_exp", par, (6.0, -67.0), {"V_m": nest.random.uniform(-60.0, -50.0)})
    outside = nest.Create("poisson_generator", params={"rate": 500.0, "stop": 50.0})
    for population in made.values():
        nest.Connect(outside, population, syn_spec={"weight": 6.0, "delay": 0.1})
    return made


def main(name, seconds, threads, seed):
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.set(resolution=0.1, local_num_threads=threads, rng_seed=seed)
    started = time.perf_counter()
    populations = {"brunel": brunel, "cuba": cuba, "coba": coba}[name](threads)
    recorders = {p: nest.Create("spike_recorder") for p in populations}
    for p, recorder in recorders.items():
        nest.Connect(populations[p], recorder)
    nest.Prepare()
    built = time.perf_counter()
    nest.Run(1e3 * seconds)
    run = time.perf_counter() - built
    nest.Cleanup()
    trains = {}
    for p, recorder in recorders.items():
        first = populations[p].global_id if len(populations[p]) == 1 else populations[p].global_id[0]
        events = recorder.events
        trains[p] = [(events["times"] / 1e3).tolist(), (events["senders"] - first).tolist(), len(populations[p])]
    print(
        "RESULT "
        + json.dumps(
            {
                "build_s": built - started,
                "run_s": run,
                "trains": trains,
                "synapses": nest.num_connections,
                "version": nest.__version__,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
