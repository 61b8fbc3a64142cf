"""Synapses drawn again for every spike, beside the same synapses stored: time and memory, in one process each.

    python benchmarks/simulator_procedural.py                     five kinds of synapses, 20 million of each
    python benchmarks/simulator_procedural.py --microcircuit 1    the cortical microcircuit at a scale

20,000 Poisson neurons of 20 Hz, 1,000 synapses each onto 50,000 integrating neurons; the same spikes either way, of
which the number is printed.

Measured, whole time of an event stored and drawn again, ns of a core, best of six to nine stretches with nothing else
running. On one thread: fixed outdegree 2.5 and 4.4 (1.7 times), fixed indegree 2.6 and 5.4 (2.1), pairwise 2.7 and 5.4
(2.0), drawn weights 3.3 and 7.1 (2.2), drawn weights and delays 4.1 and 11.3 (2.8). On two threads: fixed outdegree 2.9
and 7.7 (2.7), drawn weights 3.5 and 10.5 (3.0), drawn weights and delays 6.3 and 19 (3.0; two threads share out what
they draw, which takes 2 ns to sort and to read from the other core). Where the second core is not free, two threads'
shares are worked off by one, and take up to 6 times as long as two that read.

On two cores of a Zen 4 beside other work, in the order above, fixed outdegree, fixed indegree, pairwise, drawn weights,
drawn weights and delays: on two threads 2.6, 2.7, 2.7, 2.9 and 2.3 to 3.3 times, on one 1.6, 2.0, 2.2, 2.0 and 3.6.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys

import spikenet as sn

KINDS = {
    "fixed outdegree, one weight, one delay": (sn.rules.fixed_outdegree, False, False),
    "fixed indegree, one weight, one delay": (sn.rules.fixed_indegree, False, False),
    "pairwise 2 %, one weight, one delay": (sn.rules.pairwise, False, False),
    "fixed outdegree, weights drawn": (sn.rules.fixed_outdegree, True, False),
    "fixed outdegree, weights and delays drawn": (sn.rules.fixed_outdegree, True, True),
}


def network(kind: str) -> sn.Network:
    rule, many_weights, many_delays = KINDS[kind]
    net = sn.Network(1e-4)
    source = net.source("source", sn.inputs.poisson(20.0), 20_000)
    target = net.population("target", sn.cells.iaf_psc_delta, 50_000)
    made = rule({sn.rules.pairwise: 0.02, sn.rules.fixed_indegree: 400}.get(rule, 1000))
    weight = sn.draw.normal(0.01, 0.001, low=0.0) if many_weights else 0.01
    delay_s = sn.draw.normal(1.5e-3, 0.75e-3, low=1e-4) if many_delays else 1.5e-3
    net.connect(source, target, made, weight, delay_s)
    return net


def one(kind: str, procedural: bool, threads: int) -> None:
    """Prints one line of JSON."""
    scale = None if kind in KINDS else float(kind)
    net = network(kind) if scale is None else sn.networks.microcircuit(scale=scale)
    seconds = 0.1 if scale is None or scale > 0.3 else 0.5
    sn.Simulation(network(next(iter(KINDS))), threads=threads, procedural=procedural).run(1e-3)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    simulation = sn.Simulation(net, seed=1, threads=threads, procedural=procedural)
    simulation.run(1e-3)
    runs = [simulation.run(seconds) for _ in range(3 if scale is None else 1)]
    best = min(runs, key=lambda r: r.run.run_s)
    print(json.dumps({
        "build_s": best.run.build_s, "run_s": best.run.run_s / seconds, "spikes": len(runs[0][net.populations[0]]),
        "events": sum(int(simulation.fan_out(p)[best[p].neurons].sum()) for p in net.populations), "seconds": seconds,
        "synapses": simulation.synapses,
        "bytes": 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before),
    }))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--microcircuit", type=float, help="its scale, instead of the four kinds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each, of which the quickest counts")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one[0], options.one[1] == "procedural", options.threads)
        return
    for kind in KINDS if options.microcircuit is None else [str(options.microcircuit)]:
        results: dict[str, dict[str, float]] = {}
        for _ in range(options.rounds):  # by turns: the machine may be busier in one minute than in the next
            for mode in ("stored", "procedural"):
                command = [sys.executable, __file__, "--threads", str(options.threads), "--one", kind, mode]
                found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                results[mode] = min(results.get(mode, found), found, key=lambda r: r["run_s"])
        stored, drawn = results["stored"], results["procedural"]
        print(f"{kind}: {stored['synapses']} synapses; {stored['spikes']} and {drawn['spikes']} spikes")
        for mode, r in results.items():
            each_ns = 1e9 * r["run_s"] * r["seconds"] * options.threads / max(r["events"], 1)
            print(f"  {mode:10} build {r['build_s']:6.2f} s  run {r['run_s']:7.2f} x real time  {each_ns:6.2f} ns an "
                  f"event and core  {1e-6 * r['bytes']:8.1f} MB")  # fmt: skip
        print(f"  procedural takes {drawn['run_s'] / stored['run_s']:.2f} times as long", flush=True)


if __name__ == "__main__":
    main()
