"""There and back again: of digits and of digits behind frosted glass, hardly any is known to be the same.

One net frosts a digit (the negative of its blur), another wipes it clear. Three pairs show what is meant; all other
digits are either clear or frosted, never both. Pairs alone are soon learnt by heart. With a cycle loss each net has
also to undo what the other does to the many digits without a partner, frosted and clear.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import consistency, descend

PAIRS, WIDTH, BATCH, SHOWN = 3, 16, 32, 6


class Result(NamedTuple):
    """error: by kind, then by what was done (frosted, wiped clear, there and back), mean distance of pixels of test
    digits from what it should have been; pictures: (SHOWN, 4, 8, 8), digit, frosted, wiped clear by either kind"""

    error: dict[str, dict[str, float]]
    pictures: np.ndarray


def frosted(digits: np.ndarray) -> np.ndarray:
    """The negative of (n, 1, 8, 8) digits, blurred by 1, 2, 1 along either axis."""
    for axis in (2, 3):
        left, right = (np.roll(np.pad(digits, [(0, 0), (0, 0), (1, 1), (1, 1)]), by, axis) for by in (-1, 1))
        digits = ((left + right)[:, :, 1:-1, 1:-1] + 2 * digits) / 4
    return np.asarray(1 - digits, dtype=np.float32)


def painter(rng: np.random.Generator) -> sn.Sequential:
    """Three convolutions, (n, 1, 8, 8) -> (n, 1, 8, 8)."""
    first, second = (sn.Conv2d(n, WIDTH, 3, padding=1, seed=rng) for n in (1, WIDTH))
    return sn.Sequential(first, sn.ReLU(), second, sn.ReLU(), sn.Conv2d(WIDTH, 1, 3, padding=1, seed=rng))


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains both kinds; draws into the folder `out`. quick: fewer steps. seed: of split, weights and batches."""
    train, test = (part.inputs.reshape(-1, 1, 8, 8) for part in sn.data.digits(seed))
    known, known_frosted = train[:PAIRS], frosted(train[:PAIRS])
    clear, veiled = train[PAIRS : len(train) // 2], frosted(train[len(train) // 2 :])  # of different digits
    test_frosted, error, wiped = frosted(test), {}, []
    for kind in ("pairs alone", "and cycles"):
        rng, state = np.random.default_rng(seed), None
        there, back = painter(rng), painter(rng)
        nets = sn.Sequential(there, back)  # for the names of all parameters only
        for _ in range(100 if quick else 800):
            loss = sn.loss.l1(there(known), known_frosted) + sn.loss.l1(back(known_frosted), known)
            if kind == "and cycles":
                loss = loss + consistency.cycle(there, back, clear[rng.integers(0, len(clear), BATCH)])
                loss = loss + consistency.cycle(back, there, veiled[rng.integers(0, len(veiled), BATCH)])
            state = descend(loss, nets.parameters(), sn.optim.Adam(3e-3), state)
        with sn.no_grad():
            made, cleared, again = there(test).data, back(test_frosted).data, nets(test).data
        pairs = {"frosted": (made, test_frosted), "wiped clear": (cleared, test), "there and back": (again, test)}
        error[kind] = {done: float(np.abs(found - wanted).mean()) for done, (found, wanted) in pairs.items()}
        wiped.append(cleared)
    pictures = np.concatenate([digits[:SHOWN] for digits in (test, test_frosted, *wiped)], axis=1)
    result = Result(error, pictures)
    draw(result, out)
    return result


def draw(result: Result, out: Path) -> None:
    """The errors by kind, and digits, frosted and wiped clear."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.3), squeeze=False)[0]
    ax = left.subplots()
    for k, (kind, error) in enumerate(result.error.items()):
        ax.bar(np.arange(len(error)) + 0.4 * k, list(error.values()), 0.38, color=("#56B4E9", "#D55E00")[k], label=kind)
    ax.set_xticks(np.arange(3) + 0.2, list(error))
    ax.set(ylabel="mean distance of pixels", title=f"test digits, after {PAIRS} known pairs")
    ax.legend(frameon=False)
    rows = ("digit", "frosted", *(f"wiped clear,\n{kind}" for kind in result.error))
    for name, line, images in zip(rows, right.subplots(4, SHOWN), result.pictures.swapaxes(0, 1), strict=True):
        for ax, image in zip(line, images, strict=True):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for kind, error in result.error.items():
        print(f"{kind:12} {', '.join(f'{done}: {distance:.3f}' for done, distance in error.items())}")
