"""Inference in int8 beside float32: whole nets, and each connection with the ReLU and the pooling behind it.

    python benchmarks/integer_inference.py [--rounds 15]

The MLP 784-1000-10 and the CNN 12C5-P2-64C5-P2-10 of `mnist.py`, untrained, batch 128, static grids. Times are medians;
every connection is timed alone on what reaches it. Where int8 takes longer, the line says so.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import mnist
import numpy as np
import report

import spikenet as sn
from spikenet import convert

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
            print(line(name, partial(net, x), partial(small, x), rounds))
            now = x
            for step in small.steps:
                if isinstance(step, convert.IntegerConnection):
                    begins = net.layers.index(step.layer)
                    ends = begins + 1 + step.rectify + (step.pooling is not None)
                    part, given = sn.Sequential(*net.layers[begins:ends]), now
                    print(line(f"  {step.layer!r}", partial(part, given), partial(step, given), rounds))
                now = step(now) if isinstance(step, convert.IntegerConnection) else step(now).data


def line(what: str, real: Callable[[], Any], integer: Callable[[], Any], rounds: int) -> str:
    """The two times beside each other."""
    before, after = median_ms(real, rounds), median_ms(integer, rounds)
    verdict = f"{before / after:.1f} times as fast" if after <= before else "SLOWER"
    return f"{what:24} float32 {before:6.2f} ms, int8 {after:6.2f} ms: {verdict}"


if __name__ == "__main__":
    main()
