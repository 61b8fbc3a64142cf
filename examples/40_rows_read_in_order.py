"""Digits read row by row: Elman, GRU, LSTM and an LSTM from both ends, with as many weights as fit each.

The net sees one row of eight pixels at a time and keeps the rest in mind; its answer is read after the last row. Gates
decide what is kept, so the gated units learn faster than the plain one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

UNITS = 48


class Result(NamedTuple):
    """curves: accuracy on the test set after each epoch, by net; by_row: that of the LSTM asked after each row."""

    curves: dict[str, list[float]]
    by_row: list[float]


def rows(x: np.ndarray, index: np.ndarray | None = None, seed: int | None = None) -> np.ndarray:
    """(batch, 64) as (8 rows, batch, 8): an encoder, as `fit` takes it."""
    return np.ascontiguousarray(x.reshape(-1, 8, 8).transpose(1, 0, 2))


def last_row(y: sn.Tensor, labels: np.ndarray) -> sn.Tensor:
    return sn.loss.cross_entropy(y[-1], labels)


def accuracy(y: np.ndarray, labels: np.ndarray) -> float:
    return float((y[-1].argmax(axis=-1) == labels).mean())


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains all four; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    rng = np.random.default_rng(seed)
    kinds = {
        "Elman": sn.Elman(8, UNITS, seed=rng),
        "GRU": sn.GRU(8, UNITS, seed=rng),
        "LSTM": sn.LSTM(8, UNITS, seed=rng),
        "LSTM, both ways": sn.Bidirectional(sn.LSTM(8, UNITS // 2, seed=rng), sn.LSTM(8, UNITS // 2, seed=rng)),
    }
    curves, by_row = {}, []
    for name, layer in kinds.items():
        net = sn.Sequential(layer, sn.Linear(UNITS, 10, seed=rng))
        history = sn.fit(
            net, train, test, loss=last_row, metrics=[accuracy], optimiser=sn.optim.Adam(1e-2), encode=rows,
            epochs=5 if quick else 25, batch_size=64 if quick else 32, clip_norm=1.0, seed=seed, progress=False,
        )  # fmt: skip
        curves[name] = history.curves()["test accuracy"]
        if name == "LSTM":
            said = net(rows(test.inputs)).data.argmax(axis=-1)
            by_row = [float((row == test.labels).mean()) for row in said]
    result = Result(curves, by_row)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """Accuracy over training, and after each row."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in result.curves.items():
        left.plot(range(1, len(curve) + 1), curve, label=name)
    left.set(xlabel="epoch", ylabel="accuracy on the test set", title="four ways to remember")
    left.legend(frameon=False)
    right.plot(range(1, 9), result.by_row, "o-")
    right.set(xlabel="rows seen", ylabel="accuracy on the test set", title="the LSTM asked early")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, curve in main().curves.items():
        print(f"{name:16} {curve[-1]:.1%}")
