"""A candidate of a comparison in a chip's own integers: accuracy, events, time and energy, or the rules it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.check import RULES, check
from hw.comparing.candidate import Candidate, correct
from hw.compile import compile
from hw.compilers.table import COMPILERS
from hw.counting.count import batches
from hw.execution.placed import place_program
from hw.execution.record import Execution
from hw.programs.record import Program
from hw.records.architecture import Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip
from spikenet.data import Arrays

Array = npt.NDArray[Any]
CALIBRATION = 256  # samples from which scales and rates are chosen
NO_SPIKES = "its input is no spikes; encode it, as sn.encode.Rate does"


@dataclass(frozen=True, eq=False)
class Deployed:
    """accuracy: share of the test set right, in the chip's integers."""

    accuracy: float
    execution: Execution


def deployed(
    entry: Candidate, chip: Chip, test: Arrays, calibrate: Arrays, batch_size: int
) -> Deployed | tuple[Breach, ...] | str:
    """The candidate on the chip; else every rule of the chip that it breaks, or why it cannot be tried."""
    some = shown(calibrate.inputs[:CALIBRATION], entry, batch_size)
    takes_numbers = chip.architecture in COMPILERS and COMPILERS[chip.architecture].graded
    if entry.encode is not None and not takes_numbers and not _are_spikes(some):
        return NO_SPIKES
    try:
        if untried := _untried(entry, chip):
            shape = some.shape[1:] if entry.encode is None else some.shape[2:]
            found = check(entry.net, shape, chips=[chip])[chip].breaches if chip.architecture in RULES else ()
            return found or untried
        program = compile(entry.net, chip, calibrate=some)
        placed = place_program(program, calibrate=some)
    except DoesNotFit as refused:
        return refused.breaches
    except (TypeError, ValueError) as refused:
        said, _, change = " ".join(str(refused).split()).rpartition("; ")
        change, said = (change, said) if said else ("take another net or another chip", change)
        return (Breach(chip.name, said, "the net", None, None, "", change),)
    inputs = shown(test.inputs, entry, batch_size)
    if program.entrance is None and not _are_spikes(inputs):
        return f"on the test set {NO_SPIKES}"
    return _read(entry, placed.run(inputs), test)


def run_as_given(
    entry: Candidate, program: Program, test: Arrays, calibrate: Arrays | None, batch_size: int
) -> Deployed:
    """The candidate's own program: nothing is compiled, only its place on the cores is chosen, from calibration data
    where there are any."""
    some = None if calibrate is None else shown(calibrate.inputs[:CALIBRATION], entry, batch_size)
    placed = place_program(program, calibrate=some)
    return _read(entry, placed.run(shown(test.inputs, entry, batch_size)), test)


def shown(inputs: Array, entry: Candidate, batch_size: int) -> Array:
    """What the net sees of `inputs`, (steps, samples, ...), int8 if all are spikes; `inputs` without an encoder."""
    if entry.encode is None:
        return inputs
    encoded = (x for _, x in batches(inputs, entry.encode, batch_size, entry.seed))
    return np.concatenate([x.astype(np.int8) if _are_spikes(x) else x for x in encoded], axis=1)


def _are_spikes(x: Array) -> bool:
    return x.dtype == np.int8 or bool(((x == 0) | (x == 1)).all())


def _read(entry: Candidate, got: Execution, test: Arrays) -> Deployed:
    return Deployed(correct(entry.readout(got.output), test.labels, test.classes) / len(test), got)


def _untried(entry: Candidate, chip: Chip) -> str | None:
    """Why the net cannot be compiled, whatever rules it keeps."""
    if chip.architecture not in COMPILERS:
        return "there is no compiler for it"
    if chip.architecture is Architecture.NEURAL_PROCESSORS:
        return None if entry.encode is None else "it takes numbers; give the net without an encoder"
    return "a net without time has no spikes" if entry.encode is None else None
