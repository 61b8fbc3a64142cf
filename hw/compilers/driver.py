"""One way from a net to a program, for all chips: check, choose scales on calibration data, put into words, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.check import check
from hw.compilers import loihi, programmed, speck, truenorth, xylo
from hw.compilers.part import Held, Part, part_of, report_of
from hw.lowering.kinds import flat_layers
from hw.lowering.network import as_layers
from hw.lowering.stages import Layout, layout
from hw.neurons.speck import STATE as SPECK_STATE
from hw.neurons.words import integers
from hw.neurons.xylo import MOST_INPUT
from hw.programs.record import LayerRun, Program, Together
from hw.programs.xylo import together as together_xylo
from hw.records.architecture import Architecture
from hw.records.chip import Chip
from spikenet.errors import finite_values
from spikenet.graph import no_grad
from spikenet.layers.layer import entering

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Compiler:
    """How one kind of chip takes a layer.

    choose  : (part, its input spikes, chip) -> scales, whatever the chip needs
    words   : (part, scales) -> (layer in integers, what the words hold in the float net's units)
    late, most_events: of `Program`
    settle  : all layers' scales made to agree, where layers share a core; None: each its own
    together: of `Program`, from its layers
    weight_bits: of the words it writes
    cut      : (all stages, chip) -> of each layer its `Part.cores`, where the whole net decides; None: not before
    """

    choose: Callable[[Part, Array, Chip], Any]
    words: Callable[[Part, Any], tuple[Any, Held]]
    late: int = 1
    most_events: int = 1
    settle: Callable[[tuple[Part, ...], tuple[Any, ...]], tuple[Any, ...]] | None = None
    together: Callable[[tuple[Any, ...]], Together] | None = None
    weight_bits: int = 8
    cut: Callable[[Layout, Chip], tuple[tuple[tuple[int, Array], ...], ...]] | None = None


COMPILERS: dict[Architecture, Compiler] = {
    Architecture.AXON_CORES: Compiler(loihi.choose, loihi.words),
    Architecture.SINGLE_CORE: Compiler(
        xylo.chooser(per_channel=True), xylo.words, 1, MOST_INPUT, xylo.settle, together_xylo
    ),
    Architecture.CONVOLUTION_CORES: Compiler(speck.choose, speck.words, 0, SPECK_STATE[1]),
    Architecture.CROSSBAR_CORES: Compiler(truenorth.choose, truenorth.words, weight_bits=9, cut=truenorth.cut),
    Architecture.SHARED_MEMORY_CORES: Compiler(programmed.choose_loihi2, programmed.words_loihi2),
    Architecture.SOFTWARE_CORES: Compiler(programmed.choose_spinnaker, programmed.words_spinnaker, weight_bits=16),
}


@dataclass(frozen=True)
class Recipe:
    """How a net goes onto a chip: what of it was chosen on calibration data, to be kept while its weights change."""

    chip: Chip
    compiler: Compiler
    shape: tuple[int, ...]
    choices: tuple[Any, ...]

    def program(self, net: Any) -> tuple[Program, tuple[Held, ...]]:
        """The net as it is now in integers, without a report, and what they come to."""
        return self._made(parts_of(net, self.shape))

    def _made(self, parts: tuple[Part, ...]) -> tuple[Program, tuple[Held, ...]]:
        made = [self.compiler.words(part, choice) for part, choice in zip(parts, self.choices, strict=True)]
        layers, held = tuple(layer for layer, _ in made), tuple(kept for _, kept in made)
        together = None if self.compiler.together is None else self.compiler.together(layers)
        return Program(layers, (), self.chip, self.compiler.late, self.compiler.most_events, together), held


def compiler_of(chip: Chip, per_channel: bool) -> Compiler:
    """TypeError for what is no chip, ValueError for a chip without a compiler or with weights of another width."""
    if not isinstance(chip, Chip):
        raise TypeError(f"compile: expected a chip of hw.chips, got {chip!r:.60}")
    if chip.architecture not in COMPILERS:
        raise ValueError(
            f"compile: no compiler for {chip.name}; there are ones for loihi1, loihi2, xylo, speck, truenorth, "
            "spinnaker1 and spinnaker2 of hw.chips"
        )
    wanted, bits = COMPILERS[chip.architecture].weight_bits, chip.limit("weight_bits")
    if bits not in (None, wanted):
        raise ValueError(f"compile: {chip.name}: weight_bits: expected {wanted}, got {bits:g}; no other is written")
    if chip.architecture is Architecture.SINGLE_CORE and not per_channel:
        return replace(COMPILERS[chip.architecture], choose=xylo.chooser(per_channel=False))
    return COMPILERS[chip.architecture]


def recipe(net: Any, chip: Chip, calibrate: Any, n_chips: int = 1, per_channel: bool = True) -> Recipe:
    """The scales of every layer, chosen on calibration spikes (steps, batch, ...), each layer driven by the chip's own.

    Raises DoesNotFit listing every limit and construct that `hw.check` finds against the net, ValueError for
    calibration data that are no spikes, for weights that are not finite, for a layer whose numbers fit no words.
    """
    compiler = compiler_of(chip, per_channel)
    advice = "encode the data as spikes, sn.encode.Rate"
    x = integers("calibrate", calibrate, 0, compiler.most_events, advice)
    if x.ndim < 3 or not x.size:
        raise ValueError(f"calibrate: expected spikes (steps, batch, ...), none of them empty, got shape {x.shape}")
    shape = x.shape[2:]
    found = layout(net, shape)
    for stage in found.stages:
        finite_values(f"compile: weights of {stage.name}", stage.weight)
    check(net, shape, chips=(chip,), n_chips=n_chips).require(chip)
    parts, choices = parts_of(net, shape), list[Any]()
    if compiler.cut is not None:
        parts = tuple(replace(part, cores=c) for part, c in zip(parts, compiler.cut(found, chip), strict=True))
    spikes = x.reshape(*x.shape[:2], -1).astype(np.int8 if compiler.most_events == 1 else np.int32)
    for part in parts:
        choices.append(compiler.choose(part, spikes, chip))
        layer, _ = compiler.words(part, choices[-1])
        spikes = layer.run(spikes).spikes
    settled = tuple(choices) if compiler.settle is None else compiler.settle(parts, tuple(choices))
    return Recipe(chip, compiler, shape, settled)


def compiled(
    net: Any, chip: Chip, calibrate: Any, n_chips: int = 1, per_channel: bool = True, seed: int = 0
) -> Program:
    """The program of a net, with the report of every layer; seed: of a Network's synapses."""
    layers = as_layers(net, seed)
    return reported(layers, recipe(layers, chip, calibrate, n_chips, per_channel), calibrate)


def reported(net: Any, made: Recipe, calibrate: Any) -> Program:
    """The program of a net as it is now, with the report of every layer on calibration spikes."""
    x = np.asarray(calibrate)
    parts = parts_of(net, made.shape)
    program, held = made._made(parts)
    rates = _float_rates(net, x, [part.stage.neurons_at for part in parts])
    runs, reports = _watched(program, x), []
    for part, kept, rate, run in zip(parts, held, rates, runs, strict=True):
        overflows = sum(run.overflows.values())
        chip_rate = 0.0 if part.reads_v else float(run.spikes.mean())
        reports.append(report_of(part, kept, rate, chip_rate, run.used, overflows))
    return Program(program.layers, tuple(reports), made.chip, program.late, program.most_events, program.together)


def parts_of(net: Any, shape: tuple[int, ...]) -> tuple[Part, ...]:
    """The layers of a net that `hw.check` has passed, in numbers."""
    stages = layout(net, shape).stages
    return tuple(part_of(stage, stage is stages[-1]) for stage in stages)


def _watched(program: Program, x: Array) -> tuple[LayerRun, ...]:
    """The program's layers on the calibration data, each step of the input where it arrives, states watched."""
    steps = len(x)
    flat = x.reshape(*x.shape[:2], -1)
    if program.together is not None:
        runs = program.layer_runs(flat)
        return tuple(
            LayerRun(program.aligned(run.spikes, k, steps), None, run.overflows, run.used) for k, run in enumerate(runs)
        )
    found = list[LayerRun]()
    spikes = flat.astype(np.int8 if program.most_events == 1 else np.int32)
    for layer in program.layers:
        found.append(layer.run(spikes, watch=True))
        spikes = found[-1].spikes
    return tuple(found)


def _float_rates(net: Any, x: Array, places: list[int]) -> list[float]:
    """Mean output of the float net's layers at these places, on the calibration data."""
    rates = []
    with no_grad():
        signal = entering(net, x)
        for k, layer in enumerate(flat_layers(net)):
            signal = layer(signal)
            if k in places:
                rates.append(float(signal.data.mean(dtype=np.float64)))
    return rates
