"""Times of the recurrent loop, and of a whole training step, at the size of W4.

700 inputs (2 % spikes) - 256 recurrent LIF - 20 leaky readouts, 100 steps, batch 256, float32. The weights stay as they
are, so that densities do. Medians of several runs; the loops are also shown on one thread.

    python benchmarks/recurrent.py [--rounds 9]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

import spikenet as sn
from spikenet.derive.adjoint import adjoint
from spikenet.derive.compile import compile_times_s
from spikenet.kernels import recurrent_pass
from spikenet.neurons.surrogate import Surrogate

N_IN, N, N_OUT, STEPS, BATCH = 700, 256, 20, 100, 256
CURVES = (sn.surrogate.triangle(0.2), sn.surrogate.triangle(0.5), sn.surrogate.atan)


def median_ms(function: Callable[[], Any], rounds: int) -> float:
    """Median time of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times)


def loops(curve: Surrogate, rounds: int, threads: int) -> str:
    """One line: densities, and the times of the loop's parts."""
    rng = np.random.default_rng(0)
    x = rng.normal(0.07, 0.15, (STEPS, BATCH, N)).astype(np.float32)
    g = rng.normal(size=(STEPS, BATCH, N)).astype(np.float32)
    neurons = sn.LIF(surrogate=curve)
    w = sn.Recurrent(neurons, N, seed=0).recurrent_weight.data
    values = {name: np.full(N, value.data, np.float32) for name, value in neurons.values.items()}
    state, last = np.zeros((1, BATCH, N), np.float32), np.zeros((BATCH, N), np.float32)
    compact = curve if np.isfinite(curve.support) else None

    rules = adjoint(neurons.runs, curve, ())

    def forward(keep: bool = True) -> Any:
        kept = {"rules": rules, "surrogate": compact} if keep else {}
        return recurrent_pass.forward(neurons.runs, values, x, w, state, last, STEPS, **kept)[2]

    one = forward()

    def backward() -> Any:
        return recurrent_pass.adjoint(rules, one, g, state, last)[0]

    g_x = backward()
    numba.set_num_threads(threads)
    times = (
        median_ms(lambda: forward(keep=False), rounds),
        median_ms(forward, rounds),
        median_ms(backward, rounds),
        median_ms(lambda: recurrent_pass.weight_gradient(one, g_x), rounds),
    )
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    wanted = one.wanted.density if one.wanted is not None else 1.0
    shown = "".join(f"{t:11.2f}" for t in times)
    return f"{f'{curve.name}({curve.value})':15}{threads:8}{one.events.density:9.3f}{wanted:9.3f}{shown}"


def whole_step(curve: Surrogate, rounds: int) -> str:
    """One line: the training step of the whole net, without the optimiser."""
    rng = np.random.default_rng(1)
    x = (rng.random((STEPS, BATCH, N_IN)) < 0.02).astype(np.float32)
    target = rng.integers(0, N_OUT, BATCH)
    hidden = sn.Recurrent(sn.LIF(surrogate=curve), N, seed=1)
    net = sn.Sequential(sn.Linear(N_IN, N, seed=0), hidden, sn.Linear(N, N_OUT, seed=2), sn.LI())
    net.layers[0].weight.data *= 7
    picked = np.arange(BATCH)

    def step() -> None:
        for p in net.parameters().values():
            p.grad = None
        membrane = net(x).mean(axis=0)
        (-membrane.log_softmax()[picked, target].mean()).backward()

    with sn.no_grad():
        density = net.layers[1](net.layers[0](x)).events.density
        inference = median_ms(lambda: net(x), rounds)
    return f"{f'{curve.name}({curve.value})':15}{density:9.3f}{inference:13.2f}{median_ms(step, rounds):13.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    threads = numba.get_num_threads()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {threads} threads, float32, ms")
    print(f"loop: {N} recurrent LIF, {STEPS} steps, batch {BATCH}")
    print(
        f"{'surrogate':15}{'threads':>8}{'density':>9}{'wanted':>9}{'inference':>11}{'forward':>11}{'adjoint':>11}{'dW':>11}"
    )
    for count in sorted({1, threads}):
        for curve in CURVES:
            print(loops(curve, rounds, count))
    print(f"whole step: {N_IN}-{N} recurrent-{N_OUT}, input density 0.02")
    print(f"{'surrogate':15}{'density':>9}{'inference':>13}{'training':>13}")
    for curve in CURVES:
        print(whole_step(curve, rounds))
    if compile_times_s:
        print("compiled (s):", ", ".join(f"{name} {spent:.1f}" for name, spent in compile_times_s.items()))


if __name__ == "__main__":
    main()
