"""Accuracy on digits and MNIST's 10,000 test images: float nets, compiled for chips, trained through some of them.

    python benchmarks/chip_accuracy.py [--mnist ../shared/data/mnist] [--epochs 4] [--through 1] [--rows 0 1 ...]

Rows 0 to 6 are Loihi 1 and Xylo, 7 and 8 Loihi 2 and SpiNNaker 1 (compiled only), 9 TrueNorth.

Rate-coded images of 25 steps. Figures are means over three encodings of the test images, whose spread is printed; all
nets see the same spikes. "float as long" is the float net trained on without the chip for as long as through it.
Of digits 359 images are a test set, one of which is 0.28 points: rows of digits are ten splits, each with a net of its
own, and end with means over them and the standard error of each difference.

What is lifted: no Xylo has inputs for 64 or 784 pixels, and 8 to 16 outputs. In rows marked "sizes lifted" its integers
are run under a record without limits on inputs, outputs, fan-in and synapses. Rows of 4 x 4 pixels are within all
limits of the IMU chip (SYNS63300).
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
SPLITS = 10  # of digits
XYLO_TAUS = {
    "tau_mem_s": 7.49e-3,
    "tau_syn_s": 3.48e-3,
    "threshold": 3.0,
}  # 1 - 2^-3 and 1 - 2^-2 are kept: what it has
SIZES = ("inputs", "neurons", "outputs", "fan_in", "synapses")


LIFTED = replace(
    hw.chips.xylo,
    name="Xylo, sizes lifted",
    limits={
        **hw.chips.xylo.limits,
        **{n: Fact(10**6, hw.chips.xylo.limits[n].unit, Evidence.DERIVED, "lifted by hand") for n in SIZES},
    },
)


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
    Case("Xylo IMU, 4 x 4 pixels", "digits 4 x 4", hw.chips.xylo_imu, 63, xylo_neurons),
    Case("Xylo, sizes lifted", "mnist", LIFTED, 256, xylo_neurons),
    Case("Loihi 1", "mnist", hw.chips.loihi1, 256, loihi_neurons),
    Case("Xylo, sizes lifted, trained with one spike a step", "mnist", LIFTED, 256, single_spikes),
    Case("Xylo IMU, 4 x 4 pixels", "mnist 4 x 4", hw.chips.xylo_imu, 63, xylo_neurons),
    Case("Loihi 2", "mnist", hw.chips.loihi2, 256, loihi_neurons, through=False, net="Loihi 1"),
    Case("SpiNNaker 1", "mnist", hw.chips.spinnaker1, 256, loihi_neurons, through=False, net="Loihi 1"),
    Case(
        "TrueNorth, 14 x 14 pixels", "mnist 14 x 14", hw.chips.truenorth, 256, truenorth_neurons, rate=1e-3, falls=True
    ),
)


def data(name: str, mnist: Path, split: int) -> tuple[Any, Any]:
    """(train, test), images as rows of pixels 0 to 1; split: which one of digits."""
    parts, side = (sn.data.idx(mnist), 28) if name.startswith("mnist") else (sn.data.digits(split), 8)
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


def study(case: Case, options: argparse.Namespace, split: int = 0) -> dict[str, float]:
    """Trains, compiles, trains through; prints each figure as it comes and returns them."""
    train, test = data(case.data, options.mnist, split)
    n, code = train.inputs.shape[1], sn.encode.Rate(STEPS)
    small = len(train.labels) < 10_000
    scale = 10 if small else 1  # of epochs: digits have 1,437 images
    net = sn.Sequential(
        sn.Linear(n, case.hidden, seed=2 * split), case.neurons(is_last=False),
        sn.Linear(case.hidden, 10, seed=2 * split + 1), case.neurons(is_last=True),
    )  # fmt: skip
    batch = 32 if small else 100
    how = {"loss": sn.loss.count_cross_entropy, "encode": code, "batch_size": batch, "seed": split, "progress": False}
    calibrate, start = code(train.inputs[:256], seed=7), time.perf_counter()
    name = f"{case.data} {case.net or case.name}{f' {split}' * (split > 0)}.npz".replace(" ", "_")
    kept = None if options.nets is None else options.nets / name
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
    compiled = accuracy(lambda x, _: program.run(x).output, code, test)
    print(f"  compiled         {shown(compiled, floats)}  in {took:.0f} s")
    print("\n".join(f"    {report}" for report in program.report), flush=True)
    found = {"float": float(np.mean(floats)), "compiled": float(np.mean(compiled))}
    if not case.through:
        return found
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
    as_long = accuracy(lambda x, _: net(x).data, code, test)
    print(f"  float as long    {shown(as_long, floats)}", flush=True)
    return {**found, "trained through": float(np.mean(after)), "float as long": float(np.mean(as_long))}


def summary(found: list[dict[str, float]]) -> str:
    """Means over splits, and mean differences from the float net, and of training through from float as long."""
    points = {name: 100 * np.array([one[name] for one in found]) for name in found[0]}

    def apart(name: str, other: str) -> str:
        off = points[name] - points[other]
        return f"{off.mean():+.2f} +- {off.std(ddof=1) / np.sqrt(len(off)):.2f} points from {other}"

    lines = [f"  {name:16s} {values.mean():6.2f} %, {apart(name, 'float')}" for name, values in points.items()]
    lines += [f"  trained through: {apart('trained through', 'float as long')}"]
    return "\n".join([f"over {len(found)} splits:", *lines])


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
        case = CASES[row]
        splits = SPLITS if case.data.startswith("digits") else 1
        found = [study(case, options, split) for split in range(splits)]
        if splits > 1:
            print(summary(found), flush=True)


if __name__ == "__main__":
    main()
