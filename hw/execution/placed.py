"""A program on the cores of its chip: it runs as messages between cores, and every event is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.execution.axons import Axons, axons
from hw.execution.events import Events, counted
from hw.execution.integers import runs_on_cores, runs_on_one_machine
from hw.execution.messages import has_messages, runs_by_messages
from hw.execution.record import Execution
from hw.execution.rows import Rows, rows
from hw.execution.stages import crossbars, projections, staged
from hw.execution.times import StepTimes, Timing, joined, simple
from hw.place import laid_onto
from hw.placement.mesh import Links, Mesh
from hw.placement.record import Part, PlacedCore, Placement
from hw.programs.layer import LayerRun
from hw.programs.loihi import Population
from hw.programs.record import Program
from hw.records.architecture import Architecture
from spikenet.errors import positive, whole

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class PlacedProgram:
    """A program and where its neurons stand; `print(placed.placement)` lists the cores."""

    program: Any
    placement: Placement

    @cached_property
    def axons(self) -> Axons:
        """The tables it is counted with."""
        copied = self.program.chip.architecture is Architecture.CROSSBAR_CORES
        return axons(self.placement, self.program.layers[0].n_inputs, projections(self.program), copied=copied)

    @cached_property
    def rows(self) -> Rows:
        """The tables it runs with."""
        return rows(self.axons, projections(self.program), wide=has_messages(self.program))

    def run(
        self, spikes: Any, *, samples_at_once: int = 256, timing: Timing = simple, seed: int | None = None,
        step_s: float | None = None,
    ) -> Execution:  # fmt: skip
        """The program driven by spikes (steps, batch, ...), each sample from rest, with every event of every core.

        timing: what says how long a step takes, `hw.execution.simple`, or `hw.execution.detailed` with links in detail
        seed  : which noise, as in `program.run`
        step_s: seconds that a step of the net stands for, None: its neurons' dt_s, as compiled. Chips whose clock
                follows it, Xylo and BrainScaleS-2, have no time and so no `energy_by_power` without

        Loihi's integers run core by core: a spike is a message along each of its axons, and adds its row of weights
        where it arrives, times its payload if it carries one (Loihi 2). Output, rates and overflows are those of
        `program.run`, exactly. Programs of other chips run layer by layer, and their spikes are followed over the axons
        of the placement.

        Raises ValueError for a shape that does not fit or a spike that is none.
        """
        program = self.program
        given = program.checked(spikes)
        whole("run: samples_at_once", samples_at_once)
        if not callable(timing):
            raise TypeError(f"run: timing: expected hw.simple, hw.detailed or such a function, got {timing!r:.60}")
        step_s = program.step_s if step_s is None else step_s
        step = None if step_s is None else positive("run: step_s", step_s)
        steps, batch = given.shape[:2]
        integers = runs_by_messages if has_messages(program) else runs_on_one_machine
        if all(isinstance(layer, Population) for layer in program.layers):
            integers = runs_on_cores
        outputs, total, fired = list[Array](), Events.none(self.axons), np.zeros(len(program.layers))
        words: list[dict[str, int]] = [{} for _ in program.layers]
        words[0] |= program.inputs_cut(spikes)
        times = list[StepTimes]()
        for first in range(0, batch, samples_at_once):
            some = np.ascontiguousarray(given[:, first : first + samples_at_once]).astype(program.dtype)
            heard = program.with_noise(seed, first)
            runs, flags = integers(self, some) if heard is program else runs_on_one_machine(self, some, heard)
            entered = program.events(some)
            counts = counted(self.axons, entered, flags)
            times.append(timing(self, entered, flags, counts))
            total = total.plus(counts, entered, flags, self.axons)
            outputs.append(program.output(runs[-1], steps))
            _tally(program, runs, steps, fired, words)
        layers, sizes = program.layers, [math.prod(layer.shape) for layer in program.layers]
        shares = (float(n) / max(steps * batch * size, 1) for n, size in zip(fired, sizes, strict=True))
        names = [layer.name for layer in layers]
        return Execution(
            output=program.as_given(
                np.concatenate(outputs, axis=1) if outputs else np.zeros((steps, 0, *layers[-1].shape), np.int8)
            ),
            rates=dict(zip(names, shares, strict=True)),
            overflows={name: sum(met.values()) for name, met in zip(names, words, strict=True)},
            words=dict(zip(names, words, strict=True)),
            events=total,
            times=joined(times),
            program=program,
            placement=self.placement,
            axons=self.axons,
            step_s=step,
        )


def _tally(
    program: Any, runs: Sequence[LayerRun], steps: int, fired: npt.NDArray[np.float64], words: list[dict[str, int]]
) -> None:
    for k, got in enumerate(runs):
        fired[k] += program.events(program.aligned(got.spikes, k, steps)).sum()
        for word, n in got.overflows.items():
            words[k][word] = words[k].get(word, 0) + n


def place_program(
    program: Any,
    *,
    calibrate: Any = None,
    rates: Sequence[Any] | None = None,
    n_chips: int | None = None,
    crossing_hops: float = 4.0,
    seed: int = 0,
) -> PlacedProgram:
    """`program` on the cores of its chip; the arguments are those of `hw.place`.

    calibrate: (steps, batch, ...) spikes on which the rates of input and layers are measured, in place of `rates`

    On a chip whose cores are not alike, compiling has found a place for every layer: here each has a core of its own
    (Speck), or all have one (Xylo, BrainScaleS-2, and Akida, whose mapping is not published). TrueNorth's cores are
    arranged as they were compiled.

    Raises DoesNotFit when there are not enough cores, TypeError for what is no program, ValueError for rates and spikes
    that do not fit it.
    """
    if not isinstance(program, Program):
        raise TypeError(
            f"place_program: expected what hw.compile returns, got {type(program).__name__}; place a net by hw.place"
        )
    if calibrate is not None and rates is not None:
        raise ValueError("place: expected calibrate or rates, got both")
    found, wired = staged(program)
    if program.chip.architecture not in ALIKE:
        return PlacedProgram(program, on_own_cores(program, together=program.chip.architecture in ONE_CORE))
    if calibrate is not None:
        rates = measured_rates(program, calibrate)
    return PlacedProgram(
        program,
        laid_onto(found, wired, program.chip, rates=rates, n_chips=n_chips, crossing_hops=crossing_hops, seed=seed,
                  made=crossbars(program, wired)),
    )  # fmt: skip


ALIKE = (
    Architecture.AXON_CORES,
    Architecture.SHARED_MEMORY_CORES,
    Architecture.CROSSBAR_CORES,
    Architecture.SOFTWARE_CORES,
)
ONE_CORE = (Architecture.SINGLE_CORE, Architecture.ANALOGUE, Architecture.NEURAL_PROCESSORS)
UNMAPPED = "how layers are laid onto its processors is not published: it counts as one core, hops are not known"


def on_own_cores(program: Any, *, together: bool) -> Placement:
    """Every layer on a core, or all on one; loads as if every source sent a spike a step."""
    n_layers = len(program.layers)
    load, parts = np.zeros(n_layers), list[Part]()
    for k, layer in enumerate(program.layers):
        n = int(np.prod(layer.shape))
        own = 0 if layer.recurrent is None else layer.recurrent.nnz
        load[k] = n + layer.connectivity.nnz + own
        parts.append(Part(layer.name, np.arange(n)))
    if together:
        cores: tuple[PlacedCore, ...] = (PlacedCore(0, 0, 0, 0, tuple(parts), {}, float(load.sum())),)
    else:
        numbers = [layer.core for layer in program.layers]
        cores = tuple(
            PlacedCore(0, 0, 0, at, (part,), {}, float(own)) for at, part, own in zip(numbers, parts, load, strict=True)
        )
    n = len(cores)
    mesh = Mesh(1, 1, 1 if together else int(program.chip.limit("cores")))
    names = tuple(layer.name for layer in program.layers)
    where = (
        "all layers on one core" if together else "each layer on a core of its own, with as little memory as will do"
    )
    where = UNMAPPED if program.chip.architecture is Architecture.NEURAL_PROCESSORS else where
    return Placement(program.chip.name, 1, mesh, names, cores, np.zeros((n, n)), np.zeros(n),
                     Links(np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((0, 1)), np.zeros((0, 1))), 0.0, 0.0,
                     float(load.max(initial=0)), 0, (where,))  # fmt: skip


def measured_rates(program: Any, spikes: Any) -> list[Array]:
    """Spikes a step of every element of the input and of every neuron of each layer, on `spikes`."""
    given = program.checked(spikes)
    if not given.size:
        raise ValueError(
            f"place: calibrate: expected spikes (steps, batch, ...), none of them empty, got {given.shape}"
        )
    runs = program.layer_runs(given)
    sent = (program.events(values) for values in (given, *(run.spikes for run in runs)))
    return [np.asarray(values, np.float64).mean(axis=(0, 1)) for values in sent]
