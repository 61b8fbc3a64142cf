"""Accuracy on MNIST's 10,000 test images on BrainScaleS-2's noisy model, compiled and trained through it.

    python benchmarks/chip_accuracy_brainscales2.py [--mnist ../shared/data/mnist] [--epochs 4] [--through 1]

A circuit has 256 synapses, a source with weights of both signs takes two: images are the middle 22 x 22 pixels in
squares of two, 121 sources, and 128 hidden neurons. Rate-coded, 25 steps; three encodings, each with noise of its own.
The fixed patterns are assumptions: what calibration leaves is not published. "as long" is the float net trained on
without the chip for as long as through it.
"""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from chip_accuracy import STEPS, accuracy, shown

import hw
import spikenet as sn
from hw.records.fact import Evidence, Fact

PATTERNS = (0, 10, 20)  # % of synapses, thresholds and time constants, standard deviation


def chip_with(percent: int) -> hw.Chip:
    """BrainScaleS-2 with a fixed pattern of so much, or with none."""
    chip = hw.chips.brainscales2
    spread = Fact(percent, "% standard deviation", Evidence.DERIVED, "assumed")
    names = ("synapse_spread", "threshold_spread", "tau_spread") if percent else ()
    return replace(chip, limits={**chip.limits, **dict.fromkeys(names, spread)})


def data(mnist: Path) -> tuple[Any, Any]:
    """(train, test), the middle of the images in squares of two pixels."""
    found = []
    for part in sn.data.idx(mnist):
        middle = part.inputs.reshape(-1, 28, 28)[:, 3:25, 3:25].reshape(-1, 11, 2, 11, 2).mean(axis=(2, 4))
        found.append(replace(part, inputs=middle.reshape(-1, 121).astype(np.float32)))
    return found[0], found[1]


def on_chip(program: Any, code: Any, test: Any) -> list[float]:
    """Share of right answers, each encoding with noise of its own."""
    return accuracy(lambda x, seed: program.run(x, seed=seed).output, code, test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data/mnist")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--through", type=int, default=1, help="epochs through the chip")
    options = parser.parse_args()
    (train, test), code = data(options.mnist), sn.encode.Rate(STEPS)
    neurons = {"tau_mem_s": 10e-3, "reset": sn.reset.to_zero}
    net = sn.Sequential(sn.Linear(121, 128, seed=0), sn.LIF(**neurons), sn.Linear(128, 10, seed=1), sn.LIF(**neurons))
    how = {"loss": sn.loss.count_cross_entropy, "encode": code, "batch_size": 100, "seed": 0, "progress": False}
    sn.fit(net, train, optimiser=sn.optim.Adam(2e-3), epochs=options.epochs, **how)
    floats = accuracy(lambda x, _: net(x).data, code, test)
    print(
        f"121-128-10, LIF, {options.epochs} epochs: {len(test.labels)} test images\n  float            {shown(floats)}"
    )
    longer = copy.deepcopy(net)
    sn.fit(longer, train, optimiser=sn.optim.Adam(2e-4), epochs=options.through, **how)
    print(f"  float as long    {shown(accuracy(lambda x, _: longer(x).data, code, test), floats)}", flush=True)
    calibrate = code(train.inputs[:256], seed=7)
    for percent in PATTERNS:
        chip = chip_with(percent)
        program = hw.compile(net, chip, calibrate=calibrate)
        print(f"{chip.name}, fixed pattern of {percent} %")
        print(f"  compiled         {shown(on_chip(program, code, test), floats)}", flush=True)
        print("\n".join(f"    {report}" for report in program.report), flush=True)
        tuned, start = copy.deepcopy(net), time.perf_counter()
        got = hw.train_through(
            tuned, chip, train, calibrate=calibrate, optimiser=sn.optim.Adam(2e-4), epochs=options.through, **how
        )
        took = time.perf_counter() - start
        print(f"  trained through  {shown(on_chip(got.program, code, test), floats)}  in {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()
