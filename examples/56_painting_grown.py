"""A painter that grows: digits of 2 x 2 pixels first, then 4 x 4 and 8 x 8, each new size faded in.

The net paints a digit from its sixteen principal components, so what is wanted is known and the error can be measured.
Grown, it spends half its steps on small images, which cost little; the same net trained at full size from the beginning
takes as many steps. What comes out: the steps cost little more than half, and for the same work neither way is better.
Growing was made for nets that are trained against a critic; a known target does not need it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

import spikenet as sn
from spikenet.models import Growing
from spikenet.train import descend

NUMBERS, WIDTH, BATCH, SIZES = 16, 24, 64, (2, 4, 8)
SHARES = (0.2, 0.5, 1.0)  # of the steps, at which growing ends with a size


class Result(NamedTuple):
    """curves: (multiplications so far, mean squared error of test digits at full size) by way of training;
    pictures: (3, 8, 8, 8), eight test digits as each stage of the grown net paints them, enlarged"""

    curves: dict[str, tuple[np.ndarray, np.ndarray]]
    pictures: np.ndarray


def painter(seed: int) -> Growing:
    rng = np.random.default_rng(seed)
    stages = [sn.Sequential(sn.Linear(NUMBERS, WIDTH * 4, seed=rng), sn.Unflatten((WIDTH, 2, 2)), sn.ReLU())]
    for _ in SIZES[1:]:
        stages.append(sn.Sequential(sn.Upsample2d(2), sn.Conv2d(WIDTH, WIDTH, 3, padding=1, seed=rng), sn.ReLU()))
    return Growing(stages, [sn.Conv2d(WIDTH, 1, 1, seed=rng) for _ in SIZES])


def cost(stage: int) -> int:
    """Multiplications of one digit forward."""
    convolutions = sum(9 * WIDTH**2 * size**2 for size in SIZES[1 : stage + 1])
    return NUMBERS * WIDTH * 4 + convolutions + WIDTH * SIZES[stage] ** 2


def smaller(images: np.ndarray, size: int) -> np.ndarray:
    """(n, 1, 8, 8) to (n, 1, size, size) by means of blocks."""
    return images.reshape(len(images), 1, size, 8 // size, size, 8 // size).mean(axis=(3, 5))


def enlarged(images: np.ndarray) -> np.ndarray:
    return images.repeat(8 // images.shape[-1], axis=-2).repeat(8 // images.shape[-1], axis=-1)


def main(quick: bool = False, out: Path = Path("example-figures"), seed: int = 0) -> Result:
    """Trains both ways; draws into the folder `out`. quick: fewer steps. seed: of split, weights and order."""
    train, test = (part.inputs for part in sn.data.digits(seed))
    middle = train.mean(axis=0)
    axes = np.linalg.svd(train - middle, full_matrices=False)[2][:NUMBERS]
    codes, codes_test = (((part - middle) @ axes.T).astype(np.float32) for part in (train, test))
    images, images_test = (part.reshape(-1, 1, 8, 8) for part in (train, test))
    steps, curves, adam = 120 if quick else 1500, {}, sn.optim.Adam(3e-3)
    for name, ends in (("grown", SHARES), ("whole from the start", (0.0, 0.0, 1.0))):
        net, rng, state, spent, points = painter(seed), np.random.default_rng(seed), None, 0, []
        for k in range(steps):
            stage = next(s for s, end in enumerate(ends) if k < end * steps)
            begun = ends[stage - 1] * steps if stage else 0
            share = (
                min(1.0, 4 * (k + 1 - begun) / (ends[stage] * steps - begun)) if begun else 1.0
            )  # a quarter fades in
            chosen = rng.integers(0, len(images), BATCH)
            loss = sn.loss.mse(net(codes[chosen], stage=stage, share=share), smaller(images[chosen], SIZES[stage]))
            state = descend(loss, net.parameters(), adam, state)
            spent += 3 * BATCH * cost(stage)  # forward, and twice as many backward
            if k % (steps // 30) == 0 or k == steps - 1:
                points.append((spent, shown_error(net(codes_test, stage=stage, share=share).data, images_test)))
        curves[name] = tuple(np.array(points).T)
        if name == "grown":
            pictures = np.stack([enlarged(net(codes_test[:8], stage=k).data)[:, 0] for k in range(len(SIZES))])
    result = Result(curves, pictures)
    draw(result, out)
    return result


def shown_error(painted: np.ndarray, images: np.ndarray) -> float:
    return float(np.square(enlarged(painted) - images).mean())


def draw(result: Result, out: Path) -> None:
    """Error against work, and what each stage of the grown net paints in the end."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.2), squeeze=False)[0]
    ax = left.subplots()
    for name, (spent, error) in result.curves.items():
        ax.loglog(spent, error, label=name)
    ax.set(xlabel="multiplications", ylabel="mean squared error of test digits, enlarged to 8 x 8")
    ax.legend(frameon=False)
    for row, axes in enumerate(right.subplots(len(SIZES), 8)):
        for ax, image in zip(axes, result.pictures[row], strict=True):
            ax.imshow(np.clip(image, 0, 1), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        axes[0].set_ylabel(f"{SIZES[row]} x {SIZES[row]}", rotation=0, ha="right", va="center")
    out.mkdir(parents=True, exist_ok=True)
    sn.plot.save(figure, out / f"{Path(__file__).stem}.png")


if __name__ == "__main__":
    for name, (spent, error) in main().curves.items():
        print(f"{name:22} error {error[-1]:.4f} after {spent[-1]:.2e} multiplications")
