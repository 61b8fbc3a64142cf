"""A map of digits that nobody drew: units on a hexagonal grid become like the digits, neighbours like each other.

Labels are used only to print on the map what each unit answers to. The U-matrix shows how far a unit is from its
neighbours: ridges part one kind of digit from another. Beside it a radial-basis net, whose units are found by k-means.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.layers import place
from spikenet.models import SelfOrganisingMap, train_som
from spikenet.train import solve_readout

ROWS, COLUMNS = 12, 12


class Result(NamedTuple):
    """som; names: (units,) most common digit of each, -1 without; the two errors of the map; radial: accuracies by
    number of radial units."""

    som: SelfOrganisingMap
    names: np.ndarray
    topographic_error: float
    map_accuracy: float
    radial: dict[int, float]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains map and nets; draws into the folder `out`. quick: a smaller map. seed: of split and centres."""
    train, test = sn.data.digits(seed)
    size = (8, 8) if quick else (ROWS, COLUMNS)
    som = train_som(train.inputs, *size, epochs=20 if quick else 60, radius=(max(size) / 2, 1.0), seed=seed)
    votes = np.zeros((len(som.weight), 10))
    np.add.at(votes, (som.winners(train.inputs), train.labels), 1)
    names = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)
    accuracy = float((names[som.winners(test.inputs)] == test.labels).mean())
    radial = {}
    for n in (20, 60) if quick else (20, 60, 200):
        net = sn.Sequential(place(sn.RadialBasis(64, n, seed=seed), train.inputs, seed=seed), sn.Linear(n, 10))
        radial[n] = sn.evaluate(solve_readout(net, train), test)["accuracy"]
    result = Result(som, names, som.topographic_error(test.inputs), accuracy, radial)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """The U-matrix with names, and what the units look like."""
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    places, rows = result.som.places, result.som.shape[0]
    height = result.som.u_matrix().reshape(-1)
    shades = left.scatter(
        places[:, 1], -places[:, 0], c=height, s=52_000 / len(places) * 0.8, marker="h", cmap="bone_r"
    )
    for (y, x), name in zip(places, result.names, strict=True):
        left.annotate(str(name) if name >= 0 else "", (x, -y), ha="center", va="center", color="#D55E00")
    figure.colorbar(shades, ax=left, label="mean distance to neighbours")
    left.set(xticks=[], yticks=[], aspect="equal", title=f"topographic error {result.topographic_error:.1%}")
    tiles = result.som.weight.reshape(rows, -1, 8, 8).transpose(0, 2, 1, 3).reshape(rows * 8, -1)
    right.imshow(tiles, cmap="gray_r")
    right.set(xticks=[], yticks=[], title=f"the units; named for their digits, {result.map_accuracy:.1%} right")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"map: topographic error {result.topographic_error:.1%}, accuracy {result.map_accuracy:.1%}")
    for n, accuracy in result.radial.items():
        print(f"{n} radial units: accuracy {accuracy:.1%}")
