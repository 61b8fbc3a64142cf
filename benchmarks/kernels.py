"""Every kernel beside the roof of the machine: the time that its arithmetic and its memory take at the least.

    python benchmarks/kernels.py [--rounds 9] [--threads 2]

The roofs are measured first: a large product by BLAS and a large copy. A kernel's arithmetic is what its events call
for, an addition or a multiply-add for each weight they touch; its memory is what it reads and writes once. Weights that
stay in the cache are counted once, so that kernels bound by the cache stand some way above their roof. The last column
says how much faster than BLAS on the same product it is.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import report
from roofs import measured, medians_ms

import spikenet as sn
from spikenet.derive.adjoint import adjoint
from spikenet.errors import Array
from spikenet.kernels import blas, event_products, neuron_pass, wanted_products
from spikenet.kernels.events import found

ROWS, N_IN, N_OUT = 6400, 800, 800
STEPS, BATCH, N = 25, 128, 1000
BYTES = 4  # of a float32


class Kernel(NamedTuple):
    """flops, n_bytes: what cannot be spared; dense: the same by BLAS, where there is such a thing."""

    name: str
    shape: str
    flops: float
    n_bytes: float
    run: Callable[[], object]
    dense: Callable[[], object] | None = None


def products(rng: np.random.Generator) -> Iterator[Kernel]:
    """Dense products, and those by events at 5 and 20 %."""
    shape = f"{ROWS} x {N_IN} x {N_OUT}"
    w, g = rng.standard_normal((N_IN, N_OUT), np.float32), rng.standard_normal((ROWS, N_OUT), np.float32)
    flops, n_bytes = 2 * ROWS * N_IN * N_OUT, BYTES * (ROWS * (N_IN + N_OUT) + N_IN * N_OUT)
    x = rng.standard_normal((ROWS, N_IN), np.float32)
    yield Kernel("dense forward", shape, flops, n_bytes, lambda: blas.multiply(x, w))
    yield Kernel("dense weights", shape, flops, n_bytes, lambda: blas.transposed_multiply(x, g))
    yield Kernel("dense error", shape, flops, n_bytes, lambda: blas.multiply_transposed(g, w))
    for density in (0.05, 0.2):
        spikes = (rng.random((ROWS, N_IN)) < density).astype(np.float32)
        yield from event_kernels(spikes, w, g)


def event_kernels(spikes: Array, w: Array, g: Array) -> Iterator[Kernel]:
    """The three products by the events of `spikes`, and finding them."""
    e = dataclasses.replace(found(spikes), binary=True)
    shape = f"{ROWS} x {N_IN} x {N_OUT}, {e.density:.0%}"
    additions = e.density * ROWS * N_IN * N_OUT
    moved = BYTES * (ROWS * N_OUT + N_IN * N_OUT) + 2 * e.density * e.columns.size  # two bytes name an event

    def forward() -> object:
        return event_products.multiply(lambda: spikes, e, w)

    def weights() -> object:
        return event_products.transposed_multiply(lambda: spikes, e, g)

    def error() -> object:
        return wanted_products.multiply_transposed(g, w, e)

    yield Kernel("event forward", shape, additions, moved, forward, lambda: blas.multiply(spikes, w))
    yield Kernel("event weights", shape, additions, moved, weights, lambda: blas.transposed_multiply(spikes, g))
    written = BYTES * ROWS * N_IN  # the zeros, too
    yield Kernel("wanted error", shape, 2 * additions, moved + written, error, lambda: blas.multiply_transposed(g, w))
    yield Kernel("find events", f"{ROWS} x {N_IN}, {e.density:.0%}", 0, spikes.nbytes, lambda: found(spikes))


def neurons(rng: np.random.Generator) -> Iterator[Kernel]:
    """The loop over time of LIF neurons, forward and adjoint."""
    layer = sn.LIF(surrogate=sn.surrogate.triangle(0.2))
    rules = adjoint(layer.model, layer.surrogate)
    x = rng.random((STEPS, BATCH, N), np.float32) * np.float32(0.2)
    g = rng.standard_normal((STEPS, BATCH, N), np.float32)
    values = {name: np.full(N, value.data, np.float32) for name, value in layer.values.items()}
    state, span = np.zeros((1, BATCH, N), np.float32), neuron_pass.whole_span(STEPS)

    def forward() -> Any:
        return neuron_pass.forward(layer.model, values, x, state, STEPS, span=span, surrogate=layer.surrogate)

    one = forward()[2]
    shape = f"{STEPS} x {BATCH} x {N}"
    updates = STEPS * BATCH * N
    yield Kernel("LIF forward", shape, 4 * updates, x.nbytes + one.kept.nbytes, forward)
    yield Kernel(
        "LIF adjoint", shape, 12 * updates, 3 * x.nbytes + one.kept.nbytes,
        lambda: neuron_pass.adjoint(rules, one, g, state, False),
    )  # fmt: skip


def layers(rng: np.random.Generator) -> Iterator[Kernel]:
    """Layers that fuse several things, by their public face: forward without gradients, and the whole step."""
    if hasattr(sn, "Recurrent"):
        steps, batch, n = 100, 256, 256
        layer = sn.Recurrent(sn.LIF(surrogate=sn.surrogate.triangle(0.2)), n, seed=0)
        current = rng.random((steps, batch, n), np.float32) * np.float32(0.15)
        with sn.no_grad():
            fed_back = float(layer(current).data.sum()) * n
        yield from through("Recurrent 256", layer, current, fed_back)
    if hasattr(sn, "Conv2d"):
        spikes = (rng.random((50, 128, 12, 12, 12)) < 0.07).astype(np.float32)
        inside = (8 / 12) ** 2  # of the windows that cover an input, those that do not reach over the edge
        yield from through("Conv2d 12-64 5x5", sn.Conv2d(12, 64, 5, seed=0), spikes, spikes.sum() * 64 * 25 * inside)


def through(name: str, layer: Any, data: Array, additions: float) -> Iterator[Kernel]:
    """Forward, and forward with both gradients; additions: that the events of a forward pass call for."""
    x = sn.Tensor(data, requires_grad=True)
    with sn.no_grad():
        g = np.ones(layer(x).shape, np.float32)
    shape, moved = " x ".join(map(str, x.shape)), x.data.nbytes + g.nbytes

    def forward() -> None:
        with sn.no_grad():
            layer(x)

    def step() -> None:
        for tensor in (x, *layer.parameters().values()):
            tensor.grad = None
        layer(x).backward(g)

    yield Kernel(f"{name} forward", shape, additions, moved, forward)
    yield Kernel(f"{name} and back", shape, 5 * additions, 3 * moved, step)  # a multiply-add for each gradient


def optimiser(rng: np.random.Generator) -> Iterator[Kernel]:
    """Adam over the weights of 784-800-800-800-10."""
    n = 784 * 800 + 2 * 800 * 800 + 8000
    p = sn.Tensor(rng.standard_normal(n, np.float32), requires_grad=True)
    p.grad = rng.standard_normal(n, np.float32)
    adam = sn.optim.Adam(1e-4)
    state = adam.start({"p": p})

    def step() -> None:
        nonlocal state
        state = adam.step({"p": p}, state)

    yield Kernel("Adam", f"{n:,}", 12 * n, 7 * BYTES * n, step)  # reads p, g and two moments, writes three of them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=numba.get_num_threads())
    options = parser.parse_args()
    numba.set_num_threads(options.threads)
    roofs = measured()
    print(f"{report.machine()}; {options.threads} threads, float32")
    print(f"roofs: sgemm {roofs.sgemm_gflops:.0f} GFLOP/s, copy {roofs.copy_gb_s:.1f} GB/s (read and written)")
    print(f"{'':24}{'shape':26}{'ms':>9}{'GFLOP/s':>9}{'GB/s':>8}{'roof ms':>9}{'x roof':>8}{'x BLAS':>8}")
    for room in (products, neurons, layers, optimiser):
        for kernel in room(np.random.default_rng(0)):
            works = [kernel.run] if kernel.dense is None else [kernel.run, kernel.dense]
            ms, *dense_ms = medians_ms(works, options.rounds)
            least = roofs.least_ms(kernel.flops, kernel.n_bytes)
            against = f"{dense_ms[0] / ms:8.2f}" if dense_ms else ""
            print(
                f"{kernel.name:24}{kernel.shape:26}{ms:9.2f}{kernel.flops / ms / 1e6:9.1f}"
                f"{kernel.n_bytes / ms / 1e6:8.1f}{least:9.2f}{ms / least:8.2f}{against}",
                flush=True,
            )


if __name__ == "__main__":
    main()
