"""The simulator beside NEST and Brian2: the same networks, the same number of threads, their statistics compared.

    python benchmarks/simulator.py --network brunel --duration 1 --nest /path/to/python-with-nest
    python benchmarks/simulator.py --network cuba --duration 5 --nest PYTHON --brian2 PYTHON
    python benchmarks/simulator.py --network microcircuit --duration 0.5 --scale 1

A peer that is not given is not run. Printed: seconds to build and to run (compiling apart), how much slower than real
time, synaptic events a second, and with what probability rates and CVs of the excitatory neurons are as different by
chance (Kolmogorov-Smirnov).
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import spikenet as sn

HERE = Path(__file__).resolve().parent


def ours(name: str, scale: float, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    """Best of three runs after a short one that compiles; the network is built twice and the second time counts."""
    make = getattr(sn.networks, name)
    sn.Simulation(make(scale=max(0.02, scale / 100)), threads=threads).run(1e-3)
    runs = []
    net = make(scale=scale)
    for _ in range(3 if scale * seconds <= 1 else 1):
        simulation = sn.Simulation(net, seed=seed, threads=threads)
        runs.append(simulation.run(seconds))
    best = min(runs, key=lambda r: r.run.run_s)
    events = sum((np.bincount(best[p].neurons, minlength=p.n) * simulation.fan_out(p)).sum() for p in net.populations)
    return {
        "build_s": min(r.run.build_s for r in runs), "run_s": best.run.run_s, "synapses": best.run.synapses,
        "trains": best.trains, "events": float(events), "window": simulation.window,
    }  # fmt: skip


def peer(python: str, script: str, name: str, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    command = [python, str(HERE / script), name, str(seconds), str(threads), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise RuntimeError(f"{script}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
    return result


def statistics(trains: dict[str, Any], population: str, seconds: float) -> tuple[Any, Any]:
    """(rates, CVs that are known) of the neurons of a population, without the first tenth."""
    times, neurons, n = (np.asarray(a) for a in trains[population])
    late = times > 0.1 * seconds
    rates = sn.spike_trains.rates_hz(times, neurons, int(n), 0.1 * seconds, seconds)
    cvs = sn.spike_trains.cv(times[late], neurons[late], int(n))
    return rates, cvs[np.isfinite(cvs)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="brunel", choices=("brunel", "cuba", "coba", "microcircuit"))
    parser.add_argument("--duration", type=float, default=1.0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nest", help="a Python that has NEST")
    parser.add_argument("--brian2", help="a Python that has Brian2")
    options = parser.parse_args()
    seconds, threads = options.duration, options.threads
    print(f"{platform.machine()}, {threads} threads, {options.network} x {options.scale:g}, {seconds:g} s simulated")
    results = {"spikenet": ours(options.network, options.scale, seconds, threads, options.seed)}
    if options.scale == 1:
        for name, python, script in (("NEST", options.nest, "simulator_nest.py"),
                                     ("Brian2", options.brian2, "simulator_brian2.py")):  # fmt: skip
            if python:
                results[name] = peer(python, script, options.network, seconds, threads, options.seed)
    first = next(iter(results["spikenet"]["trains"]))
    own = statistics(results["spikenet"]["trains"], first, seconds)
    for name, r in results.items():
        rates, cvs = statistics(r["trains"], first, seconds)
        line = f"{name:9} build {r['build_s']:7.2f} s  run {r['run_s']:8.3f} s  {r['run_s'] / seconds:7.3f} x real time"
        line += f"  {r['run_s'] / results['spikenet']['run_s']:6.1f} x ours  {first}: {rates.mean():6.2f} Hz, CV "
        line += f"{cvs.mean() if cvs.size else float('nan'):.3f}"
        if name != "spikenet" and cvs.size:
            line += (
                f"  p(rates) {stats.ks_2samp(own[0], rates).pvalue:.2g}, p(CV) {stats.ks_2samp(own[1], cvs).pvalue:.2g}"
            )
        print(line)
    r = results["spikenet"]
    print(
        f"{r['synapses']} synapses, {r['events'] / r['run_s'] / 1e9:.3f} billion events a second, "
        f"{1e9 * r['run_s'] * threads / max(r['events'], 1):.2f} ns an event and core, all else included; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
