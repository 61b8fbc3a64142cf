"""Digits learnt without being told which is which: competing neurons each become the picture of a kind of digit.

Pixels fire at random, the more often the darker they are. Of 400 neurons the one furthest above its threshold fires,
silences the others, and turns its weights to the pixels that have just fired; its threshold rises, so that others get
their turn (Diehl & Cook 2015). Afterwards each neuron is named for the digit it answers to most: names are the only
use made of the labels. A test digit is what the neurons that fire for it are called.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.learning import WinnerTakeAll, assign_labels, predict_by_assignment

N, STEPS, GAIN = 400, 100, 0.2  # neurons; steps of 1 ms; spikes per step of a black pixel


class Result(NamedTuple):
    """accuracy: on the test set, after each pass; weight: (n, 64); assigned: (n,) digit of each neuron; confusion."""

    accuracy: list[float]
    weight: np.ndarray
    assigned: np.ndarray
    confusion: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Learns, names the neurons, asks them; draws into the folder `out`. quick: fewer neurons, one pass."""
    train, test = sn.data.digits(seed)
    layer, encode = WinnerTakeAll(64, 100 if quick else N), sn.encode.Rate(STEPS, GAIN)
    order = np.random.default_rng(seed)
    state, accuracy = layer.start(seed), []
    for epoch in range(1 if quick else 3):
        visit = order.permutation(len(train))
        _, state = layer.run(state, encode(train.inputs[visit], index=visit, seed=epoch))
        answers, _ = layer.run(state, encode(train.inputs, seed=100), learn=False)
        assigned = assign_labels(answers, train.labels, 10)
        asked, _ = layer.run(state, encode(test.inputs, seed=101), learn=False)
        said = predict_by_assignment(asked, assigned, 10)
        accuracy.append(float((said == test.labels).mean()))
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (test.labels, said), 1)
    result = Result(accuracy, state.weight, assigned, confusion)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """The weights of neurons as pictures, in the order of their digits, and what is taken for what."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    named = np.flatnonzero(result.assigned >= 0)
    chosen = named[np.argsort(result.assigned[named], kind="stable")]
    chosen = chosen[np.linspace(0, len(chosen) - 1, 100).astype(int)]
    pictures = result.weight[chosen].reshape(10, 10, 8, 8)
    framed = np.pad(pictures, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=np.nan)
    left.imshow(framed.transpose(0, 2, 1, 3).reshape(90, 90), cmap="gray_r")
    left.set(title="weights of 100 of the neurons", xticks=[], yticks=[])
    image = right.imshow(result.confusion, cmap="Blues")
    right.set(
        title=f"{result.accuracy[-1]:.1%} of test digits named rightly", xlabel="named", ylabel="digit",
        xticks=range(10), yticks=range(10),
    )  # fmt: skip
    figure.colorbar(image, ax=right, label="test digits", shrink=0.8)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print("accuracy on the test set after each pass:", ", ".join(f"{a:.1%}" for a in result.accuracy))
    print(f"{(result.assigned >= 0).sum()} of {len(result.assigned)} neurons took part")
