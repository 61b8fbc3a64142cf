"""`spikenet simulate`: runs a network of a paper, or one described in a Python file, and writes spikes and a raster."""

from __future__ import annotations

import argparse
import math
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikenet.cli.folder import result_folder, write_json

if TYPE_CHECKING:
    from spikenet.network import Network
    from spikenet.simulate import Recording

NAMES = ("brunel", "cuba", "coba", "microcircuit", "vogels")

DESCRIPTION = f"""\
Simulates a network by name ({", ".join(NAMES)}), one that a Python file makes with a function
network(scale) that returns a spikenet.Network, or one that SONATA files describe, given the .json of the simulation.
Prints rates, irregularity and speed; writes spikes.npz (and, of SONATA, spikes.h5), raster.png and results.json into a
folder.

  spikenet simulate brunel --duration 0.5
  spikenet simulate microcircuit --scale 0.1 --threads 2 --out microcircuit-results
  spikenet simulate 300_pointneurons/simulation_config.json --double
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "simulate",
        help="simulate a network",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("network", help=f"{', '.join(NAMES)}, a Python file with network(scale) or SONATA's .json")
    command.add_argument("--duration", type=float, help="seconds to simulate (1, or what the SONATA files say)")
    command.add_argument("--scale", type=float, default=1.0, help="size of the network, 1 as published (1)")
    command.add_argument("--threads", type=int, help="threads; all if not given, with the same results")
    command.add_argument("--seed", type=int, default=0, help="decides connections and inputs (0)")
    double = "compute in float64, as SONATA's files always are, instead of float32"
    command.add_argument("--double", action="store_true", help=double)
    command.add_argument("--out", default="spikenet-results", help="folder for the results (spikenet-results)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    from spikenet.simulate import Simulation

    folder = result_folder(options.out)
    net, usual_s = described(options.network, options.scale)
    duration_s = usual_s if options.duration is None else options.duration
    if not 0 < duration_s < math.inf:
        raise ValueError(f"--duration: expected seconds > 0, got {duration_s:g}")
    double = options.double or options.network.endswith(".json")  # to tell SONATA's spikes from those of others
    dtype = "float64" if double else "float32"
    simulation = Simulation(net, seed=options.seed, threads=options.threads, dtype=dtype)
    outside = sum(p.n for p in net.populations if p.model is None)
    print(
        f"{sum(p.n for p in net.populations) - outside} neurons{f', {outside} sources' if outside else ''}, "
        f"{simulation.synapses} synapses, built in {simulation.build_s:.2f} s",
        file=sys.stderr,
    )
    recording = simulation.run(duration_s, progress=sys.stderr.isatty())
    table = summary(recording)
    print(text_of(table))
    run_facts = {
        "network": options.network, "scale": options.scale, "duration_s": duration_s, "seed": options.seed,
        "dtype": dtype,
        "threads": simulation.threads, "synapses": simulation.synapses, "build_s": simulation.build_s,
        "run_s": recording.run.run_s, "real_time_factor": recording.run.real_time_factor,
    }  # fmt: skip
    print(f"\n{recording.run.real_time_factor:.3g} s computed for each second simulated; results in {folder}")
    moving = [p.name for p in net.populations if p.model is not None]
    write_results(folder, recording, {"run": run_facts, "populations": table}, moving)
    if options.network.endswith(".json"):
        from spikenet.io import write_sonata_spikes

        write_sonata_spikes(folder / "spikes.h5", recording)


def described(name: str, scale: float) -> tuple[Network, float]:
    """The network of that name or file and how long it runs unless told otherwise; ValueError when there is none."""
    from spikenet.network import Network, networks

    if name in NAMES:
        makers: dict[str, Callable[..., Network]] = {n: getattr(networks, n) for n in NAMES}
        return makers[name](scale=scale), 1.0
    file = Path(name)
    if file.suffix == ".json" and file.is_file():
        from spikenet.io import read_sonata

        if scale != 1.0:
            raise ValueError(f"{name}: --scale: SONATA files describe a network of one size, got {scale:g}")
        network, seconds = read_sonata(file)
        return network, 1.0 if seconds is None else seconds
    if file.suffix != ".py" or not file.is_file():
        raise ValueError(f"{name}: expected {', '.join(NAMES)}, a Python file or SONATA's .json")
    maker = runpy.run_path(str(file)).get("network")
    if not callable(maker):
        raise ValueError(f"{name}: expected a function network(scale) in it")
    net = maker(scale)
    if not isinstance(net, Network):
        raise TypeError(f"{name}: network(scale): expected a spikenet.Network, got {type(net).__name__}")
    return net, 1.0


def summary(recording: Recording) -> dict[str, dict[str, float]]:
    """Rate, irregularity and synchrony of every population; NaN where there are too few spikes."""
    import numpy as np

    from spikenet import spike_trains

    table = {}
    for name, (times, neurons, n) in recording.trains.items():
        irregular = spike_trains.cv(times, neurons, n)
        bin_s = min(3e-3, recording.duration_s) or recording.dt_s
        counts = spike_trains.binned(times, neurons, n, recording.start_s, recording.stop_s, bin_s)
        table[name] = {
            "neurons": n,
            "spikes": len(times),
            "rate_hz": len(times) / n / recording.duration_s,
            "cv": float(np.nanmean(irregular)) if np.isfinite(irregular).any() else float("nan"),
            "synchrony": spike_trains.synchrony(counts),
        }
    return table


def text_of(table: dict[str, dict[str, float]]) -> str:
    wide = max(12, *map(len, table))
    lines = [f"{'population':{wide}} {'neurons':>8} {'spikes':>10} {'rate Hz':>8} {'CV':>6} {'synchrony':>9}"]
    for name, row in table.items():
        lines.append(
            f"{name:{wide}} {row['neurons']:8.0f} {row['spikes']:10.0f} {row['rate_hz']:8.2f} {row['cv']:6.2f} "
            f"{row['synchrony']:9.2f}"
        )
    return "\n".join(lines)


def write_results(folder: Path, recording: Recording, results: dict[str, Any], moving: list[str]) -> None:
    """Files of a run; moving: populations with dynamics, which are drawn, without their sources where there are any."""
    import numpy as np

    from spikenet import plot
    from spikenet.whole_file import whole_file

    write_json(folder / "results.json", results)
    arrays = {}
    for name, spikes in recording.spikes.items():
        safe = name.replace("/", "_")  # names of arrays in a file are names of files
        while f"{safe}.times_s" in arrays:
            safe += "_"
        arrays[f"{safe}.times_s"], arrays[f"{safe}.neurons"] = spikes.times_s, spikes.neurons
    with whole_file(folder / "spikes.npz") as file:
        np.savez(file, allow_pickle=False, **arrays)
    start = max(recording.start_s, recording.stop_s - 0.5)  # of a long run, the end
    trains = {name: train for name, train in recording.trains.items() if name in moving or not moving}
    upper, _ = plot.populations(trains, start, recording.stop_s)
    plot.save(upper, folder / "raster.png")
