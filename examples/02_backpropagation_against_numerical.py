"""Why everybody backpropagates: numerical differentiation pays one forward pass a weight, backpropagation one in all.

Forward differences need the loss at the weights themselves and once more with each of the N weights moved: N + 1
forward passes. Backpropagation gets the same N numbers from one forward pass and one backward pass, whatever N is.
Passes are counted where they happen, inside the graph, and both ways are timed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

N_IN, BATCH = 9, 16
STEP = 1e-7  # of a weight: near the square root of float64's rounding, where forward differences are best


class Result(NamedTuple):
    """For each net: its weights N, passes and seconds of both ways, and how far apart their gradients are."""

    n_weights: list[int]
    numerical_forward: list[int]
    backpropagation_forward: list[int]
    backpropagation_backward: list[int]
    numerical_s: list[float]
    backpropagation_s: list[float]
    largest_difference: float


def main(quick: bool = False, out: Path = Path("example-figures")) -> Result:
    """Counts and times for nets of growing width; draws both into the folder `out`. quick: small nets only."""
    widths = (1, 3, 10, 30) if quick else (1, 3, 10, 30, 100, 300, 1000)
    rows = [compared(hidden) for hidden in widths]
    *columns, differences = (list(column) for column in zip(*rows, strict=True))
    result = Result(*columns, largest_difference=max(differences))
    draw(result, out)
    return result


def compared(hidden: int) -> tuple[int, int, int, int, float, float, float]:
    """One row of `Result` for a net with `hidden` tanh units."""
    rng = np.random.default_rng(hidden)
    x, target = rng.normal(size=(BATCH, N_IN)), rng.normal(size=BATCH)
    w = sn.Tensor(rng.normal(size=(N_IN + 1, hidden)) / np.sqrt(N_IN), requires_grad=True)
    count: Counter[str] = Counter()

    def loss() -> sn.Tensor:
        y = sn.graph.tanh(x @ w[:N_IN]) @ w[N_IN]
        return counted((y - target).square().mean(), count)

    numerical, numerical_s = timed(lambda: forward_differences(loss, w))
    n_numerical = count["forward"]
    count.clear()
    exact = backpropagated(loss, w)
    n_forward, n_backward = count["forward"], count["backward"]
    exact_s = min(timed(lambda: backpropagated(loss, w))[1] for _ in range(5))  # too short for one look at the clock
    difference = float(np.abs(numerical - exact).max())
    return w.size, n_numerical, n_forward, n_backward, numerical_s, exact_s, difference


def counted(x: sn.Tensor, count: Counter[str]) -> sn.Tensor:
    """x, as an operation of the graph that counts the values going forward and the gradients coming back."""
    count["forward"] += 1

    def vjp(g: np.ndarray) -> tuple[np.ndarray]:
        count["backward"] += 1
        return (g,)

    return sn.Tensor(x.data, (x,), vjp, operation="counted")


def forward_differences(loss: Callable[[], sn.Tensor], w: sn.Tensor) -> np.ndarray:
    """The gradient of the loss in w, one weight after the other."""
    gradient = np.empty_like(w.data)
    with sn.no_grad():
        here = loss().item()
        for index in np.ndindex(w.shape):
            kept = w.data[index]
            w.data[index] = kept + STEP
            gradient[index] = (loss().item() - here) / STEP
            w.data[index] = kept
    return gradient


def backpropagated(loss: Callable[[], sn.Tensor], w: sn.Tensor) -> np.ndarray:
    """The gradient of the loss in w, all weights at once."""
    w.grad = None
    loss().backward()
    return w.grad


def timed(f: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What f returns, and how long it took, seconds."""
    start = time.perf_counter()
    return f(), time.perf_counter() - start


def draw(result: Result, out: Path) -> None:
    """Passes and seconds over N, both axes logarithmic."""
    passes, seconds = Figure(figsize=(10, 4), layout="constrained").subplots(1, 2)
    n = result.n_weights
    both = np.add(result.backpropagation_forward, result.backpropagation_backward)
    passes.plot(n, result.numerical_forward, "o-", label="forward differences: N + 1 forward")
    passes.plot(n, both, "s-", label="backpropagation: 1 forward, 1 backward")
    seconds.plot(n, result.numerical_s, "o-", label="forward differences")
    seconds.plot(n, result.backpropagation_s, "s-", label="backpropagation")
    for ax, label in ((passes, "passes through the net, counted"), (seconds, "time for one gradient (s)")):
        ax.set(xscale="log", yscale="log", xlabel="number of weights N", ylabel=label)
        ax.grid(True, color="0.92")
        ax.legend(frameon=False, loc="upper left")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(passes, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for n, passes, forward, backward, slow_s, fast_s in zip(*result[:6], strict=True):
        print(
            f"{n:5} weights: {passes:5} forward, {slow_s:.2g} s; {forward} forward, {backward} backward, {fast_s:.2g} s"
        )
    print(f"largest difference between the gradients: {result.largest_difference:.1e}")
