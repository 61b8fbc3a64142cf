"""Digits written pixel by pixel: a masked convolutional net gives each pixel's probabilities from those before it.

The product over pixels is a proper probability of the image, so the net's bits per pixel can be compared with those of
simpler models: grey levels by themselves, and grey levels of each place.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import draw_pixels, pixel_cnn, pixel_nats
from spikenet.train import descend

LEVELS, BATCH = 4, 64


class Result(NamedTuple):
    """bits: per pixel of test digits, by model; written: (24, 8, 8) grey levels drawn by the net."""

    bits: dict[str, float]
    written: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and writes; draws into the folder `out`. quick: few epochs. seed: of split, weights and drawing."""
    train, test = sn.data.digits(seed)
    rng = np.random.default_rng(seed)
    grey, grey_test = (
        np.minimum(part.inputs * LEVELS, LEVELS - 1).astype(int).reshape(-1, 8, 8) for part in (train, test)
    )
    each = np.bincount(grey.ravel(), minlength=LEVELS) / grey.size
    place = np.stack([(grey == k).mean(axis=0) for k in range(LEVELS)]).clip(1e-3)
    place /= place.sum(axis=0)
    bits = {
        "any pixel": float(-np.log2(each[grey_test]).mean()),
        "each place": float(-np.log2(np.take_along_axis(place[None], grey_test[:, None], axis=1)).mean()),
    }
    net = pixel_cnn(LEVELS, width=24, units=2, seed=seed)
    adam, state, params = sn.optim.Adam(4e-3), None, net.parameters()
    for _ in range(4 if quick else 25):
        order = rng.permutation(len(grey))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            x = grey[order[start : start + BATCH]]
            state = descend(pixel_nats(net(shown(x)), x), params, adam, state)
    with sn.no_grad():
        bits["PixelCNN"] = pixel_nats(net(shown(grey_test)), grey_test).item() / (64 * math.log(2))
    result = Result(bits, draw_pixels(net, (24, 8, 8), LEVELS, rng))
    draw(result, out)
    return result


def shown(grey: np.ndarray) -> np.ndarray:
    """Grey levels as the net sees them, (batch, 1, 8, 8) in [0, 1]."""
    return (grey[:, None] / (LEVELS - 1)).astype(np.float32)


def draw(result: Result, out: Path) -> None:
    """Bits per pixel, and what the net has written."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    bars, pictures = figure.subfigures(1, 2, width_ratios=(1, 1.3), squeeze=False)[0]
    ax = bars.subplots()
    ax.bar(list(result.bits), list(result.bits.values()), color=["0.7", "0.5", "#0072B2"])
    ax.set(ylabel="bits per pixel of test digits")
    pictures.suptitle("written by the net, pixel by pixel")
    for ax, image in zip(pictures.subplots(3, 8).flat, result.written, strict=True):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=LEVELS - 1)
        ax.set(xticks=[], yticks=[])
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, bits in main().bits.items():
        print(f"{name:12} {bits:.3f} bits per pixel")
