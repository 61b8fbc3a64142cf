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
from hw.execution.powered import step_of
from hw.execution.record import Execution
from hw.records.architecture import Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip
from spikenet.data import Arrays

Array = npt.NDArray[Any]
CALIBRATION = 256  # samples from which scales and rates are chosen


@dataclass(frozen=True, eq=False)
class Deployed:
    """accuracy: share of the test set right, in the chip's integers."""

    accuracy: float
    execution: Execution


def deployed(
    entry: Candidate, chip: Chip, test: Arrays, calibrate: Arrays, batch_size: int
) -> Deployed | tuple[Breach, ...] | str:
    """The candidate on the chip; else every rule of the chip that it breaks, or why it cannot be tried."""
    some = _spikes(calibrate.inputs[:CALIBRATION], entry, batch_size)
    if some is None:
        return "its input is no spikes; encode it, as sn.encode.Rate does"
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
    spikes = _spikes(test.inputs, entry, batch_size)
    if spikes is None:
        return "its input is no spikes on the test set; encode it, as sn.encode.Rate does"
    got = placed.run(spikes, step_s=step_of(entry.net))
    return Deployed(correct(entry.readout(got.output), test.labels, test.classes) / len(test), got)


def _untried(entry: Candidate, chip: Chip) -> str | None:
    """Why the net cannot be compiled, whatever rules it keeps."""
    if chip.architecture not in COMPILERS:
        return "there is no compiler for it"
    if chip.architecture is Architecture.NEURAL_PROCESSORS:
        return None if entry.encode is None else "it takes numbers; give the net without an encoder"
    return "a net without time has no spikes" if entry.encode is None else None


def _spikes(inputs: Array, entry: Candidate, batch_size: int) -> Array | None:
    """What the encoder makes of `inputs`, int8; None when it is no 0s and 1s. Without an encoder, as they are."""
    if entry.encode is None:
        return inputs
    parts = []
    for _, x in batches(inputs, entry.encode, batch_size, entry.seed):
        if not ((x == 0) | (x == 1)).all():
            return None
        parts.append(x.astype(np.int8))
    return np.concatenate(parts, axis=1)
