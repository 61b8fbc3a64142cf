"""A conventional net learns to read digits: affine, sigmoid, affine, softmax, trained by cross-entropy.

1,797 handwritten digits of 8 x 8 pixels, four fifths to learn from, one fifth to be examined on. `cross_entropy` takes
the scores before the softmax: fused, the two are stable, and the gradient is simply probability minus truth. The
softmax layer is put behind the trained net where probabilities are wanted.

How far the net is to be trusted: asked fifty times with dropout left active, its answers differ little where it is
right, much where it is wrong, and on pictures that are no digits (the pixels of digits, shuffled).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

BATCH = 32


class Result(NamedTuple):
    """curves: loss and accuracy per epoch; accuracy: on the test set at the end; probabilities: (digits, 10) there;
    doubt: disagreement of draws in nats, of test digits answered right and wrong, and of shuffled ones"""

    curves: dict[str, list[float]]
    accuracy: float
    probabilities: np.ndarray
    doubt: dict[str, np.ndarray]


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains and examines; draws into the folder `out`. quick: few epochs. seed: of split, weights and training."""
    train, test = sn.data.digits(seed)
    rng = np.random.default_rng(seed)
    net = sn.Sequential(
        sn.Dropout(0.1),  # a tenth of the pixels and a third of the units are hidden from each training step:
        sn.Linear(64, 256, seed=rng),  # nothing may be learnt by heart from a single pixel
        sn.Sigmoid(),
        sn.Dropout(0.3),
        sn.Linear(256, 10, seed=rng),
    )
    epochs = 6 if quick else 40
    history = sn.fit(
        net,
        train,
        test,
        loss=sn.loss.cross_entropy,
        optimiser=sn.optim.Adam(2e-2),
        schedule=sn.optim.Cosine(epochs * -(-len(train) // BATCH)),
        epochs=epochs,
        batch_size=BATCH,
        seed=seed,
        progress=False,
    )
    probabilities = sn.Sequential(net, sn.Softmax())(test.inputs).data
    right = probabilities.argmax(axis=1) == test.labels
    doubt = sn.train.dropout_draws(net, test.inputs, seed=seed).disagreement
    shuffled = sn.train.dropout_draws(net, rng.permuted(test.inputs, axis=1), seed=seed).disagreement
    by_answer = {"right": doubt[right], "wrong": doubt[~right], "no digit": shuffled}
    result = Result(history.curves(), sn.evaluate(net, test)["accuracy"], probabilities, by_answer)
    draw(result, test, out)
    return result


def draw(result: Result, test: sn.data.Arrays, out: Path) -> None:
    """Loss and accuracy over training, doubt by answer, and the digits the net is least sure of."""
    figure = Figure(figsize=(15, 3.6), layout="constrained")
    curves, digits = figure.subfigures(1, 2, width_ratios=(4.2, 1.6), squeeze=False)[0]
    *axes, spread = curves.subplots(1, 3)
    sn.plot.training_curves(result.curves, axes)
    axes[0].set(yscale="log", ylabel="cross-entropy (nats)")
    for k, doubt in enumerate(result.doubt.values()):
        spread.plot(k + np.linspace(-0.35, 0.35, len(doubt)), doubt, ".", ms=4, color="#56B4E9")
        spread.plot([k - 0.4, k + 0.4], [doubt.mean()] * 2, color="#D55E00", label=None if k else "mean")
    spread.set_xticks(range(3), [f"{answer} ({len(doubt)})" for answer, doubt in result.doubt.items()])
    spread.set(xlabel="answers", ylabel="disagreement of draws (nats)", title="doubt, with dropout active")
    spread.legend(frameon=False, loc="upper left")
    unsure = np.argsort(result.probabilities.max(axis=1))[:8]
    digits.suptitle("the 8 test digits it is least sure of")
    for ax, k in zip(digits.subplots(2, 4).flat, unsure, strict=True):
        guess = result.probabilities[k].argmax()
        right = guess == test.labels[k]
        ax.imshow(test.inputs[k].reshape(8, 8), cmap="gray_r")
        ax.set_title(f"{guess}? {result.probabilities[k, guess]:.0%}", color="black" if right else "#D55E00")
        ax.set(xticks=[], yticks=[], xlabel="right" if right else f"it is {test.labels[k]}")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for epoch, (loss, accuracy) in enumerate(
        zip(result.curves["loss"], result.curves["test accuracy"], strict=True), 1
    ):
        if epoch == 1 or epoch % 10 == 0:
            print(f"epoch {epoch:2}: loss {loss:.3f} nats, accuracy on the test set {accuracy:.1%}")
    for answer, doubt in result.doubt.items():
        print(f"{answer:8} {len(doubt):3} answers, doubt {doubt.mean():.3f} nats")
