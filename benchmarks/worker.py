"""A package with one workload in a process of its own, idle until asked: `suite.py` starts it and reads its answers.

    python benchmarks/worker.py spikenet W1 --rate 0 --threads 2

Answers are lines of JSON on standard output. The first two come unasked: after the imports, and after the first step.
Then for every line read: "train N" and "infer N" answer with N times, "facts" with memory, gradients and densities.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from workloads import ALL, given

MB_OF_MAXRSS = 1 / 1024  # Linux counts in kB


def peak_mb() -> float:
    """The most memory this process has held at once, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MB_OF_MAXRSS


def timed(work: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of every repeat."""
    times = []
    for _ in range(repeats):
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return times


def use_cores(threads: int) -> None:
    """Hold this process to so many cores, which JAX has no setting for."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def set_threads(threads: int) -> None:
    """Tell the packages that are already loaded."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    elif "numba" in sys.modules:
        sys.modules["numba"].set_num_threads(threads)


def answer(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package")
    parser.add_argument("workload", choices=sorted(ALL))
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    use_cores(options.threads)

    started = time.perf_counter()
    package = importlib.import_module(f"packages.with_{options.package.lower()}")
    set_threads(options.threads)
    answer(version=package.VERSION, import_s=time.perf_counter() - started, import_mb=peak_mb())

    workload = ALL[options.workload]
    arrays = given(workload)
    started = time.perf_counter()
    net = package.build(workload, arrays, options.rate)
    loss = net.step()
    answer(first_step_s=time.perf_counter() - started, loss=loss)
    for line in sys.stdin:
        match line.split():
            case ["train", repeats]:
                answer(times_s=timed(net.step, int(repeats)))
            case ["infer", repeats]:
                answer(times_s=timed(net.infer, int(repeats)))
            case ["facts"]:
                answer(peak_mb=peak_mb(), gradients=net.gradients(), densities=net.densities())


if __name__ == "__main__":
    main()
