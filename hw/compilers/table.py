"""Which compiler a chip has: what `hw.compilers.driver` does in the same way for all of them asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy.typing as npt

from hw.compilers import akida, brainscales2, frame, loihi, loihi2, programmed, speck, truenorth, xylo
from hw.compilers.loihi_readings import reading_of
from hw.compilers.part import Held, Part, parts_of, report_of_spikes
from hw.lowering.stages import Layout
from hw.neurons.loihi_synapses import MOST_DELAY
from hw.neurons.loihi_words import MOST_REFRACTORY
from hw.neurons.speck import STATE as SPECK_STATE
from hw.neurons.spinnaker import DELAYS
from hw.neurons.words import bits
from hw.neurons.xylo import MOST_HIDDEN, MOST_INPUT
from hw.programs.entrance import Entrance
from hw.programs.layer import LayerRun
from hw.programs.record import Program, Together
from hw.programs.report import LayerReport
from hw.programs.xylo import together as together_xylo
from hw.records.architecture import Architecture
from hw.records.chip import Chip

Array = npt.NDArray[Any]
Choices = Callable[[tuple[Any, ...], Any, Array, Chip], tuple[Any, ...]]


@dataclass(frozen=True)
class Compiler:
    """How one kind of chip takes a layer.

    choose  : (all layers, `Entrance` or None, input of the first, chip) -> of each its scales, whatever the chip needs
    words   : (part, scales) -> (layer in integers, what the words hold in the float net's units)
    late, most_events, together: of `Program`
    written : entries of a chip's record that programs are written for, with the values they can be written for
    most    : entries that words of a program hold up to a value, with that value
    cut      : (all stages, chip) -> of each layer its `Part.cores`, where the whole net decides; None: not before
    parts    : (net, shape of a sample) -> its layers in numbers, as `choose` and `words` take them
    enter    : (net, calibration data, chip) -> how real inputs become words, None where they are spikes; None: always
    noisy, graded: of `Program`
    follow   : scales -> those with which training goes on where few values follow many weights; None: as they are
    report   : (part, held, layer, mean output of the float layer, what the layer did) -> what was lost
    """

    choose: Choices
    words: Callable[[Any, Any], tuple[Any, Held]]
    late: int = 1
    most_events: int = 1
    together: Together | None = None
    written: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: {"weight_bits": (8,)})
    most: Mapping[str, int] = field(default_factory=dict)
    cut: Callable[[Layout, Chip], tuple[tuple[tuple[int, Array], ...], ...]] | None = None
    parts: Callable[[Any, tuple[int, ...]], tuple[Any, ...]] = parts_of
    enter: Callable[[Any, Any, Chip], Entrance | None] | None = None
    report: Callable[[Any, Held, Any, float, LayerRun], LayerReport] = report_of_spikes
    noisy: bool = False
    graded: bool = False
    follow: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Options:
    """Of `hw.compile`, besides net, chip and data."""

    n_chips: int = 1
    per_channel: bool = True
    seed: int = 0
    reading: str | None = None
    like: Program | None = None


def in_turn(
    choose: Callable[[Part, Array, Chip], Any],
    words: Callable[[Part, Any], tuple[Any, Held]],
    settle: Callable[[tuple[Part, ...], tuple[Any, ...]], tuple[Any, ...]] | None = None,
) -> Choices:
    """Layer by layer, each driven by what the chip's layer before it sends.

    choose: (part, its input spikes, chip) -> scales
    settle: all layers' scales made to agree, where layers share a core; None: each its own
    """

    def chosen(parts: tuple[Part, ...], entrance: Any, spikes: Array, chip: Chip) -> tuple[Any, ...]:
        choices = list[Any]()
        for part in parts:
            choices.append(choose(part, spikes, chip))
            layer, _ = words(part, choices[-1])
            spikes = layer.run(spikes).spikes
        return tuple(choices) if settle is None else settle(parts, tuple(choices))

    return chosen


def _xylo(per_channel: bool) -> Choices:
    return in_turn(xylo.chooser(per_channel=per_channel), xylo.words, xylo.settle)


def _enter_akida(net: Any, calibrate: Any, chip: Chip) -> Entrance:
    _, width = akida.widths(chip)
    return frame.entrance_of(net, calibrate, bits(width) if width == akida.SECOND else (0, (1 << width) - 1))


def _loihi(reading: str | None) -> Choices:
    def chosen(parts: tuple[Part, ...], entrance: Any, spikes: Array, chip: Chip) -> tuple[Any, ...]:
        taken = reading_of(reading, parts, chip)
        return in_turn(partial(loihi.choose, taken), loihi.words)(parts, entrance, spikes, chip)

    return chosen


def _analogue(chip_seed: int) -> Choices:
    return in_turn(brainscales2.chooser(chip_seed), brainscales2.words, brainscales2.settle)


COMPILERS: dict[Architecture, Compiler] = {
    Architecture.AXON_CORES: Compiler(
        _loihi(None), loihi.words, most={"delay": MOST_DELAY, "refractory": max(MOST_REFRACTORY.values())}
    ),
    Architecture.SINGLE_CORE: Compiler(
        _xylo(True), xylo.words, 1, MOST_INPUT, together_xylo,
        written={"weight_bits": (8,), "spikes_input": (MOST_INPUT,), "spikes_hidden": (MOST_HIDDEN,), "delay": (1,)},
    ),
    Architecture.CONVOLUTION_CORES: Compiler(
        in_turn(speck.choose, speck.words), speck.words, 0, SPECK_STATE[1], cut=speck.cut,
        written={"weight_bits": (8,), "state_bits": (16,)},
    ),
    Architecture.CROSSBAR_CORES: Compiler(
        in_turn(truenorth.choose, truenorth.words), truenorth.words, cut=truenorth.cut, follow=truenorth.follow,
        most={"delay": 15},
        written={
            "weight_bits": (9,), "membrane_bits": (20,), "threshold_bits": (18,), "axon_types": (4,),
            "destinations": (1,),
        },
    ),
    Architecture.SHARED_MEMORY_CORES: Compiler(
        loihi2.choose, loihi2.words, most={"delay": 63}, enter=loihi2.enter, graded=True
    ),
    Architecture.SOFTWARE_CORES: Compiler(
        in_turn(programmed.choose, programmed.words), programmed.words,
        written={"weight_bits": (16,), "synapse_word_bytes": (4,)}, most={"delay": DELAYS},
    ),
    Architecture.NEURAL_PROCESSORS: Compiler(
        partial(akida.choose, per_channel=True), akida.words, 0, 1 << akida.SECOND,
        written={"weight_bits": (1, 2, 4, akida.SECOND)}, parts=frame.frames, enter=_enter_akida,
        report=frame.report_of_frame,
    ),
    Architecture.ANALOGUE: Compiler(
        _analogue(0), brainscales2.words, 0, noisy=True,
        written={"weight_bits": (6,), "readout_bits": (8,), "signs_per_row": (1,), "speed_up": (1000,)},
    ),
}  # fmt: skip

ONE_SCALE: dict[Architecture, Choices] = {
    Architecture.SINGLE_CORE: _xylo(False),
    Architecture.NEURAL_PROCESSORS: partial(akida.choose, per_channel=False),
}
"""Chips on which neurons may have weight scales of their own, and how scales are chosen when they shall not."""


def compiler_of(chip: Chip, options: Options) -> Compiler:
    """The compiler of a chip.

    Raises TypeError for what is no chip, ValueError for one without a compiler, for one edited to words that none
    writes, or for an option that it has not got.
    """
    if not isinstance(chip, Chip):
        raise TypeError(f"compile: expected a chip of hw.chips, got {chip!r:.60}")
    if chip.architecture not in COMPILERS:
        raise ValueError(f"compile: no compiler for {chip.name}; there is one for each of hw.chips.NEUROMORPHIC")
    made = COMPILERS[chip.architecture]
    for name, values in made.written.items():
        given = chip.limit(name)
        if given is not None and given not in values:
            wanted = " or ".join(map(str, values))
            raise ValueError(f"compile: {chip.name}: {name}: expected {wanted}, got {given:g}; no other is written")
    for name, value in made.most.items():
        given = chip.limit(name)
        if given is not None and given > value:
            raise ValueError(
                f"compile: {chip.name}: {name}: expected at most {value}, what a program's words hold, got {given:g}; "
                f"lower the record's entry to {value}"
            )
    if chip.architecture is Architecture.AXON_CORES:
        return replace(made, choose=_loihi(options.reading))
    if options.reading is not None:
        raise ValueError(f"compile: reading: {chip.name} has one, got {options.reading!r}; leave it out")
    if chip.architecture is Architecture.ANALOGUE:
        return replace(made, choose=_analogue(options.seed))
    if chip.architecture in ONE_SCALE and not options.per_channel:
        return replace(made, choose=ONE_SCALE[chip.architecture])
    return made
