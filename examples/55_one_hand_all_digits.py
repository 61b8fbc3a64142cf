"""One hand writes all ten digits: the class goes into a decoder by one normalisation, the handwriting by another.

An encoder makes of a digit a few numbers of style; a decoder paints it from nothing but a learnt square, normalised
and scaled twice: by the digit's class (conditional batch norm), then by its style (AdaIN). As the class is told, the
style need not hold it: the style of one digit with the class of another gives the other digit in the first one's hand.

A third normalisation (SPADE) is told at every pixel whether it is paper or ink, and paints from that where the stroke
is strong and where it thins out.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import descend

STYLE, WIDTH, BATCH, HANDS = 4, 24, 64, 6


class Result(NamedTuple):
    """error: mean squared error of test digits, by what painted them; obeyed: part of digits painted in other digits'
    hands that a classifier takes for the class asked for; alike: correlation of the ink of two classes over hands;
    pictures: (HANDS, 13, 8, 8), a digit, ten in its hand, its map of paper and ink, what SPADE paints on the map"""

    error: dict[str, float]
    obeyed: float
    alike: float
    pictures: np.ndarray


class Painter:
    """painter(style (batch, STYLE), labels (batch,)) -> (batch, 64)."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.square = sn.Tensor(rng.normal(size=(1, WIDTH, 4, 4)).astype(np.float32), requires_grad=True)
        self.parts = {
            "first": sn.Conv2d(WIDTH, WIDTH, 3, padding=1, seed=rng), "by_class": sn.ConditionalBatchNorm2d(WIDTH, 10),
            "second": sn.Conv2d(WIDTH, WIDTH, 3, padding=1, seed=rng), "by_style": sn.AdaIN(WIDTH, STYLE, seed=rng),
            "last": sn.Conv2d(WIDTH, 1, 3, padding=1, seed=rng),
        }  # fmt: skip

    def __call__(self, style: sn.TensorLike, labels: np.ndarray, *, training: sn.Training | None = None) -> sn.Tensor:
        part, relu = self.parts, sn.ReLU()
        x = part["first"](self.square + np.zeros((len(labels), 1, 1, 1), np.float32))
        x = relu(part["by_class"](x, labels, training=training))
        x = relu(part["by_style"](part["second"](sn.Upsample2d(2)(x)), style))
        return part["last"](x).reshape(len(labels), 64)

    def parameters(self) -> dict[str, sn.Tensor]:
        named = {f"{name}.{key}": p for name, part in self.parts.items() for key, p in part.parameters().items()}
        return named | {"square": self.square}


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
    rng, epochs, state = np.random.default_rng(seed), 6 if quick else 50, None
    painter, encoder = Painter(seed), sn.Sequential(*sn.models.mlp((64, 64, STYLE), seed=seed).layers, sn.Tanh())
    params = painter.parameters() | {f"encoder.{name}": p for name, p in encoder.parameters().items()}
    for _ in range(epochs):
        order = rng.permutation(len(train.inputs))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen, training = order[start : start + BATCH], sn.Training(rng)
            x, noise = train.inputs[chosen], 0.2 * rng.standard_normal((BATCH, STYLE))  # neighbours paint alike
            again = painter(encoder(x) + noise.astype(np.float32), train.labels[chosen], training=training)
            state = descend(sn.loss.mse(again, x), params, sn.optim.Adam(3e-3), state, training=training)

    tracer, state = Tracer(seed), None
    for _ in range(epochs):
        for chosen in np.array_split(rng.permutation(len(train.inputs)), len(train.inputs) // BATCH):
            x = train.inputs[chosen]
            state = descend(sn.loss.mse(tracer(maps_of(x)), x), tracer.parameters(), sn.optim.Adam(3e-3), state)

    judge = sn.models.mlp((64, 64, 10), seed=seed)
    adam = sn.optim.Adam(5e-3)
    sn.fit(judge, train, loss=sn.loss.cross_entropy, optimiser=adam, epochs=5 if quick else 15, progress=False)
    with sn.no_grad():
        style = encoder(test.inputs).data
        again = painter(style, test.labels).data
        asked = np.tile(np.arange(10), len(style))
        in_hand = painter(np.repeat(style, 10, axis=0), asked).data
        traced = tracer(maps_of(test.inputs)).data
        obeyed = float((judge(in_hand).data.argmax(axis=1) == asked).mean())
    mean = np.stack([train.inputs[train.labels == k].mean(axis=0) for k in range(10)])
    inky, inky_test = train.inputs > 0.5, test.inputs > 0.5
    grey = np.where(inky_test, train.inputs[inky].mean(), train.inputs[~inky].mean())
    painted = {
        "mean of the class": mean[test.labels], "class and style": again, "means of paper, ink": grey, "SPADE": traced
    }  # fmt: skip
    error = {name: float(np.square(x - test.inputs).mean()) for name, x in painted.items()}
    ink = in_hand.reshape(-1, 10, 64).sum(axis=2)
    alike = float(np.corrcoef(ink.T)[np.triu_indices(10, 1)].mean())
    columns = (test.inputs[:, None], in_hand.reshape(-1, 10, 64), inky_test[:, None], traced[:, None])
    pictures = np.concatenate([column[:HANDS] for column in columns], axis=1)
    result = Result(error, obeyed, alike, pictures.reshape(HANDS, 13, 8, 8))
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """In each row a digit and ten in its hand; its map of paper and ink, and what SPADE paints on it."""
    figure = Figure(figsize=(9.4, 4.6), layout="constrained")
    for axes, row in zip(figure.subplots(HANDS, 13), result.pictures, strict=True):
        for ax, image in zip(axes, row, strict=True):
            ax.imshow(np.clip(image, 0, 1), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        axes[0].spines[:].set(color="#D55E00", linewidth=2)
    figure.suptitle(
        f"digits (framed), ten in the hand of each; {result.obeyed:.0%} are read as what was asked for; maps, painted"
    )
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, error in result.error.items():
        print(f"{name:20} mean squared error {error:.4f}")
    print(f"{result.obeyed:.1%} obeyed; ink of two classes in one hand correlates by {result.alike:.2f}")
