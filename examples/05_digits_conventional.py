"""A conventional net learns to read digits: affine, sigmoid, affine, softmax, trained by cross-entropy.

1,797 handwritten digits of 8 x 8 pixels, four fifths to learn from, one fifth to be examined on. `cross_entropy` takes
the scores before the softmax: fused, the two are stable, and the gradient is simply probability minus truth. The
softmax layer is put behind the trained net where probabilities are wanted.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn

BATCH = 32


class Result(NamedTuple):
    """curves: loss and accuracy per epoch; accuracy: on the test set at the end; probabilities: (digits, 10) there."""

    curves: dict[str, list[float]]
    accuracy: float
    probabilities: np.ndarray


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
    result = Result(history.curves(), sn.evaluate(net, test)["accuracy"], probabilities)
    draw(result, test, out)
    return result


def draw(result: Result, test: sn.data.Arrays, out: Path) -> None:
    """Loss and accuracy over training, and the digits the net is least sure of."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    curves, digits = figure.subfigures(1, 2, width_ratios=(3, 1.6), squeeze=False)[0]
    axes = curves.subplots(1, 2)
    sn.plot.training_curves(result.curves, axes)
    axes[0].set(yscale="log", ylabel="cross-entropy (nats)")
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
