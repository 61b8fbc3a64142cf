"""Few labels, many pictures: nets that must agree with themselves learn from digits nobody has named.

Five digits of each class have a label. A net trained on them alone is set beside one that has also to give the same
answer for an unlabelled digit and for that digit pushed aside by a pixel and made noisy (a consistency loss), and both
beside ensembles of them, whose scores are means.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.train import consistency, descend

LABELS, MEMBERS, BATCH = 5, 3, 64


class Result(NamedTuple):
    """alone, ensemble: test accuracy by kind, of each member and of all together; curves: while learning, of member 0;
    changed: digits as the augmentation leaves them, (5, 64)"""

    alone: dict[str, list[float]]
    ensemble: dict[str, float]
    curves: dict[str, list[float]]
    changed: np.ndarray


def pushed(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Digits (batch, 64), a third of them moved by a pixel, with noise."""
    images = np.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    right, down = 1 + rng.choice([-1, 0, 1], (2, len(x), 1), p=[0.1, 0.8, 0.1])
    rows, columns = down + np.arange(8), right + np.arange(8)
    moved = images[np.arange(len(x))[:, None, None], rows[:, :, None], columns[:, None, :]].reshape(x.shape)
    return (moved + rng.normal(0, 0.2, x.shape)).clip(0, 1).astype(np.float32)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains all; draws into the folder `out`. quick: fewer steps. seed: of split, labels, weights and training."""
    train, test = sn.data.digits(seed)
    steps = 150 if quick else 500
    named = np.concatenate([np.flatnonzero(train.labels == c)[:LABELS] for c in range(train.classes)])
    alone: dict[str, list[float]] = {}
    ensemble, curves = {}, {}
    for kind, weight in (("labels alone", 0.0), ("and agreement", 1.0)):
        nets = []
        for member in range(MEMBERS):
            net, rng, state, curve = sn.models.mlp((64, 64, 64, 10), seed=seed + member), _rng(seed, member), None, []
            for k in range(steps):
                loss = sn.loss.cross_entropy(net(pushed(train.inputs[named], rng)), train.labels[named])
                if weight:
                    some = train.inputs[rng.integers(0, len(train), BATCH)]
                    loss = loss + weight * min(1, 2 * k / steps) * consistency.augmentation(net, some, pushed, rng)
                state = descend(loss, net.parameters(), sn.optim.Adam(2e-3), state)
                if k % (steps // 10) == steps // 10 - 1:
                    curve.append(sn.evaluate(net, test)["accuracy"])
            nets.append(net)
            alone.setdefault(kind, []).append(curve[-1])
            curves.setdefault(kind, curve)
        ensemble[kind] = sn.evaluate(sn.Ensemble(*nets), test)["accuracy"]
    result = Result(alone, ensemble, curves, pushed(test.inputs[:5], _rng(seed, 9)))
    draw(result, test.inputs[:5], steps, out)
    return result


def _rng(seed: int, member: int) -> np.random.Generator:
    return np.random.default_rng([seed, member])


def draw(result: Result, digits: np.ndarray, steps: int, out: Path) -> None:
    """Accuracy while learning and at the end, and what a changed digit looks like."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(2.2, 1), squeeze=False)[0]
    rising, ends = left.subplots(1, 2)
    for kind, curve in result.curves.items():
        rising.plot(np.linspace(steps / len(curve), steps, len(curve)), curve, "o-", label=kind)
    rising.set(xlabel="steps", ylabel="accuracy on the test set", title=f"one net, {LABELS} labels a digit")
    rising.legend(frameon=False)
    for k, (kind, members) in enumerate(result.alone.items()):
        ends.plot([k] * len(members), members, "o", color="#0072B2", label=None if k else "single nets")
        ends.plot([k + 0.12], [result.ensemble[kind]], "D", color="#D55E00", label=None if k else "their ensemble")
    ends.set_xticks(range(len(result.alone)), list(result.alone))
    ends.set(ylabel="accuracy on the test set", xlim=(-0.5, 1.5))
    ends.legend(frameon=False, loc="upper left")
    grid = right.subplots(2, len(digits))
    for row, (line, name) in enumerate(zip(grid, ("digit", "changed"), strict=True)):
        for ax, image in zip(line, (digits, result.changed)[row], strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    result = main()
    for kind, members in result.alone.items():
        print(f"{kind:14} {', '.join(f'{a:.1%}' for a in members)}, together {result.ensemble[kind]:.1%}")
