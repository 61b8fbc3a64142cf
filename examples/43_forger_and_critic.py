"""Two nets against each other on digits: one forges, the other tells forgeries from real ones.

Both are convolutional (DCGAN); the forger's loss is the non-saturating one. How good the forgeries are is asked of a
third net that has learnt the real digits: does it recognise them, and does it see all ten kinds?
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import critic_loss, dcgan_discriminator, dcgan_generator, maker_loss
from spikenet.train import descend

NOISE, BATCH = 16, 64


class Result(NamedTuple):
    """losses: (epochs, 2) of critic and forger; sure: how sure the judge is of forgeries; kinds: digits it sees."""

    losses: np.ndarray
    sure: float
    kinds: int
    images: np.ndarray


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains forger, critic and judge; draws into the folder `out`. quick: few epochs. seed: of everything drawn."""
    train, _ = sn.data.digits(seed)
    rng = np.random.default_rng(seed)
    forger, critic = dcgan_generator(8, NOISE, width=24, seed=rng), dcgan_discriminator(8, width=16, seed=rng)
    adam, states, losses = sn.optim.Adam(2e-3, beta1=0.5), [None, None], []
    images = train.inputs.reshape(-1, 1, 8, 8)
    for _ in range(4 if quick else 60):
        order, total = rng.permutation(len(images)), np.zeros(2)
        for start in range(0, len(order) - BATCH + 1, BATCH):
            training = sn.Training(rng)
            forged = forger(rng.normal(size=(BATCH, NOISE)).astype(np.float32), training=training)
            real = critic(images[order[start : start + BATCH]], training=training)
            told = critic_loss(real, critic(forged.detach(), training=training))
            states[0] = descend(told, critic.parameters(), adam, states[0], training=training)
            training = sn.Training(rng)
            fooled = maker_loss(critic(forged, training=training))
            states[1] = descend(fooled, forger.parameters(), adam, states[1], training=training)
            total += told.item(), fooled.item()
        losses.append(total / (len(order) // BATCH))

    judge = sn.models.mlp((64, 64, 10), seed=seed)
    sn.fit(judge, train, loss=sn.loss.cross_entropy, optimiser=sn.optim.Adam(5e-3), epochs=15, progress=False)
    with sn.no_grad():
        forged = forger(rng.normal(size=(500, NOISE)).astype(np.float32)).data
    p = sn.Sequential(judge, sn.Softmax())(forged.reshape(500, 64)).data
    kinds = int((np.bincount(p.argmax(axis=1), minlength=10) >= 5).sum())
    result = Result(np.array(losses), float(p.max(axis=1).mean()), kinds, forged[:40, 0])
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """The losses, and forty forgeries."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    curves, pictures = figure.subfigures(1, 2, width_ratios=(1, 1.3), squeeze=False)[0]
    ax = curves.subplots()
    epochs = range(1, len(result.losses) + 1)
    ax.plot(epochs, result.losses[:, 0], label="critic")
    ax.plot(epochs, result.losses[:, 1], label="forger")
    ax.set(xlabel="epoch", ylabel="loss (nats)")
    ax.legend(frameon=False)
    pictures.suptitle(f"forgeries: the judge is {result.sure:.0%} sure, and sees {result.kinds} kinds")
    for ax, image in zip(pictures.subplots(4, 10).flat, result.images, strict=True):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"the judge is {result.sure:.1%} sure of forgeries and sees {result.kinds} kinds of digits")
