"""Paper or ink: a map that tells a painter no more than that, pixel by pixel, and what it makes of it.

The map goes in by a normalisation (SPADE): scale and shift are convolutions of the map, so they differ from pixel to
pixel, and know the surroundings. The same noise is normalised for every digit; that the stroke is strong in its middle
and thins out at its ends comes from the map alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import descend

WIDTH, BATCH, SHOWN = 24, 64, 10


class Result(NamedTuple):
    """error: mean squared error of test digits, by what painted them; pictures: (SHOWN, 3, 8, 8), map, painted, true"""

    error: dict[str, float]
    pictures: np.ndarray


class Tracer:
    """tracer(maps (batch, 2, 8, 8)) -> (batch, 64): paints on maps of paper and of ink."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.square = rng.normal(size=(1, WIDTH, 8, 8)).astype(np.float32)
        self.parts = [sn.SPADE(WIDTH, 2, seed=rng), sn.Conv2d(WIDTH, 1, 3, padding=1, seed=rng)]

    def __call__(self, maps: np.ndarray) -> sn.Tensor:
        norm, last = self.parts
        same = np.repeat(self.square, len(maps), axis=0)
        return last(sn.ReLU()(norm(same, maps))).reshape(len(maps), 64)

    def parameters(self) -> dict[str, sn.Tensor]:
        return {f"{k}.{key}": p for k, part in enumerate(self.parts) for key, p in part.parameters().items()}


def maps_of(digits: np.ndarray) -> np.ndarray:
    """(n, 64) digits as (n, 2, 8, 8): 1 where there is paper, 1 where there is ink."""
    ink = digits.reshape(-1, 1, 8, 8) > 0.5
    return np.concatenate([~ink, ink], axis=1).astype(np.float32)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and paints; draws into the folder `out`. quick: few epochs. seed: of split, weights and noise."""
    train, test = sn.data.digits(seed)
    rng, tracer, state = np.random.default_rng(seed), Tracer(seed), None
    for _ in range(6 if quick else 50):
        for chosen in np.array_split(rng.permutation(len(train)), len(train) // BATCH):
            x = train.inputs[chosen]
            state = descend(sn.loss.mse(tracer(maps_of(x)), x), tracer.parameters(), sn.optim.Adam(3e-3), state)
    with sn.no_grad():
        traced = tracer(maps_of(test.inputs)).data
    inky, inky_test = train.inputs > 0.5, test.inputs > 0.5
    grey = np.where(inky_test, train.inputs[inky].mean(), train.inputs[~inky].mean())
    painted = {"means of paper, ink": grey, "SPADE": traced}
    error = {name: float(np.square(x - test.inputs).mean()) for name, x in painted.items()}
    pictures = np.stack([inky_test, traced, test.inputs], axis=1)[:SHOWN].reshape(SHOWN, 3, 8, 8)
    result = Result(error, pictures)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """In each column a map, what is painted on it, and the digit it was made of."""
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    names = ("paper and ink", "painted", "the digit")
    for name, axes, row in zip(names, figure.subplots(3, SHOWN), result.pictures.swapaxes(0, 1), strict=True):
        for ax, image in zip(axes, row, strict=True):
            ax.imshow(np.clip(image, 0, 1), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center")
    figure.suptitle("mean squared error: " + ", ".join(f"{name} {e:.4f}" for name, e in result.error.items()))
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, error in result.error.items():
        print(f"{name:20} mean squared error {error:.4f}")
