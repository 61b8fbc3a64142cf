"""Is the simulator's activity that of NEST? Rates, CVs and correlations over many seeds, ours beside NEST's.

    python benchmarks/simulator_statistics.py --network brunel --scale 0.1 --seeds 20 --nest /path/to/python-with-nest

Neurons of one run are not independent of each other: they share the network and its fluctuations, so that even two of
NEST's own runs differ by more than chance when their neurons are compared. So the unit here is the run: of each seed,
every population's mean rate, mean CV and mean correlation; then Kolmogorov-Smirnov over seeds. Printed beside it: how
often two runs differ (p < 0.01) neuron by neuron, NEST against NEST and ours against NEST.

Measured, Brunel x 0.1, 2 s, 20 seeds: rates 59.5 +- 3.4 Hz here, 59.7 +- 4.5 Hz in NEST 3.10, p = 0.83; CV p = 0.57;
correlations p = 0.57; neuron by neuron 91 % of NEST's pairs of runs differ in rates, and 84 % of ours with NEST's.
Brunel, full size, 1 s, 8 seeds: E 37.55 +- 0.28 Hz here, 37.53 +- 0.30 Hz in NEST, p = 0.98; CV p = 1; correlations
p = 0.019 (0.0465 with 24 seeds of ours), the lowest of the six.
Microcircuit x 0.1, 2 s, 19 seeds: of the 24 measures (rate, CV, correlation of eight populations) the lowest p are
0.068 (CV of L4E and L4I, rate of L6E); rates 0.48, 2.12, 3.99, 5.02, 6.63, 7.81, 0.84, 7.02 Hz here, 0.46, 2.10, 3.96,
5.01, 6.72, 7.77, 0.86, 7.00 Hz in NEST 3.10.
Again on a Zen 4: Brunel x 0.1, 20 seeds, lowest p of six 0.18; microcircuit x 0.1, 57 seeds, lowest p of 24 0.038.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from simulator import peer
from simulator_description import description

import spikenet as sn
from spikenet.whole_file import whole_file

MEASURES = ("rate (Hz)", "CV", "correlation")
MOST = 200  # neurons of a population whose pairs are correlated


def measured(trains: dict[str, Any], seconds: float) -> dict[str, list[Any]]:
    """Of each population: (n,) rates, known CVs, (pairs,) correlations of counts in 5 ms; without the first fifth."""
    start = 0.2 * seconds
    found = {}
    for name, (times, neurons, n) in trains.items():
        times, neurons = np.asarray(times, np.float64), np.asarray(neurons, np.int64)
        late = times > start
        rates = sn.spike_trains.rates_hz(times, neurons, n, start, seconds)
        cvs = sn.spike_trains.cv(times[late], neurons[late], n)
        few = neurons < MOST
        counts = sn.spike_trains.binned(times[few], neurons[few], min(n, MOST), start, seconds, 5e-3)
        found[name] = [rates, cvs[np.isfinite(cvs)], sn.spike_trains.correlations(counts)]
    return found


def means(runs: list[dict[str, list[Any]]], name: str, k: int) -> Any:
    """(runs,) mean over the neurons or pairs; runs where nothing is known are left out."""
    values = [np.mean(run[name][k]) for run in runs if len(run[name][k])]
    return np.array(values)


def differ(a: list[dict[str, list[Any]]], b: list[dict[str, list[Any]]] | None, name: str, k: int) -> float:
    """Share of pairs of runs whose neurons differ with p < 0.01."""
    pairs = combinations(a, 2) if b is None else ((x, y) for x in a for y in b)
    known = [(x[name][k], y[name][k]) for x, y in pairs if len(x[name][k]) and len(y[name][k])]
    low = [stats.ks_2samp(x, y, method="asymp").pvalue < 0.01 for x, y in known]
    return float(np.mean(low)) if low else float("nan")


def nests(python: str, file: str, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    trains: dict[str, Any] = peer(python, "simulator_nest.py", file, seconds, threads, seed)["trains"]
    return trains


def kept(folder: Path | None, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `make` returns, {population: (times, neurons, n)}; out of the folder when it is there already."""
    if folder is None:
        return make()
    file = folder / f"{name}.npz"
    if not file.exists():
        trains = make()
        arrays = {f"{p}.{k}": np.asarray(a) for p, train in trains.items() for k, a in enumerate(train)}
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as written:
            np.savez(written, allow_pickle=False, **arrays)
    with np.load(file, allow_pickle=False) as read:
        names = dict.fromkeys(key.rpartition(".")[0] for key in read.files)
        return {p: (read[f"{p}.0"], read[f"{p}.1"], int(read[f"{p}.2"])) for p in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="brunel", choices=("brunel", "cuba", "coba", "microcircuit"))
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--duration", type=float, default=2.0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for NEST's spikes, from which a broken run goes on")
    parser.add_argument("--nest", required=True, help="a Python that has NEST")
    options = parser.parse_args()
    seconds = options.duration
    net = getattr(sn.networks, options.network)(scale=options.scale)
    ours, nest = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.json"
        file.write_text(json.dumps(description(net)))
        for seed in range(1, options.seeds + 1):
            arguments = options.nest, str(file), seconds, options.threads, seed
            nest.append(measured(kept(options.keep, f"nest-{seed}", lambda a=arguments: nests(*a)), seconds))
            ours.append(measured(sn.simulate(net, seconds, seed=seed, threads=options.threads).trains, seconds))
    print(f"{options.network} x {options.scale:g}, {seconds:g} s, {options.seeds} seeds each")
    print(f"{'':8} {'':12} {'ours':>20} {'NEST':>20} {'p over seeds':>12}   runs that differ: NEST-NEST, ours-NEST")
    for name in ours[0]:
        for k, measure in enumerate(MEASURES):
            a, b = means(ours, name, k), means(nest, name, k)
            if min(a.size, b.size) < 2:
                continue
            p = stats.ks_2samp(a, b).pvalue
            both = "".join(f"{x.mean():11.5g} ± {x.std(ddof=1):7.2g}" for x in (a, b))
            shares = f"{100 * differ(nest, None, name, k):5.1f} %   {100 * differ(ours, nest, name, k):5.1f} %"
            print(f"{name:8} {measure:12}{both} {p:12.3g}   {shares}")


if __name__ == "__main__":
    main()
