"""`hw.compile`: a trained net as a program in a chip's own integers."""

from __future__ import annotations

from typing import Any

from hw.chip import Chip
from hw.chips import loihi1
from hw.compile_loihi import compile_loihi
from hw.loihi_program import LoihiProgram


def compile(net: Any, chip: Chip, *, calibrate: Any) -> LoihiProgram:
    """`net`, a trained Sequential, in the integers of `chip`; `.report` says what that changed in each layer.

    chip     : hw.chips.loihi1; others are not compiled for yet
    calibrate: (steps, batch, ...) spikes of training data, from which scales are chosen

    Raises DoesNotFit for constructs the chip lacks, ValueError for a chip that cannot be compiled for.
    """
    if not isinstance(chip, Chip):
        raise TypeError(f"compile: expected a chip of hw.chips, got {chip!r:.60}")
    if chip is not loihi1:
        raise ValueError(f"compile: no compiler for {chip.name} yet; hw.chips.loihi1 has one")
    return compile_loihi(net, calibrate)
