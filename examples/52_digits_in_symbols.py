"""Digits told in sixteen symbols: an autoencoder whose middle is a codebook, beside blocks of pixels told the same way.

The encoder makes of a digit sixteen vectors, each replaced by the nearest of sixteen learnt rows: 64 bits a digit are
left, a quarter of what the pixels hold at 16 grey levels each. The gradient goes straight through the choice. Blocks of
2 x 2 pixels, each replaced by the nearest of the sixteen that k-means finds, take just as many bits; but every symbol
then speaks of its own block alone, and digits have more in common than that.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from scipy.cluster.vq import kmeans2, vq

import spikenet as sn
from spikenet.models import VectorQuantiser, VqAutoencoder
from spikenet.train import descend

SYMBOLS, PLACES, N, HIDDEN, BATCH, SHOWN = 16, 16, 8, 256, 64, 8


class Result(NamedTuple):
    """error: mean squared error of test pixels, by what told them; curve: the autoencoder's after each epoch;
    used: (SYMBOLS,) share of all places that each symbol takes; pictures: (SHOWN, 64) by what told them"""

    error: dict[str, float]
    curve: list[float]
    used: np.ndarray
    pictures: dict[str, np.ndarray]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and tells; draws into the folder `out`. quick: few epochs. seed: of split, weights and order."""
    train, test = (part.inputs for part in sn.data.digits(seed))
    rng, net, state, curve = np.random.default_rng(seed), symbol_net(seed), None, []
    params, epochs = net.parameters(), 8 if quick else 80
    for _ in range(epochs):
        order = rng.permutation(len(train))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            x = train[order[start : start + BATCH]]
            again, codes = net(x)
            state = descend(sn.loss.mse(again, x) + 0.1 * codes.loss, params, sn.optim.Adam(2e-3), state)
        curve.append(float(np.square(net(test)[0].data - test).mean()))
    again, codes = net(test)
    told = {"learnt symbols": again.data, "blocks": by_blocks(train, test, seed)}
    told["mean digit"] = np.broadcast_to(train.mean(axis=0), test.shape)
    error = {name: float(np.square(pixels - test).mean()) for name, pixels in told.items()}
    used = np.bincount(codes.indices.ravel(), minlength=SYMBOLS) / codes.indices.size
    pictures = {"digits": test[:SHOWN]} | {name: pixels[:SHOWN] for name, pixels in told.items()}
    result = Result(error, curve, used, pictures)
    draw(result, out)
    return result


def symbol_net(seed: int) -> VqAutoencoder:
    """(batch, 64) to (batch, PLACES, N), rows of a codebook, and back."""
    rng = np.random.default_rng(seed)
    encoder = sn.Sequential(
        sn.Linear(64, HIDDEN, seed=rng), sn.ReLU(), sn.Linear(HIDDEN, PLACES * N, seed=rng), sn.Unflatten((PLACES, N))
    )
    decoder = sn.Sequential(
        sn.Flatten(2), sn.Linear(PLACES * N, HIDDEN, seed=rng), sn.ReLU(), sn.Linear(HIDDEN, 64, seed=rng)
    )
    return VqAutoencoder(encoder, VectorQuantiser(SYMBOLS, N, seed=rng), decoder)


def by_blocks(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Test digits with every block of 2 x 2 pixels replaced by the nearest of SYMBOLS found in training digits."""

    def blocks(x: np.ndarray) -> np.ndarray:
        return x.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4).astype(np.float64)

    centres, _ = kmeans2(blocks(train), SYMBOLS, minit="++", rng=seed)
    chosen = centres[vq(blocks(test), centres)[0]]
    return chosen.reshape(-1, 4, 4, 2, 2).transpose(0, 1, 3, 2, 4).reshape(test.shape)


def draw(result: Result, out: Path) -> None:
    """Digits and what is left of them, the error over training, and how often each symbol stands."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.2), squeeze=False)[0]
    for axes, (name, images) in zip(left.subplots(len(result.pictures), SHOWN), result.pictures.items(), strict=True):
        for ax, image in zip(axes, images, strict=True):
            ax.imshow(np.clip(image, 0, 1).reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center")
    curve, bars = right.subplots(1, 2)
    curve.plot(range(1, len(result.curve) + 1), result.curve, label="learnt symbols")
    curve.axhline(result.error["blocks"], color="0.6", label="blocks")
    curve.set(xlabel="epoch", ylabel="mean squared error of test pixels", ylim=(0, None))
    curve.legend(frameon=False)
    bars.bar(range(SYMBOLS), 100 * np.sort(result.used)[::-1])
    bars.set(xlabel="symbol, most frequent first", ylabel="places of test digits (%)")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, error in result.error.items():
        print(f"{name:16} mean squared error {error:.4f}")
    print(f"{(result.used > 0).sum()} of {SYMBOLS} symbols are used")
