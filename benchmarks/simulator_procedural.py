"""Synapses drawn again for every spike, beside the same synapses stored: time and memory, in one process each.

    python benchmarks/simulator_procedural.py                     five kinds of synapses, 20 million of each
    python benchmarks/simulator_procedural.py --microcircuit 1    the cortical microcircuit at a scale

20,000 Poisson neurons of 20 Hz, 1,000 synapses each onto 50,000 integrating neurons; the same spikes either way, of
which the number is printed.

Measured on two cores of a Zen 4 EPYC, all else standing still, ns of a core for an event, stored and drawn again, the
neurons' own time (1 ns) included. On one thread: fixed outdegree 1.7 and 2.2 (1.3 times), fixed indegree 1.7 and 2.9
(1.7), pairwise 1.9 and 3.5 (1.9), drawn weights 2.1 and 3.6 (1.7), drawn weights and delays 2.7 and 6.7 (2.5). On two:
1.7 and 2.6 (1.5), 1.7 and 3.7 (2.3), 1.7 and 3.9 (2.3), 2.2 and 4.7 (2.1), 3.9 and 8.5 (2.2). Of a synapse that is
drawn again the words take 0.45 ns each, a normal weight from its word 0.8, a delay 0.5, a partner in a random order
1.2, one by gaps 1.7, and to put down for later what is drawn with a delay 2.5. Where the second core is not free, two
threads' shares are worked off by one, and take up to 6 times as long as two that read.
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
