"""A layer on Loihi 2: any neuron as its fixed-point twin, and messages that carry numbers.

Every number of a neuron's step has one word of 24 bits, as lava's states have, whose bits after the point are the most,
of 16, 12, 8 and 4, with which on calibration data nothing leaves it and states keep half as much again of room; where
values in between leave it whatever they are, `hw.compilers.nearest_words` chooses. Words are cut toward zero (what the
chip's microcode does is not published). Weights are 8 bits with one exponent for a layer, which acts on sums.

What a neuron sends in a step is one message. A spike, a count of spikes or one with a sign is that whole number; all
else (a graded spike, a change of a sigma-delta neuron) is a payload in the integers of the neuron's own word, so that a
sum of changes drifts no more than the state it was taken from. Where the chip's record has narrower payloads than 24
bits, bits after the point are left out until those of the calibration data fit with half as much again of room; what is
beyond is cut and counted. Weights make up for what a payload of 1 stands for. Inputs that are no 0/1 spikes are
payloads, too: whole numbers as they are, others in a unit that is a power of two.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.compilers.nearest_words import ROOM, Choice, nearest
from hw.compilers.part import Held, Part, values_of
from hw.compilers.programmed import held_of, layer_of, twin_of
from hw.limits.held import most
from hw.neurons.words import bits
from hw.programs.driven import DrivenLayer
from hw.programs.entrance import Entrance
from hw.records.chip import Chip
from spikenet.derive.fixed_point import WIDEST, Rounding, Word, Words
from spikenet.errors import real_values

Array = npt.NDArray[Any]
BITS, WEIGHT, STEP = 24, 254, 2  # weights of both signs in steps of two: hw.neurons.loihi_synapses
FRACTIONS = (16, 12, 8, 4)  # a loop is compiled for each
EXPONENTS = (-31, 16)


def enter(net: Any, calibrate: Any, chip: Chip) -> Entrance | None:
    """The payloads of inputs; None where all are spikes, 0 or 1.

    Raises ValueError for calibration data that are empty, not finite or have no steps and batch.
    """
    x = real_values("calibrate", calibrate)
    if ((x == 0) | (x == 1)).all() or x.ndim < 3:
        return None
    low, high = bits(payload_bits(chip))
    largest = float(np.abs(x).max())
    is_whole = bool((x == np.rint(x)).all()) and largest <= high
    scale = 1.0 if is_whole else 2.0 ** math.floor(math.log2(high / (largest * ROOM)))
    return Entrance(x.shape[2:], low, high, scale, timeless=False)


def payload_bits(chip: Chip) -> int:
    """Of a message, its sign included; 24, as lava's ports have, where the chip has more."""
    return min(most(chip, "spike_payload_bits"), BITS)


def choose(parts: tuple[Part, ...], entrance: Entrance | None, spikes: Array, chip: Chip) -> tuple[Choice, ...]:
    """The words of all layers on calibration messages (steps, batch, inputs), each driven by the chip's own.

    Raises ValueError for a layer for which no word fits, or whose step has no twin.
    """
    unit, width, chosen = 1.0 if entrance is None else 1 / entrance.scale, payload_bits(chip), list[Choice]()
    for part in parts:
        choices = [Choice(f, unit_in=unit, payload_bits=BITS, payload_fraction=f) for f in FRACTIONS]
        made = nearest(part, spikes, choices, words, BITS)
        layer, _ = words(part, made)
        got = layer.run(spikes)
        if layer.is_graded and layer.reads_v and width < BITS:
            largest = float(np.abs(got.spikes.astype(np.int64)).max(initial=0)) / layer.scale
            fits = math.floor(math.log2(bits(width)[1] / max(largest * ROOM, 1e-300)))
            made = replace(made, payload_bits=width, payload_fraction=min(made.fraction, fits))
            layer, _ = words(part, made)
            got = layer.run(spikes)
        chosen.append(made)
        spikes, unit = got.spikes, _unit_sent(part, made)
    return tuple(chosen)


def words(part: Part, choice: Choice) -> tuple[DrivenLayer, Held]:
    """The layer in integers, the exponent following the largest weight; ValueError where none is large enough."""
    one = 2.0**choice.fraction
    given, units = [values_of(part.weights)], [choice.unit_in]
    if part.recurrent is not None:
        given.append(part.recurrent.reshape(-1))
        units.append(_unit_sent(part, choice))
    mantissas, exponents, held = list[Array](), list[int](), list[Array]()
    for values, unit in zip(given, units, strict=True):
        each, end = values * (one * unit), WEIGHT * 2.0 ** EXPONENTS[1]
        largest = float(np.abs(each).max(initial=0.0))
        if largest > end:
            raise ValueError(
                f"weights up to {largest / (one * unit):.4g}, its words reach {end / (one * unit):.4g}; train with "
                "smaller ones"
            )
        exponent = int(np.clip(math.ceil(math.log2(max(largest, 1e-300) / WEIGHT)), *EXPONENTS))
        step = STEP if values.min(initial=0.0) < 0 < values.max(initial=0.0) else 1
        mantissas.append((np.rint(each / 2.0**exponent / step) * step).astype(np.int64))
        exponents.append(exponent)
        held.append(mantissas[-1] * 2.0**exponent / (one * unit))
    bias = np.rint(part.bias * one).astype(np.int64)
    word = Word(BITS, choice.fraction, Rounding.TOWARD_ZERO)
    layer = layer_of(part, mantissas, exponents, twin_of(part, Words(word, output=_sent(part, choice)), bias), one)
    model = part.stage.neurons.model
    if not model.spikes:
        is_heard = not part.is_last or part.recurrent is not None
        layer = replace(layer, scale=1 / _unit_sent(part, choice), reads_v=not model.is_whole,
                        is_graded=model.is_whole or is_heard)  # fmt: skip
    return layer, held_of(part, held, bias / one, exponents[0], one, advice=choice.advice)


def _sent(part: Part, choice: Choice) -> Word | None:
    """The word of what a neuron sends; None for spikes. A count has no sign: its word is one bit longer."""
    model = part.stage.neurons.model
    if model.spikes:
        return None
    if model.is_whole:
        return Word(min(choice.payload_bits + 1, WIDEST))
    return Word(choice.payload_bits, choice.payload_fraction, Rounding.TOWARD_ZERO)


def _unit_sent(part: Part, choice: Choice) -> float:
    """What a payload of 1 is in the float net."""
    return 1.0 if part.stage.neurons.model.is_whole else 2.0**-choice.payload_fraction
