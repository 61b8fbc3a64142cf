"""The word a fixed-point twin gets: the finest that holds it on the calibration data, or whose output is nearest.

A step of a neuron may leave its word in between without harm: the exponential of an AdEx neuron has no end at a spike,
and where its word ends is above the threshold as well. Whether it does harm is seen at the output, against the float
layer's on the same spikes. What is cut is counted and reported, at every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.part import Held, Part, float_range, float_run
from hw.neurons import spinnaker
from hw.programs.driven import DrivenLayer

Array = npt.NDArray[Any]
BETWEEN = "work"  # the word of what a step computes between states
ROOM = 1.5  # of a word over what the calibration data needs
WORST = 0.05  # of the counts, or sums, of the float layer's outputs, where values in between are cut


@dataclass(frozen=True)
class Choice:
    """Of one layer: bits after the point or, of sPyNNaker's own neuron, s16.15's 1 to the float net's; the shift.

    unit_in : what a payload of 1 that arrives is in the float net
    payload_bits, payload_fraction: of the numbers that are sent, of them after the point, where any are
    cut, off: how many values in between left their word on the calibration data, and what the output was off by then
    """

    fraction: int = spinnaker.ONE.bit_length() - 1
    scale: float = 1.0
    shift: int = 0
    cut: int = 0
    off: float = 0.0
    unit_in: float = 1.0
    payload_bits: int = 0
    payload_fraction: int = 0

    @property
    def advice(self) -> str:
        """What of that a report says."""
        said = f"on the calibration data {self.cut} values in between stopped at the ends of their word and the output"
        return f"{said} is off by {self.off:.1%}" if self.cut else ""


def nearest(
    part: Part, spikes: Array, choices: list[Choice], words: Callable[[Part, Choice], tuple[DrivenLayer, Held]],
    bits: int,
) -> Choice:  # fmt: skip
    """Of the choices under which currents and states keep their words: the first, if nothing in between is cut either.

    Otherwise the one whose output is nearest to the float layer's: an exponential at a spike has no end, and where its
    word ends is above the threshold as well.
    """
    refused, found, wanted = list[str](), list[Choice](), None
    heard = spikes if choices[0].unit_in == 1.0 else spikes * choices[0].unit_in
    for choice in choices:
        try:
            layer, _ = words(part, choice)
        except ValueError as reason:
            refused.append(str(reason))
            continue
        got = layer.run(spikes, watch=True)
        if got.used * ROOM > 1 or any(n for word, n in got.overflows.items() if word != BETWEEN):
            continue
        cut = got.overflows.get(BETWEEN, 0)
        if not cut and not found:
            return choice
        wanted = float_run(part, heard).sum(axis=0) if wanted is None else wanted
        given = (got.spikes if got.v is None else got.v / layer.scale).sum(axis=0)
        found.append(replace(choice, cut=cut, off=float(np.abs(given - wanted).sum() / max(np.abs(wanted).sum(), 1.0))))
    best = min(found, key=lambda choice: choice.off, default=None)
    if best is not None and best.off <= WORST:
        return best
    raise ValueError(f"compile: layer {part.name}: {_unheld(part, heard, best, choices, bits, refused)}")


def _unheld(
    part: Part, spikes: Array, best: Choice | None, choices: list[Choice], bits: int, refused: list[str]
) -> str:
    """Why no word fits, and which would."""
    if best is not None:
        return (
            f"no word of {bits} bits gives its output: with {best.fraction} after the point, the nearest, {best.cut} "
            f"values in between leave it and on the calibration data counts are off by {best.off:.0%}, more than "
            f"{WORST:.0%}; take smaller weights, or parameters nearer to each other in size"
        )
    fewest = min(choice.fraction for choice in choices)
    if len(refused) == len(choices):
        return f"no word of {bits} bits holds its parameters: {refused[-1]}"
    name, most = max(float_range(part, spikes).items(), key=lambda one: one[1])
    needed = fewest + max(math.ceil(math.log2(most * ROOM)), 0) + 1
    return (
        f"no word of {bits} bits holds {name}, which reaches {most:.4g} on the calibration data: with {fewest} after "
        f"the point and half as much again of room it needs {needed}; train with weights, thresholds and biases nearer "
        "to each other"
    )
