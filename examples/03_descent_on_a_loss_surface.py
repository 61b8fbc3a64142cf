"""Gradient descent and stochastic gradient descent on their way down the loss surface of a net with two weights.

The net is a line, y = slope x + offset, its loss the mean squared error over 100 noisy points: a long narrow valley,
for the points all lie on one side of 0 and an error in the slope can be paid back by the offset. Gradient descent looks
at all points before each step and goes straight down, then along the valley. SGD looks at one point a step: it
staggers, and never quite comes to rest, but for the price of one step of the other it takes a hundred.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

N_POINTS = 100
TRUE_SLOPE, TRUE_OFFSET, NOISE = 1.5, -0.5, 0.3
START = (-1.5, 2.0)
LEARNING_RATE = 0.15


class Result(NamedTuple):
    """Weights visited, (steps + 1, 2), and the loss over all points at each of them; best_loss: of least squares."""

    descent_path: np.ndarray
    descent_loss: np.ndarray
    sgd_path: np.ndarray
    sgd_loss: np.ndarray
    best_loss: float


def main(quick: bool = False, out: Path = Path("example-figures")) -> Result:
    """Both paths; draws them on the surface into the folder `out`. quick: a coarser surface."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.0, 2.0, N_POINTS)
    y = TRUE_SLOPE * x + TRUE_OFFSET + rng.normal(0.0, NOISE, N_POINTS)

    def loss(weights: np.ndarray) -> float:
        return float(np.mean((weights[0] * x + weights[1] - y) ** 2))

    everything = [np.arange(N_POINTS)] * N_POINTS  # as many steps
    one_by_one = [np.array([k]) for k in rng.permutation(N_POINTS)]  # every point once
    descent, sgd = walk(x, y, everything), walk(x, y, one_by_one)
    best = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y, rcond=None)[0]
    surface = sn.plot.loss_surface_grid(
        loss, best, [1, 0], [0, 1], reach_a=3.4, reach_b=3.4, points=21 if quick else 121
    )

    drawn = Figure(figsize=(12, 4.8), layout="constrained").subplots(1, 2)
    across, up = surface.a + best[0], surface.b + best[1]
    for ax, path, text in (
        (drawn[0], descent, f"gradient descent: {N_POINTS} points a step"),
        (drawn[1], sgd, "stochastic gradient descent: 1 point a step"),
    ):
        sn.plot.loss_surface(surface.loss, across, up, path, ax=ax)
        ax.set(xlabel="slope (no unit)", ylabel="offset (no unit)")
        ax.set_title(text, pad=28)  # above the legend
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(drawn, out / f"{Path(__file__).stem}.png")
    return Result(descent, np.array([*map(loss, descent)]), sgd, np.array([*map(loss, sgd)]), loss(best))


def walk(x: np.ndarray, y: np.ndarray, batches: list[np.ndarray]) -> np.ndarray:
    """The weights before and after every step, (len(batches) + 1, 2); each step sees the points of one batch."""
    weights = sn.Tensor(np.array(START), requires_grad=True, name="weights")
    optimiser, parameters = sn.optim.SGD(LEARNING_RATE), {"weights": weights}
    state = optimiser.start(parameters)
    visited = [weights.data.copy()]
    for batch in batches:
        weights.grad = None
        error = weights[0] * x[batch] + weights[1] - y[batch]
        error.square().mean().backward()
        state = optimiser.step(parameters, state)
        visited.append(weights.data.copy())
    return np.array(visited)


if __name__ == "__main__":
    result = main()
    print(f"least squares:    loss {result.best_loss:.4f}")
    print(f"gradient descent: loss {result.descent_loss[-1]:.4f} after {N_POINTS} passes over the data")
    print(f"SGD:              loss {result.sgd_loss[-1]:.4f} after 1 pass over the data")
