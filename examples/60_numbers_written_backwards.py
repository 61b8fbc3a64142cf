"""A transformer reads numbers of one to four handwritten digits and writes them down from the last digit to the first.

Each digit is seen as four quarters, each quarter as the nearest of 64 typical ones: so a number is a sentence of four
to sixteen symbols. Sentences of a batch are filled up to one length, and masks say where only filling stands. The
decoder writes digit by digit, looking at the sentence, until it writes the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.layers import k_means
from spikenet.models import Transformer
from spikenet.train import descend

MOST, QUARTERS, CODES = 4, 4, 64
END, START = 10, 11


class Result(NamedTuple):
    """curve: digits of test numbers written right, while learning; by_length: whole numbers right, by their digits;
    shown: (images (digits, 64), digits, what was written) of some test numbers"""

    curve: list[tuple[int, float]]
    by_length: dict[int, float]
    shown: list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def quarters(images: np.ndarray) -> np.ndarray:
    """(n, 64) digits as (n, 4, 16): their quarters."""
    return images.reshape(-1, 2, 4, 2, 4).transpose(0, 1, 3, 2, 4).reshape(-1, QUARTERS, 16)


def symbols(images: np.ndarray, typical: np.ndarray) -> np.ndarray:
    """(n, 4) numbers of the typical quarters nearest to those of each digit."""
    distance = np.square(quarters(images)[:, :, None] - typical).sum(axis=-1)
    return np.asarray(distance.argmin(axis=-1))


def numbers(codes: np.ndarray, labels: np.ndarray, n: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """(source, its mask, written, its mask, which digits) of n numbers of 1 to MOST digits."""
    which, length = rng.integers(0, len(codes), (n, MOST)), rng.integers(1, MOST + 1, n)
    true = np.arange(MOST) < length[:, None]
    written = np.full((n, MOST + 1), END)
    for row, digits in enumerate(labels[which]):
        written[row, : length[row]] = digits[: length[row]][::-1]
    kept = np.arange(MOST + 1) <= length[:, None]  # the end is written, too
    return codes[which].reshape(n, -1), true.repeat(QUARTERS, axis=1), written, kept, which


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains; draws into the folder `out`. quick: fewer steps. seed: of split, numbers, weights and training."""
    train, test = sn.data.digits(seed)
    rng, steps = np.random.default_rng(seed), 120 if quick else 600
    typical = k_means(quarters(train.inputs).reshape(-1, 16), CODES, seed=seed)
    seen, unseen = symbols(train.inputs, typical), symbols(test.inputs, typical)
    asked, true, wanted, kept, which = numbers(unseen, test.labels, 300, np.random.default_rng(seed + 1))
    net = Transformer(CODES, START + 1, n=48, heads=4, hidden=96, blocks=2, seed=seed)
    params, state, curve = net.parameters(), None, []
    for k in range(steps):
        source, mask, written, counts, _ = numbers(seen, train.labels, 64, rng)
        before = np.concatenate([np.full((len(written), 1), START), written[:, :-1]], axis=1)
        scores = net(source, before, source_mask=mask, target_mask=counts)
        loss = sn.loss.cross_entropy(scores[counts], written[counts])
        state = descend(loss, params, sn.optim.Adam(2e-3 * (1 - k / steps)), state)
        if k % (steps // 6) == steps // 6 - 1:
            answer = net.generate(asked, START, MOST + 1, source_mask=true)
            curve.append((k + 1, float((answer == wanted)[kept].mean())))
    right = ((answer == wanted) | ~kept).all(axis=1)
    length = kept.sum(axis=1) - 1
    by_length = {n: float(right[length == n].mean()) for n in range(1, MOST + 1)}
    shown = [(test.inputs[which[k, : length[k]]], wanted[k, : length[k]][::-1], answer[k]) for k in range(6)]
    result = Result(curve, by_length, shown)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """How much is written right, and some numbers with what was written."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.6, 1), squeeze=False)[0]
    rising, bars = left.subplots(1, 2)
    rising.plot(*zip(*result.curve, strict=True), "o-")
    rising.set(xlabel="steps", ylabel="symbols of test numbers written right", ylim=(0, 1))
    bars.bar(list(result.by_length), list(result.by_length.values()), color="#0072B2")
    bars.set(xlabel="digits of the number", ylabel="whole numbers right", ylim=(0, 1), xticks=list(result.by_length))
    axes = right.subplots(len(result.shown), 1)
    for ax, (images, digits, written) in zip(axes, result.shown, strict=True):
        strip = np.zeros((8, 8 * MOST))
        strip[:, : 8 * len(images)] = np.concatenate(list(images.reshape(-1, 8, 8)), axis=1)
        ax.imshow(strip, cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[], frame_on=False)
        said = written[: list(written).index(END)] if END in written else written
        text = "".join(str(s) for s in said)
        correct = text == "".join(str(d) for d in digits[::-1])
        ax.text(8 * MOST + 1, 3.5, text, va="center", color="black" if correct else "#D55E00", fontsize=13)
    right.suptitle("numbers, and what was written (wrong ones red)", fontsize=10)
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    print(f"symbols right {result.curve[-1][1]:.1%}")
    for n, share in result.by_length.items():
        print(f"numbers of {n} digits right: {share:.1%}")
