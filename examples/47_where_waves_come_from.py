"""Eight antennas hear a wave: from which of sixteen directions? The answer lies in phases, not in sizes.

A complex net multiplies phasors as they are; a real one gets real and imaginary parts as twice as many numbers. Both
are trained on the same waves, whose overall phase is random, at several numbers of weights. It is often said that a
complex net needs about half the parameters and learns faster: here is what comes out.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import descend

ANTENNAS, DIRECTIONS, NOISE, BATCH = 8, 16, 0.7, 64


class Result(NamedTuple):
    """points: by net, (real numbers learnt, accuracy, steps until 80 % is reached or all) of each size."""

    points: dict[str, list[tuple[int, float, int]]]


def waves(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(n, ANTENNAS) complex64 phasors half a wavelength apart with noise, and their directions."""
    label = rng.integers(0, DIRECTIONS, n)
    angle = np.pi * ((label + rng.uniform(0.1, 0.9, n)) / DIRECTIONS - 0.5)
    phase = np.pi * np.sin(angle)[:, None] * np.arange(ANTENNAS) + rng.uniform(0, 2 * np.pi, (n, 1))
    noise = rng.normal(size=(n, ANTENNAS)) + 1j * rng.normal(size=(n, ANTENNAS))
    return (np.exp(1j * phase) + NOISE / np.sqrt(2) * noise).astype(np.complex64), label


def complex_net(hidden: int, seed: int) -> sn.Sequential:
    first, last = sn.ComplexLinear(ANTENNAS, hidden, seed=seed), sn.ComplexLinear(hidden, DIRECTIONS, seed=seed + 1)
    return sn.Sequential(first, sn.ModReLU(hidden), last, sn.Magnitude())


def real_net(hidden: int, seed: int) -> sn.Sequential:
    return sn.models.mlp((2 * ANTENNAS, hidden, DIRECTIONS), seed=seed)


def as_real(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x.real, x.imag], axis=-1)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains all sizes; draws into the folder `out`. quick: fewer sizes and steps. seed: of waves and weights."""
    steps, sizes = (400, (8, 24)) if quick else (3000, (4, 8, 16, 32, 64))
    test_x, test_y = waves(4000, np.random.default_rng(seed + 1))
    points: dict[str, list[tuple[int, float, int]]] = {"complex": [], "real": []}
    for hidden in sizes:
        for name, make, seen in (("complex", complex_net, np.asarray), ("real", real_net, as_real)):
            width = hidden if name == "complex" else hidden * 2  # about as many real numbers to learn
            net, rng, state, reached = make(width, seed), np.random.default_rng(seed), None, steps
            params = net.parameters()
            for k in range(steps):
                x, label = waves(BATCH, rng)
                loss = sn.loss.cross_entropy(net(seen(x)), label)
                state = descend(loss, params, sn.optim.Adam(5e-3), state)
                if reached == steps and k % 20 == 19 and accuracy(net, seen(test_x[:1000]), test_y[:1000]) > 0.8:
                    reached = k + 1
            count = sum(p.size for p in params.values())
            points[name].append((count, accuracy(net, seen(test_x), test_y), reached))
    result = Result(points)
    draw(result, out)
    return result


def accuracy(net: sn.Sequential, x: np.ndarray, labels: np.ndarray) -> float:
    with sn.no_grad():
        return float((net(x).data.argmax(axis=-1) == labels).mean())


def draw(result: Result, out: Path) -> None:
    """Accuracy, and steps to 80 %, against how much there is to learn."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, points in result.points.items():
        counts, accuracies, reached = zip(*points, strict=True)
        left.semilogx(counts, accuracies, "o-", label=name)
        right.semilogx(counts, reached, "o-", label=name)
    left.set(xlabel="real numbers learnt", ylabel="accuracy")
    right.set(xlabel="real numbers learnt", ylabel="steps until 80 % (top: never)")
    left.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, points in main().points.items():
        for count, found, reached in points:
            print(f"{name:8} {count:6} numbers learnt: accuracy {found:.1%}, 80 % after {reached} steps")
