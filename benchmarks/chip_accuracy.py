"""Accuracy on digits and MNIST's 10,000 test images: float nets, compiled for chips, trained through some of them.

    python benchmarks/chip_accuracy.py [--mnist ../shared/data/mnist] [--epochs 4] [--through 1] [--rows 0 1 ...]

Rows 0 to 6 are Loihi 1 and Xylo, 7 and 8 Loihi 2 and SpiNNaker 1 (compiled only), 9 TrueNorth.

Rate-coded images of 25 steps. Figures are means over three encodings of the test images, whose spread is printed; all
nets see the same spikes. "float as long" is the float net trained on without the chip for as long as through it.

What is lifted: no Xylo has inputs for 64 or 784 pixels, and 8 to 16 outputs. In rows marked "sizes lifted" its integers
are run under a record without limits on inputs, outputs, fan-in and synapses. Rows of 4 x 4 pixels are within all
limits of the IMU chip (SYNS63300), whose 16 outputs replace the 8 of the Audio 2 in its record.
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

STEPS, ENCODINGS, AT_ONCE = 25, 3, 1000
XYLO_TAUS = {
    "tau_mem_s": 7.49e-3,
    "tau_syn_s": 3.48e-3,
    "threshold": 3.0,
}  # 1 - 2^-3 and 1 - 2^-2 are kept: what it has
SIZES = ("inputs", "neurons", "outputs", "fan_in", "synapses")


def with_limits(chip: hw.Chip, name: str, source: str, **limits: int) -> hw.Chip:
    facts = {n: Fact(value, chip.limits[n].unit, Evidence.DERIVED, source) for n, value in limits.items()}
    return replace(chip, name=name, limits={**chip.limits, **facts})


LIFTED = with_limits(hw.chips.xylo, "Xylo, sizes lifted", "lifted by hand", **dict.fromkeys(SIZES, 10**6))
IMU = with_limits(hw.chips.xylo, "Xylo IMU", "rockpool's Xylo mapper: SYNS63300", neurons=496, outputs=16)


def loihi_neurons(*, is_last: bool) -> Any:
    return sn.LIF(reset=sn.reset.to_zero, tau_mem_s=10e-3)


def xylo_neurons(*, is_last: bool) -> Any:
    """Xylo's own: hidden ones send up to 31 spikes a step, outputs one."""
    return sn.CubaLIF(**XYLO_TAUS) if is_last else sn.MultiLevelCubaLIF(levels=31, **XYLO_TAUS)


def single_spikes(*, is_last: bool) -> Any:
    """What Xylo has not got: hidden neurons that send one spike a step, which its own then stand for."""
    return sn.CubaLIF(**XYLO_TAUS)


def truenorth_neurons(*, is_last: bool) -> Any:
    """Its membrane does not leak."""
    return sn.IF(threshold=1.0)


@dataclass(frozen=True)
class Case:
    name: str
    data: str
    chip: hw.Chip
    hidden: int
    neurons: Callable[..., Any]
    through: bool = True
    net: str = ""  # of the row whose net it is
    rate: float = 2e-4  # of learning through the chip, and of float as long
    falls: bool = False  # that rate, along half a cosine


CASES = (
    Case("Loihi 1", "digits", hw.chips.loihi1, 96, loihi_neurons),
    Case("Xylo, sizes lifted", "digits", LIFTED, 96, xylo_neurons),
    Case("Xylo IMU, 4 x 4 pixels", "digits 4 x 4", IMU, 63, xylo_neurons),
    Case("Xylo, sizes lifted", "mnist", LIFTED, 256, xylo_neurons),
    Case("Loihi 1", "mnist", hw.chips.loihi1, 256, loihi_neurons),
    Case("Xylo, sizes lifted, trained with one spike a step", "mnist", LIFTED, 256, single_spikes),
    Case("Xylo IMU, 4 x 4 pixels", "mnist 4 x 4", IMU, 63, xylo_neurons),
    Case("Loihi 2", "mnist", hw.chips.loihi2, 256, loihi_neurons, through=False, net="Loihi 1"),
    Case("SpiNNaker 1", "mnist", hw.chips.spinnaker1, 256, loihi_neurons, through=False, net="Loihi 1"),
    Case(
        "TrueNorth, 14 x 14 pixels", "mnist 14 x 14", hw.chips.truenorth, 256, truenorth_neurons, rate=1e-3, falls=True
    ),
)


