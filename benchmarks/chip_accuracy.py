"""Accuracy on MNIST's 10,000 test images: the float net, compiled for Loihi 1 and for Xylo, and trained through each.

    python benchmarks/chip_accuracy.py [--data ../shared/data/mnist] [--epochs 4] [--through 1] [--images 60000]

A net of 784-256-10 neurons and rate-coded images of 25 steps. Loihi's nets reset to zero, Xylo's subtract. No Xylo has
784 inputs or 10 outputs: its integers are run under a record whose limits on sizes are lifted, which the output says.
Figures are means over test encodings with different random numbers, whose spread is printed; compiled and float net see
the same spikes.
"""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import hw
import spikenet as sn
from hw.fact import Evidence, Fact

STEPS, HIDDEN, ENCODINGS = 25, 256, 3
XYLO_TAUS = {"tau_mem_s": 7.49e-3, "tau_syn_s": 3.48e-3}  # 1 - 2^-3 and 1 - 2^-2 kept: what the chip has


def lifted(chip: hw.Chip) -> hw.Chip:
    """Xylo's integers without its limits on sizes."""
    sizes = ("inputs", "neurons", "outputs", "fan_in", "synapses")
    limits = {name: Fact(10**6, chip.limits[name].unit, Evidence.DERIVED, "lifted by hand") for name in sizes}
    return replace(chip, name=f"{chip.name} with limits on sizes lifted", limits={**chip.limits, **limits})


def nets() -> dict[str, tuple[hw.Chip, sn.Sequential]]:
    """Chip and untrained net of each row."""
    return {
        "Loihi 1": (
            hw.chips.loihi1,
            sn.Sequential(
                sn.Linear(784, HIDDEN, seed=0), sn.LIF(reset=sn.reset.to_zero, tau_mem_s=10e-3),
                sn.Linear(HIDDEN, 10, seed=1), sn.LIF(reset=sn.reset.to_zero, tau_mem_s=10e-3),
            ),
        ),
        "Xylo": (
            lifted(hw.chips.xylo),
            sn.Sequential(
                sn.Linear(784, HIDDEN, seed=0), sn.CubaLIF(threshold=3.0, **XYLO_TAUS),
                sn.Linear(HIDDEN, 10, seed=1), sn.CubaLIF(threshold=3.0, **XYLO_TAUS),
            ),
        ),
    }  # fmt: skip


def accuracy(run, code, test) -> list[float]:
    """Share of right answers for each of the encodings, 1,000 images at a time."""
    found = []
    for seed in range(ENCODINGS):
        right = 0
        for first in range(0, len(test.labels), 1000):
            rows = slice(first, first + 1000)
            x = code(test.inputs[rows], seed=1000 * seed + first)
            right += int((run(x).sum(axis=0).argmax(axis=-1) == test.labels[rows]).sum())
        found.append(right / len(test.labels))
    return found


def shown(values: list[float], other: list[float] | None = None) -> str:
    """Mean and spread in percent, and the difference from another in points."""
    text = f"{100 * np.mean(values):6.2f} +- {100 * np.std(values):4.2f} %"
    return text if other is None else f"{text}  ({100 * (np.mean(values) - np.mean(other)):+5.2f} points)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data/mnist")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--through", type=int, default=1)
    parser.add_argument("--images", type=int, default=60_000, help="of the training set")
    parser.add_argument("--chip", choices=["Loihi 1", "Xylo"], action="append")
    options = parser.parse_args()
    train, test = sn.data.idx(options.data)
    train = replace(train, inputs=train.inputs.reshape(-1, 784)).take(np.arange(options.images))
    test = replace(test, inputs=test.inputs.reshape(-1, 784))
    code = sn.encode.Rate(STEPS)
    calibrate = code(train.inputs[:256], seed=7)
    for name, (chip, net) in nets().items():
        if options.chip and name not in options.chip:
            continue
        how = {"loss": sn.loss.count_cross_entropy, "encode": code, "batch_size": 100, "seed": 0, "progress": False}
        start = time.perf_counter()
        sn.fit(net, train, optimiser=sn.optim.Adam(2e-3), epochs=options.epochs, **how)
        print(
            f"{name} ({chip.name}): trained {options.epochs} epochs in {time.perf_counter() - start:.0f} s", flush=True
        )
        floats = accuracy(lambda x, net=net: net(x).data, code, test)
        print(f"  float            {shown(floats)}", flush=True)
        program = hw.compile(net, chip, calibrate=calibrate)
        print(f"  compiled         {shown(accuracy(lambda x, p=program: p.run(x).output, code, test), floats)}")
        print("\n".join(f"    {report}" for report in program.report), flush=True)
        start, tuned = time.perf_counter(), copy.deepcopy(net)
        got = hw.train_through(
            tuned, chip, train, calibrate=calibrate, optimiser=sn.optim.Adam(2e-4), epochs=options.through, **how
        )
        took = time.perf_counter() - start
        after = accuracy(lambda x, p=got.program: p.run(x).output, code, test)
        print(f"  trained through  {shown(after, floats)}  {options.through} epoch in {took:.0f} s")
        print("\n".join(f"    {report}" for report in got.program.report))
        more = copy.deepcopy(net)
        sn.fit(more, train, optimiser=sn.optim.Adam(2e-4), epochs=options.through, **how)
        again = accuracy(lambda x, net=more: net(x).data, code, test)
        print(f"  float as long    {shown(again, floats)}", flush=True)


if __name__ == "__main__":
    main()
