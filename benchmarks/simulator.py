"""The simulator beside NEST and Brian2: the same networks, the same number of threads, their statistics compared.

    python benchmarks/simulator.py --network brunel --duration 1 --nest /path/to/python-with-nest
    python benchmarks/simulator.py --network cuba --duration 5 --nest PYTHON --brian2 PYTHON
    python benchmarks/simulator.py --network microcircuit --duration 0.5 --scale 0.1 --nest PYTHON

A peer that is not given is not run; Brian2 only at scale 1. Printed: seconds to build and to run (compiling apart), how
much slower than real time, rate and CV of the exciting neurons (whether they are NEST's: simulator_statistics.py),
synaptic events a second, what an event costs (all time of all threads over events; and only that of delivering, the
rest by neurons and inputs from outside, see spikenet/simulate/costs.py), and what part of the memory's speed the tables
and states take that the loop must read and write: an event its target, its weight where each has its own and its sum
there and back, or a spike its row of bits; a step the states there and back, the inputs there and back and the
parameters that differ between neurons.

Measured (2 cores of a Zen 3 EPYC, nothing else running, seconds for a simulated second, without build and compiling):
CUBA 0.026 to 0.038, NEST 3.10 0.63 to 0.84, Brian2 0.29 to 0.52; COBA 0.17, NEST 8.8, Brian2 1.3; Brunel 0.39, NEST
28. The full microcircuit: built in 9 to 11 s, 3.84 GB, 2.3 to 4.1 times slower than real time as the
machine goes; NEST on the same machine 84 times slower. To deliver an event of Brunel takes 0.7 ns, of CUBA 3 to 5, of
the microcircuit 2.3 to 3.2.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from simulator_description import description

import spikenet as sn
from spikenet.simulate.costs import costs

HERE = Path(__file__).resolve().parent
L2_GB_S, DRAM_GB_S = 204.0, 36.0  # read by both cores of the machine the figures are from


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
        "moved_gb": 1e-9 * moved_bytes(simulation, best, seconds),
        "costs": min((costs(simulation, min(seconds, 0.1)) for _ in range(3)), key=lambda c: c.event_ns),
    }  # fmt: skip


def moved_bytes(simulation: sn.Simulation, recording: sn.Recording, seconds: float) -> float:
    """Bytes that the loop cannot do without, as the head of this file says."""
    size = np.dtype(simulation.dtype).itemsize
    spikes = {name: np.bincount(neurons, minlength=n) for name, (_, neurons, n) in recording.trains.items()}
    total = 0.0
    for table in simulation._tables.bits:
        row = sum(bits.shape[0] * bits.shape[2] * 8 for bits in table.bits)
        total += row * spikes[table.projection.source.name].sum()
    for table in simulation._tables.lists:
        one = table.target.itemsize + (size if table.valued else 0) + 2 * size
        total += one * float((spikes[table.source.name] * table.fan_out(simulation.threads)).sum())
    steps = round(seconds / simulation.network.dt_s)
    for cell, shares in zip(simulation.layout.cells, simulation.layout.shares, strict=True):
        if cell is not None:
            states = len(cell.model.states)
            n = sum(share.n for share in shares)
            total += steps * n * size * (shares[0].rows.shape[0] + states + 2 * len(shares[0].inputs))
    return total


def nest(python: str, name: str, scale: float, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.json"
        file.write_text(json.dumps(description(getattr(sn.networks, name)(scale=scale))))
        return peer(python, "simulator_nest.py", str(file), seconds, threads, seed)


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
    name, scale, seed = options.network, options.scale, options.seed
    if options.nest:
        results["NEST"] = nest(options.nest, name, scale, seconds, threads, seed)
    if options.brian2 and scale == 1:
        results["Brian2"] = peer(options.brian2, "simulator_brian2.py", name, seconds, threads, seed)
    first = next(iter(results["spikenet"]["trains"]))
    for name, r in results.items():
        rates, cvs = statistics(r["trains"], first, seconds)
        line = f"{name:9} build {r['build_s']:7.2f} s  run {r['run_s']:8.3f} s  {r['run_s'] / seconds:7.3f} x real time"
        line += f"  {r['run_s'] / results['spikenet']['run_s']:6.1f} x ours  {first}: {rates.mean():6.2f} Hz, CV "
        line += f"{cvs.mean() if cvs.size else float('nan'):.3f}"
        print(line)
    r = results["spikenet"]
    c = r["costs"]
    print(
        f"an event: {c.event_ns:.2f} ns of a core to deliver it; neurons {1e9 * c.neurons_s / max(c.events, 1):.2f}, "
        f"inputs from outside {1e9 * c.drive_s / max(c.events, 1):.2f} ns beside it"
    )
    print(
        f"{r['synapses']} synapses, {r['events'] / r['run_s'] / 1e9:.3f} billion events a second, "
        f"{1e9 * r['run_s'] * threads / max(r['events'], 1):.2f} ns an event and core, all else included; "
        f"{r['moved_gb'] / r['run_s']:.1f} GB/s = {100 * r['moved_gb'] / r['run_s'] / L2_GB_S:.0f} % of L2's, "
        f"{100 * r['moved_gb'] / r['run_s'] / DRAM_GB_S:.0f} % of DRAM's {DRAM_GB_S:g} GB/s; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
