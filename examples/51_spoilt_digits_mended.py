"""Spoilt digits are mended by a bottleneck and by skips: what has to pass through few numbers loses its noise.

Grains are laid over every digit and a square of it is blanked out. An autoencoder sends it through 16 numbers, which
cannot hold the grains; a U-Net of convolutions looks at it at three sizes, and skips hand the finer ones on. Both learn
from what the digits were before; what they mend has been spoilt in another way than anything they have seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

SIDE, GRAINS, SQUARE, BOTTLENECK, SHOWN = 8, 0.25, 3, 16, 8


class Result(NamedTuple):
    """error: mean squared error of test digits by what mended them; curves: the same over epochs;
    pictures: (SHOWN, 64) of each; numbers: how many each net has learnt"""

    error: dict[str, float]
    curves: dict[str, list[float]]
    pictures: dict[str, np.ndarray]
    numbers: dict[str, int]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and mends; draws into the folder `out`. quick: few epochs. seed: of split, damage and training."""
    train, test = (part.inputs for part in sn.data.digits(seed))
    rng, epochs, ways = np.random.default_rng(seed), *((4, 1) if quick else (40, 4))
    damaged = spoilt(test, rng)
    nets = {
        "bottleneck": sn.models.autoencoder((SIDE * SIDE, 128, BOTTLENECK), seed=seed),
        "U-Net": sn.Sequential(
            sn.Unflatten((1, SIDE, SIDE)), sn.models.unet(1, 1, width=8, depth=2, seed=seed), sn.Flatten(3)
        ),
    }
    error, pictures = {"not mended": mse(damaged, test)}, {"digits": test[:SHOWN], "spoilt": damaged[:SHOWN]}
    curves = {}
    given = np.concatenate([spoilt(train, rng) for _ in range(ways)])  # each digit spoilt in so many ways
    for name, net in nets.items():
        steps = epochs * -(-len(given) // 64)
        history = sn.fit(
            net, (given, np.tile(train, (ways, 1))), (damaged, test), loss=sn.loss.mse, optimiser=sn.optim.Adam(3e-3),
            schedule=sn.optim.Cosine(steps), epochs=epochs, batch_size=64, seed=seed, progress=False,
        )  # fmt: skip
        mended = net(damaged).data
        error[name], pictures[name] = mse(mended, test), mended[:SHOWN]
        curves[name] = history.curves()["test loss"]
    numbers = {name: sum(p.size for p in net.parameters().values() if p.requires_grad) for name, net in nets.items()}
    result = Result(error, curves, pictures, numbers)
    draw(result, out)
    return result


def spoilt(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Digits (n, 64) with a square of each at 0, and normal numbers added to all pixels."""
    images = digits.reshape(-1, SIDE, SIDE).copy()
    for image, (top, left) in zip(images, rng.integers(0, SIDE - SQUARE + 1, (len(images), 2)), strict=True):
        image[top : top + SQUARE, left : left + SQUARE] = 0
    return (images.reshape(len(images), -1) + GRAINS * rng.normal(size=digits.shape)).astype(np.float32)


def mse(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.square(a - b).mean())


def draw(result: Result, out: Path) -> None:
    """Digits before and after, and the error over the epochs."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.3, 1), squeeze=False)[0]
    grid = left.subplots(len(result.pictures), SHOWN)
    for axes, (name, images) in zip(grid, result.pictures.items(), strict=True):
        for ax, image in zip(axes, images, strict=True):
            ax.imshow(np.clip(image, 0, 1).reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center")
    ax = right.subplots()
    for name, curve in result.curves.items():
        ax.plot(np.arange(1, len(curve) + 1), curve, label=f"{name}, {result.numbers[name]} numbers learnt")
    ax.axhline(result.error["not mended"], color="0.6", label="not mended")
    ax.set(xlabel="epoch", ylabel="mean squared error of test digits", ylim=(0, None))
    ax.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for name, error in result.error.items():
        print(f"{name:12} mean squared error {error:.4f}")
