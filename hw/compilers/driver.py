"""One way from a net to a program, for all chips: check, choose scales on calibration data, put into words, report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.check import check
from hw.compilers.part import Held
from hw.compilers.table import Compiler, Options, compiler_of
from hw.lowering.kinds import flat_layers
from hw.lowering.layout import layout
from hw.lowering.network import as_layers
from hw.lowering.neurons import step_of
from hw.lowering.stages import Layout
from hw.neurons.words import in_float32, integers
from hw.programs.entrance import Entrance
from hw.programs.layer import LayerRun
from hw.programs.record import Program
from hw.records.breach import DoesNotFit
from hw.records.chip import Chip
from spikenet.errors import flag, whole
from spikenet.graph import no_grad
from spikenet.layers.layer import entering
from spikenet.network.network import Network

Array = npt.NDArray[Any]
AS_IT_IS = Options()


@dataclass(frozen=True)
class Recipe:
    """How a net goes onto a chip: what of it was chosen on calibration data, to be kept while its weights change."""

    chip: Chip
    compiler: Compiler
    shape: tuple[int, ...]
    choices: tuple[Any, ...]
    entrance: Entrance | None = None
    step_s: float | None = None

    def parts(self, net: Any) -> tuple[Any, ...]:
        """The layers of the net as it is now, in numbers."""
        return self.compiler.parts(net, self.shape)

    def program(self, net: Any) -> tuple[Program, tuple[Held, ...]]:
        """The net as it is now in integers, without a report, and what they come to."""
        return self.made(self.parts(net))

    def made(self, parts: tuple[Any, ...]) -> tuple[Program, tuple[Held, ...]]:
        """The program of these parts, and what its integers come to."""
        made = [self.compiler.words(part, choice) for part, choice in zip(parts, self.choices, strict=True)]
        layers, held = tuple(layer for layer, _ in made), tuple(kept for _, kept in made)
        reading = getattr(self.choices[0], "reading", None)
        made_by = self.compiler
        return Program(layers, (), self.chip, made_by.late, made_by.most_events, made_by.together, self.entrance,
                       made_by.noisy, reading, self.choices, made_by.graded, self.step_s), held  # fmt: skip


def recipe(net: Any, chip: Chip, calibrate: Any, options: Options = AS_IT_IS) -> Recipe:
    """The scales of every layer, chosen on calibration spikes (steps, batch, ...), each layer driven by the chip's own,
    or those of `options.like`.

    Raises DoesNotFit listing every limit and construct that `hw.check` finds against the net, ValueError for
    calibration data that are no spikes, for weights that are not finite, for a layer whose numbers fit no words.
    """
    whole("seed", options.seed, least=0)
    flag("compile: per_channel", options.per_channel)
    compiler = compiler_of(chip, options)
    like = options.like
    if like is not None:
        _check_like(like, chip, options.reading)
        entrance = like.entrance
    else:
        entrance = None if compiler.enter is None else compiler.enter(net, calibrate, chip)
    x = _spikes(calibrate, compiler.most_events) if entrance is None else entrance.integers("calibrate", calibrate)
    shape = x.shape[2:] if entrance is None else entrance.shape
    found = _laid_out(net, shape, calibrate)
    check(net, shape, chips=(chip,), n_chips=options.n_chips).require(chip)
    for stage in found.stages:
        in_float32(f"compile: weights of {stage.name}", stage.weight)
    parts = compiler.parts(net, shape)
    if like is not None:
        check_layers("compile: like", like, parts)
        return Recipe(chip, compiler, shape, like.choices, entrance, step_of(net))
    if compiler.cut is not None:
        parts = tuple(replace(part, cores=c) for part, c in zip(parts, compiler.cut(found, chip), strict=True))
    choices = compiler.choose(parts, entrance, _flat(x, compiler, entrance), chip)
    return Recipe(chip, compiler, shape, choices, entrance, step_of(net))


def _laid_out(net: Any, shape: Any, calibrate: Any) -> Layout:
    """The stages for samples of this shape; ValueError where calibration data are of samples that do not fit."""
    try:
        return layout(net, shape)
    except DoesNotFit:
        raise
    except ValueError as error:
        why = str(error).removeprefix("check: ").removesuffix("; give input_shape")
        axes = "steps, batch" if np.ndim(calibrate) - len(shape) == 2 else "batch"
        given = f"calibrate of shape {np.shape(calibrate)} is ({axes}, ...) with samples of {tuple(shape)}"
        raise ValueError(f"compile: {why}; {given}") from None


def _check_like(like: Any, chip: Chip, reading: str | None) -> None:
    """TypeError for what is no program, ValueError for one of another chip or in another reading."""
    if not isinstance(like, Program):
        raise TypeError(f"compile: like: expected a program, of hw.compile or hw.load_program, got {like!r:.60}")
    if like.chip != chip:
        other = "another record of it" if like.chip.name == chip.name else like.chip.name
        raise ValueError(f"compile: like: expected a program of {chip.name}, got one of {other}; take its program.chip")
    if reading not in (None, like.reading):
        raise ValueError(f"compile: reading: expected that of `like`, {like.reading!r}, got {reading!r}; leave it out")


def check_layers(where: str, like: Program, parts: tuple[Any, ...]) -> None:
    """ValueError naming the first layer of a net that is not as in the program."""
    theirs = [(layer.name, tuple(layer.shape), layer.n_inputs) for layer in like.layers]
    ours = [(part.name, tuple(part.shape), part.n_inputs) for part in parts]
    for was, now in zip_longest(theirs, ours):
        if was != now:
            raise ValueError(
                f"{where}: expected layers as in the program, {_said(was)}, got {_said(now)}; its scales are for "
                "nets of the same layers"
            )


def _said(layer: tuple[str, tuple[int, ...], int] | None) -> str:
    return "no more" if layer is None else f"{layer[0]} of {layer[2]} inputs and shape {layer[1]}"


def _spikes(calibrate: Any, most: int) -> Array:
    x = integers("calibrate", calibrate, 0, most, "encode the data as spikes, sn.encode.Rate")
    if x.ndim < 3 or not x.size:
        raise ValueError(f"calibrate: expected spikes (steps, batch, ...), none of them empty, got shape {x.shape}")
    return x


def _flat(x: Array, compiler: Compiler, entrance: Entrance | None) -> Array:
    kind = np.int8 if compiler.most_events == 1 and entrance is None else np.int32
    return x.reshape(*x.shape[:2], -1).astype(kind)


def compiled(net: Any, chip: Chip, calibrate: Any, options: Options) -> Program:
    """The program of a net, with the report of every layer."""
    layers = as_layers(net, options.seed)
    made = recipe(layers, chip, calibrate, options)
    if isinstance(net, Network):
        made = replace(made, step_s=net.dt_s)
    return reported(layers, made, calibrate)


def reported(net: Any, made: Recipe, calibrate: Any) -> Program:
    """The program of a net as it is now, with the report of every layer on calibration spikes."""
    x = np.asarray(calibrate)
    parts = made.parts(net)
    program, held = made.made(parts)
    rates = _float_rates(net, x, [part.at for part in parts], as_messages=made.compiler.graded)
    runs = _watched(program, made, x)
    reports = map(made.compiler.report, parts, held, program.layers, rates, runs)
    return replace(program, report=tuple(reports))


def _watched(program: Program, made: Recipe, x: Array) -> tuple[LayerRun, ...]:
    """The program's layers on the calibration data, each step of the input where it arrives, states watched."""
    flat = _flat(program.checked(x), made.compiler, made.entrance)
    steps = len(flat)
    if program.together is not None:
        runs = program.layer_runs(flat)
        return tuple(
            LayerRun(program.aligned(run.spikes, k, steps), None, run.overflows, run.used) for k, run in enumerate(runs)
        )
    found = list[LayerRun]()
    for layer in program.layers:
        found.append(layer.run(flat, watch=True))
        flat = found[-1].spikes
    return tuple(found)


def _float_rates(net: Any, x: Array, places: list[int], *, as_messages: bool) -> list[float]:
    """Mean output of the float net's layers at these places, on the calibration data, or how many of them are not 0."""
    rates = []
    with no_grad():
        signal = entering(net, x)
        for k, layer in enumerate(flat_layers(net)):
            signal = layer(signal)
            if k in places:
                sent = signal.data != 0 if as_messages else signal.data
                rates.append(float(sent.mean(dtype=np.float64)))
    return rates
