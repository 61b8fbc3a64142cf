"""The derived LIF loops beside copying the arrays they read and write: how far they are from the memory's speed.

    python benchmarks/neuron_loop.py [--rounds 31] [--threads 2]

25 steps x 128 rows x 1000 neurons in float32, every array 12.8 MB. The forward loop reads the current and writes spikes
and the states before each step; the adjoint reads current, states and the output's gradient and writes the current's.
Copying moves as many arrays, by the same threads in the same blocks. Loop and copy take turns; medians and the ratio.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable

import numba
import numpy as np

import spikenet as sn
from spikenet.derive.adjoint import adjoint
from spikenet.derive.compile import compile_times_s
from spikenet.kernels import memory
from spikenet.kernels.time_loop import adjoint_loop, forward_loop

STEPS, BATCH, N = 25, 128, 1000


@numba.njit(parallel=True)
def copy(sources: np.ndarray, targets: np.ndarray) -> None:
    """Row by row, as a plain loop: (arrays, rows, n)."""
    for r in numba.prange(sources.shape[1]):
        for k in range(sources.shape[0]):
            a, b = sources[k, r], targets[k, r]
            for j in range(a.size):
                b[j] = a[j]


def by_turns(first: Callable[[], None], second: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Median milliseconds of both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 2):
        for work, into in zip((first, second), times, strict=True):
            before = time.perf_counter()
            work()
            into.append(time.perf_counter() - before)
    return 1e3 * statistics.median(times[0][2:]), 1e3 * statistics.median(times[1][2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    options = parser.parse_args()
    numba.set_num_threads(options.threads)

    layer = sn.LIF()
    names = tuple(layer.values)
    forward = forward_loop(layer.model, names, "float32")
    backward = adjoint_loop(adjoint(layer.model, layer.surrogate), names, False, "float32")
    p = np.stack([np.full(N, value.data, np.float32) for value in layer.values.values()])
    rng = np.random.default_rng(0)

    def array() -> np.ndarray:
        made = memory.empty((STEPS, BATCH, N), np.float32)
        made[...] = rng.random((STEPS, BATCH, N), np.float32) * 0.3
        return made

    x, g_out, out, g_x = array(), array(), array(), array()
    state, kept = np.zeros((1, BATCH, N), np.float32), np.zeros((1, 1, BATCH, N), np.float32)
    unlisted = (np.empty((0, 0, 0), np.uint16), np.empty((0, 0, 0), np.int32)) * 2
    no_slopes = np.empty((0, 0), np.float32)
    no_factor, no_learnt = np.empty((0, N), np.float32), np.zeros((0, BATCH, N), np.float32)
    # A copy reads one array and writes one: two arrays are one copy, three are one and a half.
    sources = memory.empty((2, STEPS * BATCH, N), np.float32)
    targets = memory.empty((2, STEPS * BATCH, N), np.float32)
    sources[...], targets[...] = 1, 0

    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, float32, {STEPS} x {BATCH} x {N}")
    print(f"{'':10}{'loop ms':>10}{'copy ms':>10}{'ratio':>8}{'arrays':>8}{'GB/s':>8}")
    read = (p, kept, x, g_out, no_factor, *unlisted[:2], no_slopes)
    works = {
        "forward": (lambda: forward(p, state, x, out, kept, *unlisted, no_slopes, STEPS, STEPS), 2),
        "adjoint": (lambda: backward(*read, state, g_x, no_learnt, STEPS, STEPS), 3),
    }
    for name, (work, arrays) in works.items():
        loop_ms, two_copies_ms = by_turns(work, lambda: copy(sources, targets), options.rounds)
        copy_ms = two_copies_ms * arrays / 4
        speed = arrays * out.nbytes / loop_ms / 1e6
        print(f"{name:10}{loop_ms:10.2f}{copy_ms:10.2f}{loop_ms / copy_ms:8.2f}{arrays:8}{speed:8.1f}")
    compiled = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in compile_times_s.items())
    print(f"compiled before: {compiled or 'nothing, all came from the cache'}")


if __name__ == "__main__":
    main()
