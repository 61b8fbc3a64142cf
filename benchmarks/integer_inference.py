"""Inference in int8 beside float32, and where the time goes: rounding and windows, products, values back to float.

    python benchmarks/integer_inference.py [--rounds 15]

The MLP 784-1000-10 and the CNN 12C5-P2-64C5-P2-10 of `mnist.py`, untrained, batch 128, static grids. Times are medians.
The parts are timed one by one on what reaches them; pooling, in float in both, is what is missing to the whole.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import mnist
import numpy as np
import report

import spikenet as sn
from spikenet import convert
from spikenet.kernels import integer_products

BATCH = 128


def median_ms(work: Callable[[], Any], rounds: int) -> float:
    """Median time of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times)


def parts_ms(step: convert.IntegerConnection, x: np.ndarray, rounds: int) -> tuple[float, float, float]:
    """Of one connection: inputs to rows of integers, the product, sums to float32."""
    assert step.grid is not None
    rows, shape = step._rows(x, *step.grid)
    sums = integer_products.multiply(rows, step.packed)
    scale = np.asarray(step.grid[0] * step.scale, np.float32)
    start, out = np.zeros_like(scale), np.empty((int(np.prod(shape[:-1])), len(scale)), np.float32)
    return (
        median_ms(lambda: step._rows(x, *step.grid), rounds),
        median_ms(lambda: integer_products.multiply(rows, step.packed), rounds),
        median_ms(lambda: integer_products.to_values(sums, scale, start, True, out), rounds),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    x = (np.random.default_rng(0).random((BATCH, 784)) * (np.arange(784) % 5 == 0)).astype(np.float32)
    print(report.machine())
    for name in ("mlp", "cnn"):
        net = mnist.SUBJECTS[name].make(0)
        small = convert.quantise(net, x)
        with sn.no_grad():
            whole = median_ms(lambda net=net: net(x), rounds)
            print(f"{name}: float32 {whole:.2f} ms, int8 {median_ms(lambda small=small: small(x), rounds):.2f} ms")
            now = x
            for step in small.steps:
                if isinstance(step, convert.IntegerConnection):
                    rounding, product, back = parts_ms(step, now, rounds)
                    print(f"  {step.layer!r:24} rows {rounding:6.2f}  product {product:6.2f}  back {back:6.2f} ms")
                now = step(now) if isinstance(step, convert.IntegerConnection) else step(now).data


if __name__ == "__main__":
    main()
