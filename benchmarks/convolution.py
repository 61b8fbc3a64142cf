"""Times of the convolution and pooling kernels: dense, and by events at several densities.

    python benchmarks/convolution.py [--rows 6400] [--rounds 7] [--threads 2]

The second convolution of the net 12C5-MP2-64C5-MP2-10 on 28 x 28 pictures, in float32: rows maps of 12 x 12 x 12, 64
filters of 5 x 5; then its max pooling. GFLOP/s counts two operations for each product that a dense convolution takes.
Medians; what is compiled first is not counted.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numba
import numpy as np

from spikenet.kernels import conv_events, conv_wanted, convolution, pool, pool_events
from spikenet.kernels.events import found
from spikenet.kernels.filters import Filters
from spikenet.kernels.window import Window

SHAPE = Filters(12, 64, 1, Window((12, 12), (5, 5)))
DENSITIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """After one round that is not counted."""
    times = []
    for _ in range(rounds + 1):
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return 1e3 * statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    options = parser.parse_args()
    numba.set_num_threads(options.threads)
    rng, rows = np.random.default_rng(0), options.rows
    w, bias = rng.random((SHAPE.n_out, SHAPE.depth), np.float32), np.zeros(SHAPE.n_out, np.float32)
    x, g = rng.random((rows, SHAPE.n_x), np.float32), rng.random((rows, SHAPE.n_y), np.float32)
    gflop = 2e-9 * SHAPE.multiply_adds(rows)

    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, float32, {rows} maps, {SHAPE}")
    print(f"{'':12}{'forward':>12}{'weights':>12}{'input':>12}   ms")
    works = (
        lambda: convolution.forward(x, w, bias, SHAPE),
        lambda: convolution.weight_gradient(x, g, SHAPE),
        lambda: convolution.input_gradient(g, w, SHAPE),
    )
    times = [median_ms(work, options.rounds) for work in works]
    print(f"{'dense':12}" + "".join(f"{ms:12.1f}" for ms in times))
    print(f"{'  GFLOP/s':12}" + "".join(f"{1e3 * gflop / ms:12.0f}" for ms in times))
    for density in DENSITIES:
        spikes = (rng.random((rows, SHAPE.n_x)) < density).astype(np.float32)
        events = replace(found(spikes), binary=True)
        works = (
            lambda e=events: conv_events.forward(None, e, w, bias, SHAPE),
            lambda e=events: conv_events.weight_gradient(None, e, g, SHAPE),
            lambda e=events: conv_wanted.input_gradient(g, w, e, SHAPE),
        )
        print(f"{f'{density:.0%} events':12}" + "".join(f"{median_ms(work, options.rounds):12.1f}" for work in works))

    window = Window((8, 8), (2, 2), (2, 2))
    y, place = pool.largest(g, SHAPE.n_out, window)
    spikes = (rng.random(g.shape) < 0.05).astype(np.float32)
    events = replace(found(spikes), binary=True)
    for name, work in {
        "max pool": lambda: pool.largest(g, SHAPE.n_out, window),
        "max pool, 5% events": lambda: pool_events.fired(events, window, np.float32),
        "max pool, back": lambda: pool.back(y, place, SHAPE.n_out, window),
        "sum pool": lambda: pool.sums(g, SHAPE.n_out, window),
    }.items():
        print(f"{name:24}{median_ms(work, options.rounds):12.1f}   ms")


if __name__ == "__main__":
    main()
