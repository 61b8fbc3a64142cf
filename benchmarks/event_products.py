"""Products by events beside dense ones, over all densities: where they meet, and that the choice is never far off.

    python benchmarks/event_products.py [--rounds 5] [--threads 2] [--densities 1 5 10 20 50]

The layer is 6400 x 800 x 800, as 50 steps of a batch of 128 make it. `forward` is x @ w and `weights` x.T @ g by the
events of x; `error` is g @ w.T at the wanted places only. `chosen` is what layers call: it looks at the density and
takes one of the two, so it should never be slower than the faster one by more than a few per cent.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable

import numba
import numpy as np
import report
from roofs import medians_ms

from spikenet.errors import Array
from spikenet.kernels import blas, event_products, products, wanted_products
from spikenet.kernels.events import Events, found

ROWS, N_IN, N_OUT = 6400, 800, 800
DENSITIES = (0, 0.5, 1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100)  # per cent


Works = tuple[Callable[[], object], Callable[[], object], Callable[[], object]]


def routes(x: Array, e: Events, w: Array, g: Array) -> tuple[Works, Works, Works]:
    """By events, densely, and as chosen: forward, weights, error."""
    return (
        (
            lambda: event_products.multiply(lambda: x, e, w),
            lambda: blas.multiply(x, w),
            lambda: products.multiply(lambda: x, w, None, e),
        ),
        (
            lambda: event_products.transposed_multiply(lambda: x, e, g),
            lambda: blas.transposed_multiply(x, g),
            lambda: products.transposed_multiply(lambda: x, g, e),
        ),
        (
            lambda: wanted_products.multiply_transposed(g, w, e),
            lambda: blas.multiply_transposed(g, w),
            lambda: products.multiply_transposed(g, w, e),
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=numba.get_num_threads())
    parser.add_argument("--densities", type=float, nargs="+", default=DENSITIES, metavar="PERCENT")
    options = parser.parse_args()
    numba.set_num_threads(options.threads)

    rng = np.random.default_rng(0)
    w = rng.standard_normal((N_IN, N_OUT), np.float32)
    g = rng.standard_normal((ROWS, N_OUT), np.float32)
    meet = products.limits(N_OUT)
    print(f"{report.machine()}; {options.threads} threads, float32, {ROWS} x {N_IN} x {N_OUT}")
    print(f"events are chosen up to: forward {meet.forward:.0%}, weights {meet.weights:.0%}, error {meet.error:.0%}")
    print(f"{'':9}" + "".join(f"{name:>37}" for name in ("forward", "weights", "error")))
    print(
        f"{'density':>9}" + f"{'events':>10}{'dense':>9}{'chosen':>9}{'ratio':>9}" * 3 + "   ms; ratio: dense / events"
    )
    worst = 0.0
    for per_cent in options.densities:
        x = (rng.random((ROWS, N_IN)) < per_cent / 100).astype(np.float32)
        events = dataclasses.replace(found(x), binary=True)
        line = f"{per_cent:7.1f} %"
        for works in routes(x, events, w, g):
            by_events, dense, chosen = medians_ms(works, options.rounds)
            worst = max(worst, chosen / min(by_events, dense))
            line += f"{by_events:10.2f}{dense:9.2f}{chosen:9.2f}{dense / by_events:9.2f}"
        print(line, flush=True)
    print(f"the chosen route at its worst: {worst:.2f} times the faster one")


if __name__ == "__main__":
    main()
