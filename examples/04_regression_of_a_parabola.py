"""A net learns a curve: 2 x^2 - 1 by 1024 rectified units, one sample at a time, at learning rate 0.005.

So wide a net with so large a step is on the edge. One step on the sample (x, y) changes the output at that very x by

    2 * learning rate * K(x) times its error,    K(x) = sum of squares of d output / d weight.

Above 2 each step overshoots by more than the error it set out to mend, and training explodes. Here K is nearly the
sum of the hidden units' squared outputs, and at x = 1 the usual initial weights make it 1024/3: the factor is 3.4.
Halving the hidden layer's initial weights divides it by four, and training converges.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

N_SAMPLES, N_HIDDEN, LEARNING_RATE = 51, 1024, 0.005


class Result(NamedTuple):
    """x, target, fit: (n,) curve and net on a fine grid; loss: per epoch; overshoot: the factor above, at x = 1."""

    x: np.ndarray
    target: np.ndarray
    fit: np.ndarray
    loss: list[float]
    overshoot: float


def main(quick: bool = False, out: Path = Path("example-figures")) -> Result:
    """The curve, the fit and the loss; draws them into the folder `out`. quick: few epochs."""
    hidden = sn.Linear(1, N_HIDDEN, seed=0)
    for parameter in hidden.parameters().values():
        parameter.data *= 0.5
    net = sn.Sequential(hidden, sn.ReLU(), sn.Linear(N_HIDDEN, 1, seed=1))
    overshoot = 2 * LEARNING_RATE * sensitivity(net, at=1.0)

    samples = np.linspace(-1, 1, N_SAMPLES)[:, None]
    history = sn.fit(
        net,
        (samples, parabola(samples)),
        loss=sn.loss.mse,
        optimiser=sn.optim.SGD(LEARNING_RATE),
        epochs=20 if quick else 200,
        batch_size=1,
        progress=False,
    )
    x = np.linspace(-1, 1, 401)[:, None]  # finer than the samples: also what lies between them shall fit
    result = Result(x[:, 0], parabola(x)[:, 0], net(x).data[:, 0], history.curves()["loss"], overshoot)
    draw(samples, result, out)
    return result


def parabola(x: np.ndarray) -> np.ndarray:
    return 2 * x**2 - 1


def sensitivity(net: sn.Sequential, at: float) -> float:
    """K: the sum of squares of d output / d weight over all weights, for one input."""
    net(np.array([[at]])).sum().backward()
    return sum(float(np.sum(p.grad**2)) for p in net.parameters().values() if p.grad is not None)


def draw(samples: np.ndarray, result: Result, out: Path) -> None:
    """The fit beside the samples, and the loss over the epochs."""
    curve, loss = Figure(figsize=(10, 4), layout="constrained").subplots(1, 2)
    curve.plot(samples, parabola(samples), "o", markersize=4, color="0.7", label=f"{len(samples)} samples of $2x^2-1$")
    curve.plot(result.x, result.fit, label="net 1-1024-1 after training")
    curve.set(xlabel="x (no unit)", ylabel="y (no unit)")
    curve.legend(frameon=False, loc="upper center")
    sn.plot.training_curves({"mean squared error": result.loss}, [loss])
    loss.set(yscale="log", ylabel="mean squared error (no unit)")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(curve, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"change of the output by one step, relative to its error: {result.overshoot:.2f}")
    print(f"mean squared error in the first epoch {result.loss[0]:.3g}, in the last {result.loss[-1]:.2g}")
    print(f"largest error between -1 and 1: {np.abs(result.fit - result.target).max():.3f}")
