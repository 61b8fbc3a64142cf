"""Times of a convolution and of the max pooling behind it: densely, by events, and as the routes choose.

    python benchmarks/convolution.py [--rows 6400] [--rounds 5] [--threads 2]

The second convolution of the net 12C5-MP2-64C5-MP2-10 on 28 x 28 pictures, in float32: rows maps of 12 x 12 x 12, 64
filters of 5 x 5; alone, then with its pooling, where nothing between is written out. Spikes have from 0 to 100 %
density. "chosen" is what `conv_routes` takes, and its ratio to the dense route must not be above 1.05. Medians; what is
compiled first is not counted.
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

from spikenet.kernels import conv_events, conv_placed, conv_routes, conv_scatter, conv_wanted, convolution
from spikenet.kernels.events import found
from spikenet.kernels.filters import Filters
from spikenet.kernels.placed import Placed
from spikenet.kernels.window import Window

SHAPE, POOLING = Filters(12, 64, 1, Window((12, 12), (5, 5))), Window((8, 8), (2, 2), (2, 2))
DENSITIES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
Work = Callable[[], object]


def medians_ms(works: list[Work], rounds: int) -> list[float]:
    """By turns, after one round that is not counted."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds + 1):
        for work, taken in zip(works, times, strict=True):
            before = time.perf_counter()
            work()
            taken.append(time.perf_counter() - before)
    return [1e3 * statistics.median(taken[1:]) for taken in times]


def line(name: str, dense: Work, others: dict[str, Work], rounds: int) -> None:
    """The times of the dense route, of the others and of the chosen one, the last of `others`, with its ratio."""
    times = medians_ms([dense, *others.values()], rounds)
    shown = "".join(f"  {name} {ms:6.1f}" for name, ms in zip(others, times[1:], strict=True))
    print(f"{name:24}  dense {times[0]:6.1f}{shown}  {times[-1] / times[0]:5.2f} of dense", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    options = parser.parse_args()
    numba.set_num_threads(options.threads)
    rng, rows, rounds = np.random.default_rng(0), options.rows, options.rounds
    w, bias = rng.random((SHAPE.n_out, SHAPE.depth), np.float32), np.zeros(SHAPE.n_out, np.float32)
    g, g_pooled = (rng.random((rows, SHAPE.n_out * n), np.float32) for n in (SHAPE.window.n_out, POOLING.n_out))
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, float32, {rows} maps, {SHAPE}; ms")
    print(f"dense: {2e-9 * SHAPE.multiply_adds(rows):.1f} GFLOP in each of the three products")
    for density in DENSITIES:
        x = (rng.random((rows, SHAPE.n_x)) < density).astype(np.float32)
        events = replace(found(x), binary=True)
        _, place = convolution.largest(x, w, bias, SHAPE, POOLING)
        placed = Placed(g_pooled, place, POOLING)

        def pictures(x: np.ndarray = x) -> np.ndarray:
            return x

        line(
            f"{density:4.0%}  forward",
            lambda x=x: convolution.forward(x, w, bias, SHAPE),
            {
                "scattered": lambda e=events: conv_scatter.forward(None, e, w, bias, SHAPE),
                "gathered": lambda e=events: conv_events.forward(None, e, w, bias, SHAPE),
                "chosen": lambda e=events, x=pictures: conv_routes.forward(x, e, w, bias, SHAPE),
            },
            rounds,
        )
        line(
            "      forward, pooled",
            lambda x=x: convolution.largest(x, w, bias, SHAPE, POOLING),
            {
                "scattered": lambda e=events: conv_scatter.largest(None, e, w, bias, SHAPE, POOLING),
                "gathered": lambda e=events: conv_events.largest(None, e, w, bias, SHAPE, POOLING),
                "chosen": lambda e=events, x=pictures: conv_routes.largest(x, e, w, bias, SHAPE, POOLING),
            },
            rounds,
        )
        for text, one, of_weights, of_input in (
            ("", g, convolution.weight_gradient, convolution.input_gradient),
            (", pooled", placed, conv_placed.weight_gradient, conv_placed.input_gradient),
        ):
            line(
                f"      weights{text}",
                lambda x=x, f=of_weights, one=one: f(x, one, SHAPE),
                {
                    "by events": lambda e=events, one=one: conv_events.weight_gradient(None, e, one, SHAPE),
                    "chosen": lambda e=events, x=pictures, one=one: conv_routes.weight_gradient(x, e, one, SHAPE),
                },
                rounds,
            )
            line(
                f"      input{text}",
                lambda f=of_input, one=one: f(one, w, SHAPE),
                {
                    "where wanted": lambda e=events, one=one: conv_wanted.input_gradient(one, w, e, SHAPE),
                    "chosen": lambda e=events, one=one: conv_routes.input_gradient(one, w, e, SHAPE),
                },
                rounds,
            )


if __name__ == "__main__":
    main()
