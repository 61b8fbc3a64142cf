"""A trained convolutional net made spiking without training again: rates take the place of rectified numbers.

Weights are rescaled by what each layer takes on in training data; membranes begin half-way to the threshold, so that
counting spikes rounds to the nearest. Accuracy grows with the steps; which layer loses most is told, with activations
against rates. Trained with as many levels as there are steps (QCFS), little is lost at once.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet import convert

STEPS, LEVELS = 64, 8


class Result(NamedTuple):
    """numbers: accuracy of the conventional nets; curves: accuracy after each step by net and start of the membrane;
    losses: of each layer after 16 steps; worst: where most is lost; pairs: activations and rates, by layer."""

    numbers: dict[str, float]
    curves: dict[str, np.ndarray]
    losses: list[convert.LayerLoss]
    worst: str
    pairs: list[tuple[np.ndarray, np.ndarray]]


def net(activation, seed: int) -> sn.Sequential:  # type: ignore[no-untyped-def]
    return sn.Sequential(
        sn.Unflatten((1, 8, 8)), sn.Conv2d(1, 12, 3, padding=1, seed=seed), activation(), sn.AvgPool2d(2),
        sn.Conv2d(12, 24, 3, padding=1, seed=seed + 1), activation(), sn.AvgPool2d(2), sn.Flatten(3),
        sn.Linear(96, 64, seed=seed + 2), activation(), sn.Linear(64, 10, seed=seed + 3),
    )  # fmt: skip


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains, converts and counts; draws into the folder `out`. quick: few epochs. seed: of split and weights."""
    train, test = sn.data.digits(seed)
    numbers, curves, losses, pairs = {}, {}, list[convert.LayerLoss](), list[tuple[np.ndarray, np.ndarray]]()
    for name, activation in (("ReLU", sn.ReLU), ("QCFS", partial(sn.QCFS, LEVELS))):
        made = net(activation, seed)
        sn.fit(
            made, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(4e-3), epochs=6 if quick else 30,
            batch_size=64, seed=seed, progress=False,
        )  # fmt: skip
        numbers[name] = sn.evaluate(made, test)["accuracy"]
        for start in (0.0, 0.5) if name == "ReLU" else (0.5,):
            spiking = convert.to_spiking(made, train.inputs[:500], start=start)
            key = f"{name}, from {'half-way' if start else 'rest'}"
            curves[key] = convert.accuracy_by_steps(spiking.net, test.inputs, test.labels, STEPS)
        if name == "ReLU":
            losses = convert.losses(made, spiking, test.inputs, 16)
            pairs = compared(made, spiking, test.inputs[:50])
    result = Result(numbers, curves, losses, convert.worst(losses).name, pairs)
    draw(result, out)
    return result


def compared(made: sn.Sequential, spiking: convert.Converted, x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """(activations, rates in their units after 16 steps) of each population."""
    wanted = [r.output for r in sn.record(made, x) if r.layer.kind == "ReLU"]
    held = np.broadcast_to(x, (16, *x.shape))
    rates = [r.output.mean(axis=0) for r in sn.record(spiking.net, held) if r.layer.kind == "ConvertedIF"]
    return [(a.ravel(), (r * s).ravel()) for a, r, s in zip(wanted, rates, spiking.scales, strict=True)]


def draw(result: Result, out: Path) -> None:
    """Accuracy against steps, and activation against rate of each layer."""
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    axes = figure.subplots(1, 1 + len(result.pairs))
    for name, curve in result.curves.items():
        axes[0].semilogx(range(1, STEPS + 1), curve, label=name)
    axes[0].axhline(result.numbers["ReLU"], color="0.6", label="numbers (ReLU)")
    axes[0].set(xlabel="steps", ylabel="accuracy on the test set")
    axes[0].legend(frameon=False)
    for ax, (numbers, rates), loss in zip(axes[1:], result.pairs, result.losses, strict=True):
        ax.plot(numbers, rates, ".", markersize=2, alpha=0.3)
        ax.plot([0, numbers.max()], [0, numbers.max()], color="0.6")
        most = ", where most is lost" if loss.name == result.worst else ""
        ax.set(xlabel="activation", ylabel="rate, in its units", title=f"{loss.name}: {loss.rate_error:.1%} off{most}")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, curve in result.curves.items():
        print(f"{name:20} " + ", ".join(f"{k} steps {curve[k - 1]:.1%}" for k in (2, 4, 8, 16, 32, 64)))
    print(f"numbers: {result.numbers}; most is lost in {result.worst}")