def data(name: str, mnist: Path) -> tuple[Any, Any]:
    """(train, test), images as rows of pixels 0 to 1."""
    parts, side = (sn.data.idx(mnist), 28) if name.startswith("mnist") else (sn.data.digits(0), 8)
    if " x " not in name:
        return tuple(replace(part, inputs=part.inputs.reshape(-1, side**2)) for part in parts)
    n = int(name.split()[-1])
    squares = [
        part.inputs.reshape(-1, n, side // n, n, side // n).mean(axis=(2, 4)).reshape(-1, n * n) for part in parts
    ]
    return tuple(replace(part, inputs=x) for part, x in zip(parts, squares, strict=True))


def accuracy(run: Callable[[Any, int], Any], code: Any, test: Any) -> list[float]:
    """Share of right answers for each of the encodings; `run` is given the encoded images and their seed."""
    found = []
    for seed in range(ENCODINGS):
        right = 0
        for first in range(0, len(test.labels), AT_ONCE):
            rows = slice(first, first + AT_ONCE)
            drawn = 1000 * seed + first
            x = code(test.inputs[rows], seed=drawn)
            right += int((run(x, drawn).sum(axis=0).argmax(axis=-1) == test.labels[rows]).sum())
        found.append(right / len(test.labels))
    return found


def shown(values: list[float], other: list[float] | None = None) -> str:
    """Mean and spread in percent, and the difference from another in points."""
    text = f"{100 * np.mean(values):6.2f} +- {100 * np.std(values):4.2f} %"
    return text if other is None else f"{text}  ({100 * (np.mean(values) - np.mean(other)):+5.2f} points)"


def study(case: Case, options: argparse.Namespace) -> None:
    """Trains, compiles, trains through; prints each figure as it comes."""
    train, test = data(case.data, options.mnist)
    n, code = train.inputs.shape[1], sn.encode.Rate(STEPS)
    small = len(train.labels) < 10_000
    scale = 10 if small else 1  # of epochs: digits have 1,437 images
    net = sn.Sequential(
        sn.Linear(n, case.hidden, seed=0), case.neurons(is_last=False),
        sn.Linear(case.hidden, 10, seed=1), case.neurons(is_last=True),
    )  # fmt: skip
    batch = 32 if small else 100
    how = {"loss": sn.loss.count_cross_entropy, "encode": code, "batch_size": batch, "seed": 0, "progress": False}
    calibrate, start = code(train.inputs[:256], seed=7), time.perf_counter()
    kept = None if options.nets is None else options.nets / f"{case.data} {case.net or case.name}.npz".replace(" ", "_")
    if kept is not None and kept.exists():
        sn.restore(kept, net)
    else:
        sn.fit(net, train, optimiser=sn.optim.Adam(2e-3), epochs=scale * options.epochs, **how)
        if kept is not None:
            sn.save(kept, net)
    took = time.perf_counter() - start
    print(f"{case.data}, {n}-{case.hidden}-10, {case.name}: {len(test.labels)} test images; trained "
          f"{scale * options.epochs} epochs in {took:.0f} s", flush=True)  # fmt: skip
    floats = accuracy(lambda x, _: net(x).data, code, test)
    print(f"  float            {shown(floats)}", flush=True)
    start, program = time.perf_counter(), hw.compile(net, case.chip, calibrate=calibrate)
    took = time.perf_counter() - start
    print(
        f"  compiled         {shown(accuracy(lambda x, _: program.run(x).output, code, test), floats)}  in {took:.0f} s"
    )
    print("\n".join(f"    {report}" for report in program.report), flush=True)
    if not case.through:
        return
    start, tuned, longer = time.perf_counter(), copy.deepcopy(net), scale * options.through
    steps = -(-min(options.images, len(train.labels)) // batch) * longer
    how["schedule"] = sn.optim.Cosine(steps) if case.falls else None
    fewer = train.take(np.arange(min(options.images, len(train.labels))))
    got = hw.train_through(
        tuned, case.chip, fewer, calibrate=calibrate, optimiser=sn.optim.Adam(case.rate), epochs=longer, **how
    )
    took = time.perf_counter() - start
    after = accuracy(lambda x, _: got.program.run(x).output, code, test)
    print(f"  trained through  {shown(after, floats)}  {longer} epochs in {took:.0f} s", flush=True)
    sn.fit(net, fewer, optimiser=sn.optim.Adam(case.rate), epochs=longer, **how)
    print(f"  float as long    {shown(accuracy(lambda x, _: net(x).data, code, test), floats)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data/mnist")
    parser.add_argument("--epochs", type=int, default=4, help="of MNIST; ten times as many of digits")
    parser.add_argument("--through", type=int, default=1, help="epochs through the chip, likewise")
    parser.add_argument("--nets", type=Path, help="folder where float nets are kept, and found the next time")
    parser.add_argument("--images", type=int, default=60_000, help="of MNIST's training set, through the chip")
    parser.add_argument("--rows", type=int, nargs="*", default=range(len(CASES)), choices=range(len(CASES)))
    options = parser.parse_args()
    for row in options.rows:
        study(CASES[row], options)


if __name__ == "__main__":
    main()
