"""`spikenet deploy`: a saved net or program on a chip, placed, run on test data; what it gives, takes and costs."""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spikenet
from spikenet.cli.folder import result_folder, write_json, write_text

if TYPE_CHECKING:
    from spikenet.data import Arrays

CALIBRATION = 256  # training samples from which scales and rates are chosen

DESCRIPTION = """\
Compiles a net saved with spikenet.save into a chip's integers, places it on the chip's cores and runs test data. A file
that has a program for the chip, as program.save(path, net) of what hw.train_through gave writes it, runs in that
program's integers: nothing is chosen anew. Writes what each layer lost, events of every core, time and energy as
table.txt and results.json, pictures of the mesh (load of the cores, traffic of the links) and of the energy, and the
program as program.npz.

  spikenet deploy snn.npz --chip loihi1 --out loihi-results
  spikenet deploy snn.npz --chip loihi1 --data idx:../shared/data/mnist --steps 25 --samples 1000
  spikenet deploy trained-through.npz
"""


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "deploy",
        help="run a saved net in a chip's integers",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "checkpoint",
        help="a spiking net, for Akida a conventional one, as spikenet.save wrote it, or what program.save wrote",
    )
    command.add_argument("--chip", help="name in hw.chips (that of the file's program, else loihi1)")
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
    from hw.records.si import how_many
    from spikenet.cli.compare import data_named
    from spikenet.errors import whole

    whole("--seed", options.seed, least=0)
    whole("--steps", options.steps)
    net, program, chip = _asked_for(options)
    timeless = _is_timeless(net, program, chip)
    code = _as_they_are if timeless else _as_spikes(options)
    train, test = (_shaped(net, program, data) for data in data_named(options.data, options.seed))
    if options.samples is not None:
        n = min(whole("--samples", options.samples), len(test))
        test = replace(test, inputs=test.inputs[:n], labels=test.labels[:n])
    folder = result_folder(options.out)
    some, is_saved = code(train.inputs[:CALIBRATION]), program is not None
    _say(f"{'taking the program of ' + options.checkpoint if is_saved else 'compiling'} for {chip.name} ...")
    if program is None:
        program = hw.compile(net, chip, calibrate=some, seed=options.seed, reading=options.reading)
    placed = hw.place_program(program, calibrate=some, seed=options.seed)
    n_cores = len(placed.placement.cores)
    _say(f"running {len(test)} samples of {test.name} on {how_many(n_cores, 'core')} ...")
    timing = hw.detailed if options.detailed else hw.simple
    got = placed.run(code(test.inputs), timing=timing, seed=options.seed if program.noisy else None)
    on_chip, in_float = _accuracy(got.output, test), None if net is None else _float_accuracy(net, code, test)
    shown = "" if timeless else f", {options.steps} steps"
    beside = "" if in_float is None else f", in float {in_float:.2%}"
    how = "in the integers it was saved in" if is_saved else "compiled"
    table = "\n".join([
        f"{options.checkpoint} on {chip.name}, {how}: accuracy {on_chip:.2%}{beside} ({test.name}, {len(test)} samples"
        f"{shown})",
        "",
        str(program),
        "",
        str(got),
    ])  # fmt: skip
    write_text(folder / "table.txt", table)
    results = {
        "checkpoint": str(options.checkpoint), "chip": chip.name, "data": test.name, "seed": options.seed,
        "reading": program.reading, "is_bit_exact": not program.noisy, "was_compiled": not is_saved,
        "accuracy": on_chip, "accuracy_float": in_float,
        "layers": [vars(report) for report in program.report], **got.as_dict(),
        "steps": None if timeless else options.steps, "steps_on_chip": got.events.steps,
    }  # fmt: skip
    write_json(folder / "results.json", results)
    program.save(folder / "program.npz", net)
    _draw(folder, got)
    print(table)
    print(f"mesh.png, energy.png, table.txt, results.json and program.npz are in {folder}")


def chip_named(name: str) -> Any:
    """The chip of `hw.chips` of that name; ValueError listing those that nets are compiled for when there is none."""
    import hw

    records = {known: getattr(hw.chips, known) for known in hw.chips.__all__ if known.islower()}
    chips = {known: chip for known, chip in records.items() if chip.architecture is not hw.Architecture.PROCESS}
    if name not in chips:
        raise ValueError(f"--chip: expected one of {', '.join(chips)}, got {name!r}")
    return chips[name]


def _asked_for(options: argparse.Namespace) -> tuple[Any, Any, Any]:
    """(net, program, chip): of a file its program if that is for this chip and reading, else None and what to compile.

    The net is None where the file has only a program. ValueError where that is for another chip or reading.
    """
    import hw
    from spikenet.train.checkpoint_file import read_checkpoint

    chip, path = None if options.chip is None else chip_named(options.chip), Path(options.checkpoint)
    header, _ = read_checkpoint(path)
    has_program = "program" in header
    net = spikenet.load(path) if "network" in header or not has_program else None
    if has_program:
        program = hw.load_program(path)
        if (chip is None or chip.name == program.chip.name) and options.reading in (None, program.reading):
            return net, program, program.chip
        if net is None:
            reading = "" if program.reading is None else f", reading {program.reading},"
            raise ValueError(
                f"{path}: has a program for {program.chip.name}{reading} and no net that another could be compiled of; "
                "save both, program.save(path, net)"
            )
    return net, None, chip or hw.chips.loihi1


def _is_timeless(net: Any, program: Any, chip: Any) -> bool:
    """Whether samples are shown as they are."""
    import hw

    if program is not None:
        return program.entrance is not None and bool(program.entrance.timeless)
    return chip.architecture is hw.chips.akida.architecture and not _has_time(net)


def _has_time(net: Any) -> bool:
    """Whether any layer keeps a state from step to step."""
    return any(getattr(layer, "states", ()) or _has_time(layer) for layer in getattr(net, "layers", ()))


def _shaped(net: Any, program: Any, data: Arrays) -> Arrays:
    """Square images with the channels that a convolution in front asks for, or as rows for a Linear in front; of a
    program without a net what its inputs are."""
    if net is None:
        shape = (program.layers[0].n_inputs,) if program.entrance is None else program.entrance.shape
        fits = math.prod(shape) == math.prod(data.inputs.shape[1:])
        return replace(data, inputs=data.inputs.reshape(-1, *shape)) if fits else data
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


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
