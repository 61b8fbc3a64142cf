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
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

N_IN, BATCH = 9, 16
STEP = 1e-7  # of a weight: near the square root of float64's rounding, where forward differences are best


class Cost(NamedTuple):
    """Of both ways to the gradient of one net: passes counted, seconds, and how far apart the gradients are at most."""

    n_weights: int
    numerical_forward: int
    forward: int
    backward: int
    numerical_s: float
    backpropagation_s: float
    difference: float


def main(quick: bool = False, out: Path = Path("example-figures")) -> list[Cost]:
    """The costs for nets of growing width; draws them into the folder `out`. quick: small nets only."""
    costs = [cost(hidden) for hidden in ((1, 3, 10, 30) if quick else (1, 3, 10, 30, 100, 300, 1000))]
    draw(costs, out)
    return costs


def cost(hidden: int) -> Cost:
    """What both ways cost in a net of 9 inputs, `hidden` tanh units and one output: 10 weights a unit."""
    rng = np.random.default_rng(hidden)
    x, target = rng.normal(size=(BATCH, N_IN)), rng.normal(size=BATCH)
    w = sn.Tensor(rng.normal(size=(N_IN + 1, hidden)) / np.sqrt(N_IN), requires_grad=True)
    count: Counter[str] = Counter()

    def loss() -> sn.Tensor:
        y = sn.graph.tanh(x @ w[:N_IN]) @ w[N_IN]
        return counted((y - target).square().mean(), count)

    numerical, numerical_s = timed(lambda: forward_differences(loss, w))
    numerical_forward = count.pop("forward")
    exact, _ = timed(lambda: backpropagated(loss, w))
    forward, backward = count["forward"], count["backward"]
    exact_s = min(timed(lambda: backpropagated(loss, w))[1] for _ in range(5))  # too short for one look at the clock
    difference = float(np.abs(numerical - exact).max())
    return Cost(w.size, numerical_forward, forward, backward, numerical_s, exact_s, difference)


def counted(x: sn.Tensor, count: Counter[str]) -> sn.Tensor:
    """x, as an operation of the graph that counts the values going forward and the gradients coming back."""
    count["forward"] += 1

    def vjp(g: Any) -> tuple[Any]:
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


def backpropagated(loss: Callable[[], sn.Tensor], w: sn.Tensor) -> Any:
    """The gradient of the loss in w, all weights at once."""
    w.grad = None
    loss().backward()
    return w.grad


def timed(f: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What f returns, and how long it took, seconds."""
    start = time.perf_counter()
    return f(), time.perf_counter() - start


def draw(costs: list[Cost], out: Path) -> None:
    """Passes and seconds over N, both axes logarithmic."""
    passes, seconds = Figure(figsize=(10, 4), layout="constrained").subplots(1, 2)
    n = [c.n_weights for c in costs]
    passes.plot(n, [c.numerical_forward for c in costs], "o-", label="forward differences: N + 1 forward")
    passes.plot(n, [c.forward + c.backward for c in costs], "s-", label="backpropagation: 1 forward, 1 backward")
    seconds.plot(n, [c.numerical_s for c in costs], "o-", label="forward differences")
    seconds.plot(n, [c.backpropagation_s for c in costs], "s-", label="backpropagation")
    for ax, label in ((passes, "passes through the net, counted"), (seconds, "time for one gradient (s)")):
        ax.set(xscale="log", yscale="log", xlabel="number of weights N", ylabel=label)
        ax.grid(True, color="0.92")
        ax.legend(frameon=False, loc="upper left")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(passes, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for c in main():
        print(f"{c.n_weights:5} weights, forward differences: {c.numerical_forward:5} forward, {c.numerical_s:.1e} s")
        print(f"{'':15}backpropagation: {c.forward} forward, {c.backward} backward, {c.backpropagation_s:.1e} s")
