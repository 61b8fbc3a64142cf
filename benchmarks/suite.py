"""Training steps and inference of spikenet beside its peers on the nets of `workloads.py`.

    python benchmarks/suite.py [--workloads W1 W2] [--packages spikenet snntorch] [--rounds 5]
                               [--learning-rate 0] [--threads 2] [--json results.json]

Every package works in a process of its own, from the same weights, on the same input, with the same surrogates, and
they take turns, so that drifts of the machine hit all alike. Learning rate 0 (Adam is computed all the same) keeps the
spike densities, on which every ratio depends, as printed. Losses, gradients and densities of all are compared.

Which peers take part is a matter of what is installed: pip install snntorch spikingjelly norse spyx. Conventional nets
are timed beside torch. snnTorch runs as its tutorials write it; the others compute each layer over all steps at once
and layers before the first neuron once, where the input does not change. Times are medians with quartiles; the first
step, which compiles, stands apart; peak memory is the whole process's, the package's own code included.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import report
from measure import measure
from workloads import ALL, USUAL, Workload

SPIKING = ("spikenet", "snntorch", "spikingjelly", "norse", "spyx")
CONVENTIONAL = ("spikenet", "torch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=list(ALL), default=list(USUAL), metavar="NAME")
    parser.add_argument("--packages", nargs="+", choices=sorted({*SPIKING, *CONVENTIONAL}), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()

    wanted = options.packages or sorted({*SPIKING, *CONVENTIONAL})
    missing = [p for p in wanted if p != "spikenet" and importlib.util.find_spec(p) is None]
    print(f"{report.machine()}; {options.threads} threads, learning rate {options.learning_rate:g}")
    if missing:
        print(f"not installed, left out: {', '.join(missing)}")
    kept: dict[str, Any] = {"machine": report.machine(), "threads": options.threads, "workloads": {}}
    spiking = []
    for name in options.workloads:
        workload = ALL[name]
        packages = [p for p in _packages(workload) if p in wanted and p not in missing]
        print()
        for answer in measure(workload, packages, options.rounds, options.learning_rate, options.threads):
            if isinstance(answer, tuple):
                print(f"{name}: {answer[0]} failed: {answer[1]}", flush=True)
                continue
            if not answer:
                continue
            print(report.table(workload, answer, frozen=options.learning_rate == 0), flush=True)
            kept["workloads"][name] = {
                "results": [dataclasses.asdict(one) for one in answer],
                "ratios": report.ratios(answer),
            }
            if workload.steps:
                spiking.append(report.ratios(answer))
    if means := report.geometric_means(spiking):
        print(f"\n{means}")
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1))


def _packages(workload: Workload) -> tuple[str, ...]:
    return SPIKING if workload.steps else CONVENTIONAL


if __name__ == "__main__":
    main()
