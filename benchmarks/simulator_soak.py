"""Long runs of the simulator: nothing is lost, nothing grows, and what an event costs in every size.

    python benchmarks/simulator_soak.py count              10^8 deliveries: spikes sent times fan-out against arrivals
    python benchmarks/simulator_soak.py day                24 hours' worth of steps of 0.1 ms: memory, and the ticks
    python benchmarks/simulator_soak.py flat               cost of an event from 1,000 neurons to the full microcircuit

`day` takes --steps for less than 864 million. `flat` runs the microcircuit at several scales, its synapses a neuron as
published (--family kept) or scaled with it, or Brunel's network of that size, a tenth of which each neuron hears.
The cost of an event is the time that all threads spend in the operations that carry spikes through synapses to the
inputs of neurons, looked at inside the compiled loop (spikenet/simulate/costs.py), over spikes times fan-out.

Measured: `day` on one thread of a busy machine in 41 minutes, 864,000,000 steps, ticks int64, memory grew 0.021 % from
the first tenth to the end.

`flat` on two cores of a Zen 4 EPYC, all else standing still, for 1,003, 3,858, 15,435 and 77,169 neurons: on one
thread 1.06, 1.02, 1.12 and 1.52 ns (1.3 +- 19 %), on two 1.75, 1.73, 1.55 and 1.73 (1.7 +- 6 %); on a Zen 3 1.2, 1.4,
1.5, 1.9 and 1.9, 2.2, 1.9, 2.3. The inputs that are added to lie in the first cache for 1,000 neurons, in the second
for 77,000. Where a spike has few synapses for each delay, finding them costs more than they do, and where few spikes
come in a step, looking for them: `scaled` on one thread 206 ns (3 events a step), for 2,314 neurons 37 (36), for
7,717 6.3 (780), for 23,150 2.8 (8,300). To add all synapses of a spike at once, to rows of inputs for all delays,
took 3.3 to 7 ns each: such rows fill more than the near caches. `brunel` on one thread of a busy machine: 0.85 ns for
1,000 neurons, 0.45 for 4,000 and 0.35 for 12,500.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

import spikenet as sn
from spikenet.simulate.costs import Costs, costs

DAY_STEPS = 864_000_000  # 24 hours of 0.1 ms
ROUNDS, STRETCH_S = 9, 0.02  # of `flat`: short stretches, of which some meet no other work of the machine


class Count(NamedTuple):
    expected: int
    arrived: int


def count(deliveries: float, threads: int, *, procedural: bool = False) -> Count:
    """Spikes of 2,000 Poisson neurons, through bits, lists and drawn delays, onto neurons that only count them."""
    net = sn.Network(1e-4)
    source = net.source("source", sn.inputs.poisson(50.0), 2000)
    counters = net.population("counters", sn.IF, 4000, threshold=1e18)
    late = sn.draw.uniform(1e-4, 5e-3)
    net.connect(source, counters, sn.rules.pairwise(0.1), 1.0, 2e-3)
    net.connect(source, counters, sn.rules.fixed_outdegree(50), 1.0, 1e-4)
    net.connect(source, counters, sn.rules.fixed_total(100_000), 1.0, late)
    simulation = sn.Simulation(net, seed=1, threads=threads, dtype=np.float64, procedural=procedural)
    fan_out = simulation.fan_out(source)
    begun, sent = 0, 0
    while sent < deliveries:
        spikes = simulation.run(0.1)[source]
        sent += int(fan_out[spikes.neurons].sum())
        begun += len(spikes)
    on_the_way = simulation.run(0.01)[source]  # what was under way has come; what is sent meanwhile is left out
    arrived = int(simulation.states(counters)["v"].sum())
    return Count(sent, arrived - _came(simulation, net, on_the_way, simulation.step))


def _came(simulation: sn.Simulation, net: sn.Network, spikes: object, step: int) -> int:
    """Deliveries of these spikes before `step`, from the synapses one by one."""
    from spikenet.simulate.explicit import explicit

    total = 0
    for p in net.projections:
        made = explicit(p, net.dt_s, simulation.seed)
        order = np.argsort(made.source, kind="stable")
        starts = np.searchsorted(made.source[order], np.arange(p.source.n + 1))
        delays = made.delay_steps[order]
        for s, neuron in zip(spikes.steps, spikes.neurons, strict=True):
            total += int((s + delays[starts[neuron] : starts[neuron + 1]] < step).sum())
    return total


class Soak(NamedTuple):
    steps: int
    growth: float  # of resident memory from the first tenth, when every buffer has been used again, to the end
    last_step: int
    kind: str  # of the ticks


def day(steps: int, threads: int, *, shown: bool = False) -> Soak:
    """A small recurrent network in pieces of a twentieth, its spikes recorded and let go."""
    net = sn.Network(1e-4)
    cells = net.population("cells", sn.cells.iaf_psc_delta, 20, rest_mv=0.0, threshold_mv=20.0, reset_mv=10.0)
    net.connect(cells, cells, sn.rules.fixed_indegree(4), -0.2, 6.4e-3)
    net.drive(cells, sn.inputs.poisson(2200.0), 1.0)
    simulation = sn.Simulation(net, seed=1, threads=threads)
    resident, last, kind = [], 0, ""
    for k in range(20):
        piece = steps * (k + 1) // 20 - simulation.step
        spikes = simulation.run(piece * net.dt_s, states=[sn.probe(cells, "v", every_s=0.1)])[cells]
        last, kind = int(spikes.steps[-1]) if len(spikes) else last, spikes.steps.dtype.name
        del spikes
        resident.append(_resident_bytes())
        if shown:
            print(f"{simulation.step:10d} steps  {1e-6 * resident[-1]:.1f} MB", flush=True)
    return Soak(simulation.step, resident[-1] / resident[1] - 1, last, kind)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


FAMILIES: dict[str, Callable[[float], sn.Network]] = {
    "kept": lambda scale: sn.networks.microcircuit(scale=scale, indegrees=1.0),
    "scaled": lambda scale: sn.networks.microcircuit(scale=scale),
    "brunel": lambda scale: sn.networks.brunel(scale=scale * 77_169 / 12_500),
}


def flat(family: str, threads: int, scales: list[float]) -> None:
    """ns of a delivered event and core, by size; the least of many stretches, the sizes by turns."""
    simulations = [sn.Simulation(FAMILIES[family](scale), seed=1, threads=threads) for scale in scales]
    stretches: list[list[Costs]] = [[] for _ in scales]
    for k in range(ROUNDS + 1):
        for simulation, found in zip(simulations, stretches, strict=True):
            if k == 0:
                simulation.run(0.05)
            else:
                found.append(costs(simulation, STRETCH_S))
    print(f"{family}, {threads} threads")
    least = []
    for simulation, found in zip(simulations, stretches, strict=True):
        best = min(found, key=lambda c: c.event_ns)
        least.append(best.event_ns)
        neurons, ns = sum(p.n for p in simulation.network.populations), 1e9 / max(best.events, 1)
        print(
            f"{neurons:6d} neurons {simulation.synapses:10d} synapses {best.events:9d} events: {best.event_ns:6.2f} ns "
            f"of a core each; neurons {ns * best.neurons_s:.2f}, inputs from outside {ns * best.drive_s:.2f}, all "
            f"with meeting and waiting {ns * threads * best.run_s:.2f}",
            flush=True,
        )
    middle = (max(least) + min(least)) / 2
    print(f"{middle:.2f} ns +- {100 * (max(least) / middle - 1):.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("count", "day", "flat"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--family", choices=tuple(FAMILIES), default="kept", help="of networks whose cost is compared")
    parser.add_argument("--steps", type=int, default=DAY_STEPS)
    parser.add_argument("--deliveries", type=float, default=1e8)
    parser.add_argument("--scales", type=float, nargs="+", default=[0.013, 0.05, 0.2, 1.0])
    options = parser.parse_args()
    started = time.perf_counter()
    if options.what == "count":
        for procedural in (False, True):
            counted = count(options.deliveries, options.threads, procedural=procedural)
            print(
                f"{'procedural' if procedural else 'stored'}: {counted.expected} deliveries, {counted.arrived} arrived"
            )
    elif options.what == "day":
        soak = day(options.steps, options.threads, shown=True)
        print(f"{soak.steps} steps, last spike in step {soak.last_step} ({soak.kind}), memory grew {soak.growth:.3%}")
    else:
        flat(options.family, options.threads, options.scales)
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
