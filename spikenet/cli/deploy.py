"""`spikenet deploy`: a saved net compiled for a chip, placed, run on test data; what it gives, takes and costs."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spikenet
from spikenet.cli.folder import result_folder, write_text

if TYPE_CHECKING:
    from spikenet.data import Arrays

CALIBRATION = 256  # training samples from which scales and rates are chosen

DESCRIPTION = """\
Compiles a net saved with spikenet.save into a chip's integers, places it on the chip's cores and runs test data. Writes
what each layer lost, events of every core, time and energy as table.txt and results.json, and pictures of the mesh
(load of the cores, traffic of the links) and of the energy.

  spikenet deploy snn.npz --chip loihi1 --out loihi-results
  spikenet deploy snn.npz --chip loihi1 --data idx:../shared/data/mnist --steps 25 --samples 1000
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "deploy",
        help="run a saved net in a chip's integers",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("checkpoint", help="a spiking net, for Akida a conventional one, as spikenet.save wrote it")
    command.add_argument("--chip", default="loihi1", help="name in hw.chips (loihi1)")
    command.add_argument("--reading", help="of Loihi 1: lava, nengo_loihi or brian2_loihi (what the net needs)")
    command.add_argument("--data", default="digits", help="digits (default), or idx:FOLDER for files as of MNIST")
    command.add_argument("--steps", type=int, default=25, help="steps a spiking net is shown chance spikes (25)")
    command.add_argument("--samples", type=int, help="test samples to run (all)")
    command.add_argument("--seed", type=int, default=0, help="decides split, spikes, placement and noise (0)")
    command.add_argument("--detailed", action="store_true", help="follow every message over the links for the times")
    command.add_argument("--out", default="spikenet-results", help="folder for the results (spikenet-results)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    import hw
    from hw.execution.powered import step_of
    from hw.records.si import how_many
    from spikenet.cli.compare import data_named
    from spikenet.errors import whole

    chip = chip_named(options.chip)
    whole("--seed", options.seed, least=0)
    whole("--steps", options.steps)
    net: Any = spikenet.load(Path(options.checkpoint))
    timeless = chip.architecture is hw.chips.akida.architecture and not _has_time(net)
    code = _as_they_are if timeless else _as_spikes(options)
    train, test = (_shaped(net, data) for data in data_named(options.data, options.seed))
    if options.samples is not None:
        n = min(whole("--samples", options.samples), len(test))
        test = replace(test, inputs=test.inputs[:n], labels=test.labels[:n])
    folder = result_folder(options.out)
    _say(f"compiling for {chip.name} ...")
    some = code(train.inputs[:CALIBRATION])
    program = hw.compile(net, chip, calibrate=some, seed=options.seed, reading=options.reading)
    placed = hw.place_program(program, calibrate=some, seed=options.seed)
    n_cores = len(placed.placement.cores)
    _say(f"running {len(test)} samples of {test.name} on {how_many(n_cores, 'core')} ...")
    timing = hw.detailed if options.detailed else hw.simple
    noise = options.seed if program.noisy else None
    got = placed.run(code(test.inputs), timing=timing, seed=noise, step_s=step_of(net))
    on_chip, in_float = _accuracy(got.output, test), _float_accuracy(net, code, test)
    shown = "" if timeless else f", {options.steps} steps"
    table = "\n".join([
        f"{options.checkpoint} on {chip.name}: accuracy {on_chip:.2%}, in float {in_float:.2%} ({test.name}, "
        f"{len(test)} samples{shown})",
        "",
        *(f"  {report}" for report in program.report),
        "",
        str(got),
    ])  # fmt: skip
    write_text(folder / "table.txt", table)
    results = {
        "checkpoint": str(options.checkpoint), "chip": chip.name, "data": test.name, "steps": options.steps,
        "seed": options.seed, "reading": program.reading, "accuracy": on_chip, "accuracy_float": in_float,
        "layers": [vars(report) for report in program.report], **got.as_dict(),
    }  # fmt: skip
    write_text(folder / "results.json", json.dumps(_finite(results), indent=2, allow_nan=False) + "\n")
    _draw(folder, got)
    print(table)
    print(f"mesh.png, energy.png, table.txt and results.json are in {folder}")


def chip_named(name: str) -> Any:
    """The chip of `hw.chips` of that name; ValueError listing those that nets are compiled for when there is none."""
    import hw

    records = {known: getattr(hw.chips, known) for known in hw.chips.__all__ if known.islower()}
    chips = {known: chip for known, chip in records.items() if chip.architecture is not hw.Architecture.PROCESS}
    if name not in chips:
        raise ValueError(f"--chip: expected one of {', '.join(chips)}, got {name!r}")
    return chips[name]


def _has_time(net: Any) -> bool:
    """Whether any layer keeps a state from step to step."""
    return any(getattr(layer, "states", ()) or _has_time(layer) for layer in getattr(net, "layers", ()))


def _shaped(net: Any, data: Arrays) -> Arrays:
    """Square images with the channels that a convolution in front asks for, or as rows for a Linear in front."""
    first = next((layer for layer in net.layers if hasattr(layer, "n_in")), None)
    axes, n = getattr(first, "n_axes", 0), math.prod(data.inputs.shape[1:])
    channels = first.n_in if first is not None and axes == 2 else 1
    side = math.isqrt(n // channels)
    if axes == 2 and channels * side * side == n:
        return replace(data, inputs=data.inputs.reshape(-1, channels, side, side))
    rows = first is not None and axes == 0 and first.n_in == n
    return replace(data, inputs=data.inputs.reshape(len(data), n)) if rows else data


def _as_spikes(options: argparse.Namespace) -> Any:
    return partial(spikenet.encode.Rate(options.steps), seed=options.seed)


def _as_they_are(inputs: Any, index: Any = None) -> Any:
    """Samples as a conventional net is given them."""
    return inputs


def _scores(output: Any) -> Any:
    """(batch, classes) of an output with or without steps."""
    return output if output.ndim == 2 else output.sum(axis=0)


def _accuracy(output: Any, test: Arrays) -> float:
    scores = _scores(output)
    if scores.shape != (len(test), test.classes):
        raise ValueError(f"the net gives {scores.shape[1:]} outputs, {test.name} has {test.classes} classes")
    return float((scores.argmax(axis=1) == test.labels).mean())


def _float_accuracy(net: Any, code: Any, test: Arrays) -> float:
    right, batch = 0.0, 256
    for first in range(0, len(test), batch):
        part = slice(first, first + batch)
        index = range(len(test))[part]
        scores = _scores(net(code(test.inputs[part], index=index)).data)
        right += float((scores.argmax(axis=1) == test.labels[part]).sum())
    return right / len(test)


def _draw(folder: Path, got: Any) -> None:
    from spikenet import plot

    plot.save(plot.mesh(*got.picture), folder / "mesh.png")
    energies = (got.energy(), got.energy_by_power())
    levels = {energy.title: energy.bars for energy in energies if energy is not None}
    plot.save(plot.energy_levels(levels), folder / "energy.png")


def _finite(values: Any) -> Any:
    """The same without infinities, which JSON lacks: null for a time constant without end."""
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [_finite(value) for value in values]
    return None if isinstance(values, float) and not (abs(values) < float("inf")) else values


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
