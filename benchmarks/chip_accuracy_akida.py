"""Accuracy on MNIST's 10,000 test images: conventional nets in Akida's integers, compiled and trained through.

    python benchmarks/chip_accuracy_akida.py [--mnist ../shared/data/mnist] [--epochs 4] [--through 1] [--rows 0 1 ...]

Images go in as they are, pixels rounded to the chip's words: nothing is drawn by chance. "as long" is the float net
trained on without the chip for as long as through it.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import hw
import spikenet as sn
from hw.records.fact import Evidence, Fact

AT_ONCE = 1000


def with_weights(bits: int, activations: int) -> hw.Chip:
    """The AKD1000 with fewer bits than it could have."""
    facts = {
        name: Fact(value, "bits", Evidence.DERIVED, "chosen for a layer")
        for name, value in (("weight_bits", bits), ("activation_bits", activations))
    }
    return replace(hw.chips.akida, name=f"Akida, weights {bits}, activations {activations} bits",
                   limits={**hw.chips.akida.limits, **facts})  # fmt: skip


def dense() -> Any:
    return sn.Sequential(sn.Linear(784, 256, seed=0), sn.ReLU(), sn.Linear(256, 10, seed=1))


def convolutions() -> Any:
    return sn.Sequential(
        sn.Conv2d(1, 16, 3, padding=1, seed=0), sn.ReLU(), sn.MaxPool2d(2),
        sn.Conv2d(16, 32, 3, padding=1, seed=1), sn.ReLU(), sn.MaxPool2d(2),
        sn.Conv2d(32, 32, 3, padding=1, seed=2), sn.ReLU(), sn.Flatten(3), sn.Linear(32 * 49, 10, seed=3),
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    name: str
    net: Callable[[], Any]
    shape: tuple[int, ...]
    chip: hw.Chip


CASES = (
    Case("784-256-10, ReLU", dense, (784,), hw.chips.akida),
    Case("784-256-10, ReLU", dense, (784,), hw.chips.akida2),
    Case("784-256-10, ReLU", dense, (784,), with_weights(2, 2)),
    Case("3 convolutions, 2 of them max-pooled", convolutions, (1, 28, 28), hw.chips.akida),
    Case("3 convolutions, 2 of them max-pooled", convolutions, (1, 28, 28), hw.chips.akida2),
)


def accuracy(run: Callable[[Any], Any], test: Any) -> float:
    """Share of right answers, in percent."""
    right = 0
    for first in range(0, len(test.labels), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        right += int((run(test.inputs[rows]).argmax(axis=-1) == test.labels[rows]).sum())
    return 100 * right / len(test.labels)


def study(case: Case, options: argparse.Namespace, floats: dict[Any, Any]) -> None:
    """Trains, compiles, trains through; prints each figure as it comes."""
    parts = sn.data.idx(options.mnist)
    train, test = (replace(p, inputs=p.inputs.reshape(-1, *case.shape).astype(np.float32)) for p in parts)
    how = {"loss": sn.loss.cross_entropy, "batch_size": 100, "seed": 0, "progress": False}
    if case.net not in floats:  # trained once for all chips
        net, longer = case.net(), None
        start = time.perf_counter()
        sn.fit(net, train, optimiser=sn.optim.Adam(2e-3), epochs=options.epochs, **how)
        took = time.perf_counter() - start
        longer = copy.deepcopy(net)
        sn.fit(longer, train, optimiser=sn.optim.Adam(options.rate), epochs=options.through, **how)
        floats[case.net] = net, longer
        print(f"{case.name}: trained {options.epochs} epochs in {took:.0f} s", flush=True)
    net, longer = floats[case.net]
    in_float = accuracy(lambda x: net(x).data, test)
    print(f"{case.name}, {case.chip.name}: {len(test.labels)} test images", flush=True)
    print(f"  float            {in_float:6.2f} %", flush=True)
    start, program = time.perf_counter(), hw.compile(net, case.chip, calibrate=train.inputs[:512])
    took = time.perf_counter() - start
    got = accuracy(lambda x: program.run(x).output, test)
    print(f"  compiled         {got:6.2f} %  ({got - in_float:+.2f} points)  in {took:.1f} s", flush=True)
    print("\n".join(f"    {report}" for report in program.report), flush=True)
    start, tuned = time.perf_counter(), copy.deepcopy(net)
    through = hw.train_through(
        tuned, case.chip, train, calibrate=train.inputs[:512], optimiser=sn.optim.Adam(options.rate),
        epochs=options.through, **how,
    )  # fmt: skip
    took = time.perf_counter() - start
    got = accuracy(lambda x: through.program.run(x).output, test)
    print(f"  trained through  {got:6.2f} %  ({got - in_float:+.2f} points)  {options.through} epochs in {took:.0f} s")
    print(f"  float as long    {accuracy(lambda x: longer(x).data, test):6.2f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data/mnist")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--through", type=int, default=1, help="epochs through the chip")
    parser.add_argument("--rate", type=float, default=5e-4, help="of learning through the chip, and of float as long")
    parser.add_argument("--rows", type=int, nargs="*", default=range(len(CASES)), choices=range(len(CASES)))
    options = parser.parse_args()
    floats: dict[Any, Any] = {}
    for row in options.rows:
        study(CASES[row], options, floats)


if __name__ == "__main__":
    main()
