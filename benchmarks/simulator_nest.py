"""A network in NEST, from the description of benchmarks/simulator_description.py; prints one line of JSON.

python simulator_nest.py description.json 1.0 2 1      file, seconds, threads, seed
"""

from __future__ import annotations

import json
import resource
import sys
import time

import nest


def value(given):
    """A number, a list, or NEST's distribution."""
    if not isinstance(given, dict):
        return given
    drawn = getattr(nest.random, given["kind"])(*(given[name] for name in ("a", "b")))
    low, high = (given[name] if given[name] is not None else sign * 1e300 for name, sign in (("low", -1), ("high", 1)))
    return drawn if (low, high) == (-1e300, 1e300) else nest.math.redraw(drawn, min=low, max=high)


def population(given):
    if "times_ms" in given:
        trains = [[] for _ in range(given["n"])]
        for time_ms, neuron in zip(given["times_ms"], given["neurons"], strict=True):
            trains[neuron].append(time_ms)
        return nest.Create("spike_train_injector", given["n"], params=[{"spike_times": t} for t in trains])
    drawn = {name: value(v) for name, v in given["parameters"].items() if isinstance(v, dict)}
    plain = {name: v for name, v in given["parameters"].items() if name not in drawn}
    made = nest.Create(given["model"], given["n"], params=plain)
    if drawn:
        made.set(drawn)
    return made


def drive(given, populations, delay_ms):
    """Poisson input, bin by bin; the last bin goes on."""
    for k, rate in enumerate(given["rates_hz"]):
        window = {}
        if given["bin_ms"] is not None:
            window["start"] = k * given["bin_ms"]
            if k + 1 < len(given["rates_hz"]):
                window["stop"] = (k + 1) * given["bin_ms"]
        if rate:
            source = nest.Create("poisson_generator", params={"rate": rate, **window})
            syn = {"weight": given["weight"], "delay": delay_ms}
            nest.Connect(source, populations[given["target"]], syn_spec=syn)


def first_id(nodes):
    return nodes.global_id if len(nodes) == 1 else nodes.global_id[0]


def main(file, seconds, threads, seed):
    with open(file) as text:
        given = json.load(text)
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(resolution=given["dt_ms"], local_num_threads=threads, rng_seed=seed)
    started = time.perf_counter()
    populations = {p["name"]: population(p) for p in given["populations"]}
    for p in given["projections"]:
        syn = {"weight": value(p["weight"]), "delay": value(p["delay"])}
        nest.Connect(populations[p["source"]], populations[p["target"]], p["rule"], syn)
    delays = [p["delay"] for p in given["projections"]]
    shortest = given["dt_ms"] if any(isinstance(d, (dict, list)) for d in delays) else min(delays)
    for d in given["drives"]:
        drive(d, populations, shortest)
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
        events, nodes = recorder.events, populations[p]
        times = (events["times"] / 1e3).tolist()
        trains[p] = [times, (events["senders"] - first_id(nodes)).tolist(), len(nodes)]
    results = {
        "build_s": built - started,
        "run_s": run,
        "trains": trains,
        "synapses": nest.num_connections,
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "version": nest.__version__,
    }
    print("RESULT " + json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
