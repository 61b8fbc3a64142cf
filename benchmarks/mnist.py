"""Accuracy on MNIST of conventional and spiking nets, each beside what it should reach, from several seeds.

    python benchmarks/mnist.py [mlp cnn lstm transformer spiking spiking_cnn] [--seeds 0 1 2] [--epochs 10]
                               [--data FOLDER] [--keep FOLDER]

mlp          784-1000-10, dropout                                                          at least 98.3 %
cnn          12C5-P2-64C5-P2-10, dropout before the readout                                at least 99.2 %
lstm         128 units read the 28 rows of an image, the last output is read out           at least 98.5 %
transformer  16 patches of 7 x 7 as tokens of 64 features, two blocks of four heads        at least 98.0 %
spiking      784-1000-10, LIF, images shown for 25 steps, spikes of the outputs counted   at least 98.0 %
spiking_cnn  the CNN with LIF in place of ReLU and for the readout, shown for 10 steps     at least 99.2 %

Adam, its rate rising over the first tenth of the steps and falling to 0 as a cosine, batch 128, no augmentation. The
test set is looked at once, after the last epoch. FOLDER holds MNIST's four files; --keep writes the trained nets there.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import report

import spikenet as sn

BATCH, SIDE, CLASSES = 128, 28, 10
TAU_S = 16e-3  # of spiking neurons, in steps of 1 ms
DATA = Path(__file__).parents[2] / "shared" / "data" / "mnist"


class Subject(NamedTuple):
    """A net and how it is trained.

    make : its layers from a seed;  target: accuracy it should reach;  rate: Adam's largest learning rate
    given: arguments of `sn.fit` and `sn.evaluate` that say how images go in and answers come out
    """

    make: Callable[[int], sn.Sequential]
    target: float
    rate: float
    given: dict[str, Any]


def rows(x: np.ndarray, index: np.ndarray | None = None, seed: int | None = None) -> np.ndarray:
    """(batch, 784) as (28 rows, batch, 28): an encoder, as `fit` takes it."""
    return np.ascontiguousarray(x.reshape(-1, SIDE, SIDE).transpose(1, 0, 2))


def last_row(y: sn.Tensor, labels: np.ndarray) -> sn.Tensor:
    return sn.loss.cross_entropy(y[-1], labels)


def accuracy(y: np.ndarray, labels: np.ndarray) -> float:
    return float(((y[-1] if y.ndim == 3 else y).argmax(axis=-1) == labels).mean())


def mlp(seed: int) -> sn.Sequential:
    return sn.models.mlp((SIDE * SIDE, 1000, CLASSES), input_dropout=0.1, dropout=0.5, seed=seed)


def cnn(seed: int) -> sn.Sequential:
    rng = np.random.default_rng(seed)
    return sn.Sequential(
        sn.Unflatten((1, SIDE, SIDE)), sn.Conv2d(1, 12, 5, seed=rng), sn.MaxPool2d(2), sn.ReLU(),
        sn.Conv2d(12, 64, 5, seed=rng), sn.MaxPool2d(2), sn.ReLU(), sn.Flatten(3), sn.Dropout(0.5),
        sn.Linear(1024, CLASSES, seed=rng),
    )  # fmt: skip


def lstm(seed: int) -> sn.Sequential:
    rng = np.random.default_rng(seed)
    return sn.Sequential(sn.LSTM(SIDE, 128, seed=rng), sn.Linear(128, CLASSES, seed=rng))


def transformer(seed: int) -> sn.Sequential:
    return sn.models.image_transformer(
        (1, SIDE, SIDE), CLASSES, patch=7, n=64, heads=4, hidden=128, blocks=2, dropout=0.1, seed=seed
    )


def spiking(seed: int) -> sn.Sequential:
    rng = np.random.default_rng(seed)
    return sn.Sequential(
        sn.Linear(SIDE * SIDE, 1000, seed=rng), sn.LIF(tau_mem_s=TAU_S), sn.Linear(1000, CLASSES, seed=rng),
        sn.LIF(tau_mem_s=TAU_S),
    )  # fmt: skip


def spiking_cnn(seed: int) -> sn.Sequential:
    rng = np.random.default_rng(seed)
    return sn.Sequential(
        sn.Unflatten((1, SIDE, SIDE)), sn.Conv2d(1, 12, 5, seed=rng), sn.MaxPool2d(2), sn.LIF(tau_mem_s=TAU_S),
        sn.Conv2d(12, 64, 5, seed=rng), sn.MaxPool2d(2), sn.LIF(tau_mem_s=TAU_S), sn.Flatten(3), sn.Dropout(0.5),
        sn.Linear(1024, CLASSES, seed=rng), sn.LIF(tau_mem_s=TAU_S),
    )  # fmt: skip


def shown(steps: int) -> dict[str, Any]:
    return {"loss": sn.loss.count_cross_entropy, "encode": sn.encode.Constant(steps=steps)}


PLAIN = {"loss": sn.loss.cross_entropy}
SUBJECTS = {
    "mlp": Subject(mlp, 0.983, 2e-3, PLAIN),
    "cnn": Subject(cnn, 0.992, 3e-3, PLAIN),
    "lstm": Subject(lstm, 0.985, 5e-3, {"loss": last_row, "metrics": [accuracy], "encode": rows}),
    "transformer": Subject(transformer, 0.98, 2e-3, PLAIN),
    "spiking": Subject(spiking, 0.98, 1e-3, shown(25)),
    "spiking_cnn": Subject(spiking_cnn, 0.992, 2e-3, shown(10)),
}


def train(subject: Subject, data: sn.data.Arrays, seed: int, epochs: int, **given: Any) -> sn.Sequential:
    """The subject's net after so many epochs; given: further arguments of `sn.fit`."""
    steps = epochs * -(-len(data.inputs) // BATCH)
    schedule = sn.optim.WarmUp(max(1, steps // 10), sn.optim.Cosine(max(1, steps - steps // 10)))
    net = subject.make(seed)
    sn.fit(
        net, data, optimiser=sn.optim.Adam(subject.rate), schedule=schedule, epochs=epochs, batch_size=BATCH,
        seed=seed, clip_norm=1.0, progress=False, **subject.given, **given,
    )  # fmt: skip
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nets", nargs="*", choices=[*SUBJECTS, []], metavar="NET")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    data, test = sn.data.idx(options.data)
    print(f"{report.machine()}; {options.epochs} epochs of {len(data.inputs)} images", flush=True)
    for name in options.nets or SUBJECTS:
        subject, found = SUBJECTS[name], []
        for seed in options.seeds:
            started = time.perf_counter()
            net = train(subject, data, seed, options.epochs)
            spent = time.perf_counter() - started
            found.append(sn.evaluate(net, test, **subject.given)["accuracy"])
            print(f"{name:12} seed {seed}: {found[-1]:.2%} in {spent:.1f} s", flush=True)
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                sn.save(options.keep / f"{name}-{seed}.npz", net)
        verdict = "reached" if min(found) >= subject.target else "reached by the mean alone"
        if statistics.fmean(found) < subject.target:
            verdict = "MISSED"
        print(
            f"{name:12} {statistics.fmean(found):.2%} (least {min(found):.2%}), target {subject.target:.1%}: {verdict}"
        )


if __name__ == "__main__":
    main()
