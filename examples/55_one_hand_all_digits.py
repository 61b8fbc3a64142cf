"""One hand writes all ten digits: the class goes into a decoder by one normalisation, the handwriting by another.

An encoder makes of a digit a few numbers of style; a decoder paints it from nothing but a learnt square, normalised
and scaled twice: by the digit's class (conditional batch norm), then by its style (AdaIN). As the class is told, the
style need not hold it: the style of one digit with the class of another gives the other digit in the first one's hand.
A second pair of nets learns with a loss of latent consistency: the hand read off a painting is the hand that painted.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import consistency, descend

STYLE, WIDTH, BATCH, HANDS = 4, 24, 64, 6


class Result(NamedTuple):
    """mean_error: mean squared error if test digits were their class's mean; kinds: by kind of training, the painter's
    "error"; "obeyed", part of digits in others' hands that a classifier takes for the class asked for; "alike",
    correlation of the ink of two classes over hands; "misread", squared error of the style read off a painted digit,
    of the variance of style; pictures: (HANDS, 11, 8, 8), a digit and ten in its hand"""

    mean_error: float
    kinds: dict[str, dict[str, float]]
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


def learnt(train: sn.data.Arrays, epochs: int, weight: float, seed: int) -> tuple[sn.Sequential, Painter]:
    """Encoder and painter after `epochs`; weight: of the loss of latent consistency."""
    rng, state = np.random.default_rng(seed), None
    painter, encoder = Painter(seed), sn.Sequential(*sn.models.mlp((64, 64, STYLE), seed=seed).layers, sn.Tanh())
    params = painter.parameters() | {f"encoder.{name}": p for name, p in encoder.parameters().items()}
    for _ in range(epochs):
        for chosen in np.array_split(rng.permutation(len(train)), len(train) // BATCH):
            training, x, n = sn.Training(rng), train.inputs[chosen], len(chosen)
            style = encoder(x) + 0.2 * rng.standard_normal((n, STYLE)).astype(np.float32)  # neighbours paint alike
            loss = sn.loss.mse(painter(style, train.labels[chosen], training=training), x)
            if weight:
                paint = partial(painter, labels=rng.integers(0, 10, n), training=training)
                loss = loss + weight * consistency.latent(encoder, paint, style.detach())
            state = descend(loss, params, sn.optim.Adam(3e-3), state, training=training)
    return encoder, painter


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and paints; draws into the folder `out`. quick: few epochs. seed: of split, weights and noise."""
    train, test = sn.data.digits(seed)
    judge, adam = sn.models.mlp((64, 64, 10), seed=seed), sn.optim.Adam(5e-3)
    sn.fit(judge, train, loss=sn.loss.cross_entropy, optimiser=adam, epochs=5 if quick else 15, progress=False)
    mean = np.stack([train.inputs[train.labels == k].mean(axis=0) for k in range(10)])
    asked, kinds = np.tile(np.arange(10), len(test)), {}
    for kind, weight in (("class and style", 0.0), ("and read again", 0.03)):
        encoder, painter = learnt(train, 6 if quick else 24, weight, seed)
        with sn.no_grad():
            style = encoder(test.inputs).data
            again, hand = painter(style, test.labels).data, np.repeat(style, 10, axis=0)
            in_hand = painter(hand, asked).data
            read, answers = encoder(in_hand).data, judge(in_hand).data.argmax(axis=1)
        ink = np.corrcoef(in_hand.reshape(-1, 10, 64).sum(axis=2).T)[np.triu_indices(10, 1)]
        error, misread = np.square(again - test.inputs).mean(), np.square(read - hand).mean() / style.var(axis=0).mean()
        kinds[kind] = {"error": error, "obeyed": (answers == asked).mean(), "alike": ink.mean(), "misread": misread}
    pictures = np.concatenate([test.inputs[:HANDS, None], in_hand.reshape(-1, 10, 64)[:HANDS]], axis=1)
    result = Result(float(np.square(mean[test.labels] - test.inputs).mean()), kinds, pictures.reshape(HANDS, 11, 8, 8))
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """In each row a digit and ten in its hand; how far a hand is misread."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 3.4), squeeze=False)[0]
    misread = [100 * kind["misread"] for kind in result.kinds.values()]
    left.subplots().bar(list(result.kinds), misread, color=["#56B4E9", "#D55E00"])
    left.suptitle("hand misread (% of variance)")
    for axes, row in zip(right.subplots(HANDS, 11), result.pictures, strict=True):
        for ax, image in zip(axes, row, strict=True):
            ax.imshow(np.clip(image, 0, 1), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        axes[0].spines[:].set(color="#D55E00", linewidth=2)
    right.suptitle("digits (framed), and ten in the hand of each, learnt with hands read again")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"mean of the class: error {result.mean_error:.4f}")
    for kind, found in result.kinds.items():
        print(f"{kind}: {', '.join(f'{name} {value:.4f}' for name, value in found.items())}")
