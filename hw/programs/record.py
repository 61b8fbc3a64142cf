"""What `hw.compile` returns for every chip: layers in integers, a report of each, and how they run in order."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.neurons.words import integers
from hw.programs.entrance import Entrance
from hw.programs.layer import LayerRun
from hw.programs.noise import Noise
from hw.programs.report import LayerReport
from hw.records.chip import Chip
from hw.saving.program_file import read_program, write_program
from spikenet.errors import array_of, whole

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Result:
    """What a run gives.

    output   : (steps, batch, ...) spikes of the last layer, or the voltages it reads in the float net's units
    rates    : spikes per neuron and step of each layer, by name; of numbers those that are not 0
    overflows: how often a word was left, of each layer, by name; words: the same by layer and word
    """

    output: Array
    rates: dict[str, float]
    overflows: dict[str, int]
    words: dict[str, dict[str, int]] = field(default_factory=dict)


Together = Callable[[tuple[Any, ...], Array], tuple[LayerRun, ...]]


@dataclass(frozen=True, eq=False)
class Program:
    """A net on a chip. `print` it to see what was lost.

    late       : steps a spike takes from one layer to the next
    most_events: events of one input in one step, at most
    together   : (layers, spikes) -> what each did, where they share a core; None: one runs after another
    entrance   : how real inputs become integers on a chip that takes no spikes; None: inputs are spikes
    noisy      : whether its layers have a `noise`
    reading    : which description of the chip its integers follow, where there are several, else None
    graded     : whether all that a neuron sends in a step is one message, with a number where it is not a spike
    step_s     : seconds that a step of the net stands for, its neurons' or a Network's dt_s; None where none is said
    choices    : of each layer what was chosen on calibration data, with which `hw.compile(..., like=)` begins
    """

    layers: tuple[Any, ...]  # ChipLayers; a tuple of a Protocol would hide what a chip's layers have besides
    report: tuple[LayerReport, ...]
    chip: Chip
    late: int = 1
    most_events: int = 1
    together: Together | None = None
    entrance: Entrance | None = None
    noisy: bool = False
    reading: str | None = None
    choices: tuple[Any, ...] = ()
    graded: bool = False
    step_s: float | None = None

    def __str__(self) -> str:
        said = f"{self.chip.name}, {len(self.layers)} layers{', a noisy model: NOT bit exact' if self.noisy else ''}"
        said += "" if self.reading is None else f", in the reading {self.reading}"
        return "\n".join([said, *(f"  {report}" for report in self.report)])

    def save(self, path: str | os.PathLike[str], net: Any = None) -> None:
        """Writes the program to `path`, from which `hw.load_program` makes it again; a file there is replaced whole.

        net: the net it was compiled of or trained in, which `sn.load` then reads from the same file; None: no net

        An npz without pickle: arrays, numbers and the names of this package's records, no code. A neuron of one's own
        is in it as its arithmetic.

        Raises TypeError for a net that is none, ValueError for a path that cannot be written.
        """
        write_program(path, self, net)

    def run(self, spikes: Any, *, samples_at_once: int = 256, seed: int | None = None) -> Result:
        """The net driven by spikes (steps, batch, ...), 0 or 1 (counts where the chip takes them), each from rest.

        On most chips a spike needs a step from one layer to the next, so that a net of k layers runs k - 1 steps
        longer; the output begins with the first step that the input can have reached. Biases act from the start.
        Where inputs are numbers (`entrance`), those of a conventional net are (batch, ...), without steps, and so is
        the output.

        seed: which noise, on a chip that has any: the same for the same seed, 0 unless given

        Raises ValueError for a shape that does not fit, a spike that is none, a seed where there is no noise.
        """
        given = self.checked(spikes)
        whole("run: samples_at_once", samples_at_once)
        steps, batch = given.shape[:2]
        last = self.layers[-1]
        parts, fired = list[Array](), np.zeros(len(self.layers))
        words: list[dict[str, int]] = [{} for _ in self.layers]
        words[0] |= self.inputs_cut(spikes)
        for first in range(0, batch, samples_at_once):
            runs = self.with_noise(seed, first).layer_runs(given[:, first : first + samples_at_once])
            for k, got in enumerate(runs):
                fired[k] += self.events(self.aligned(got.spikes, k, steps)).sum()
                for word, n in got.overflows.items():
                    words[k][word] = words[k].get(word, 0) + n
            parts.append(self.output(runs[-1], steps))
        empty = np.zeros((steps, 0, *last.shape), np.int8)
        neurons = [max(steps * batch * int(np.prod(layer.shape)), 1) for layer in self.layers]
        names = [layer.name for layer in self.layers]
        return Result(
            self.as_given(np.concatenate(parts, axis=1) if parts else empty),
            {name: float(f) / n for name, f, n in zip(names, fired, neurons, strict=True)},
            {name: sum(met.values()) for name, met in zip(names, words, strict=True)},
            dict(zip(names, words, strict=True)),
        )

    def checked(self, spikes: Any) -> Array:
        """`spikes` as (steps, batch, inputs); ValueError when they do not fit or are none."""
        if self.entrance is not None:
            return self.entrance.integers("run: inputs", spikes)
        given, inputs = array_of("run: spikes", spikes), self.layers[0].n_inputs
        if given.ndim < 3 or int(np.prod(given.shape[2:])) != inputs:
            raise ValueError(f"run: expected spikes (steps, batch, ...) of {inputs} inputs, got shape {given.shape}")
        flat = given.reshape(*given.shape[:2], inputs)
        if self.most_events > 1 or not ((flat == 0) | (flat == 1)).all():
            integers("run: spikes", flat, 0, self.most_events, "encode the input as spikes")  # says which is none
        return flat

    def with_noise(self, seed: int | None, first_sample: int = 0) -> Program:
        """The program hearing the noise of a seed, 0 for None; ValueError for a seed where there is none."""
        if not self.noisy:
            if seed is not None:
                raise ValueError(f"run: seed: {self.chip.name} has no noise, got {seed}; leave it out")
            return self
        noise = Noise(whole("run: seed", 0 if seed is None else seed, least=0), first_sample)
        return replace(self, layers=tuple(replace(layer, noise=noise) for layer in self.layers))

    def inputs_cut(self, inputs: Any) -> dict[str, int]:
        """How many of checked inputs lie beyond their words, where they become words here; else nothing."""
        return {} if self.entrance is None else {"input": self.entrance.beyond(inputs)}

    def layer_runs(self, spikes: Array) -> tuple[LayerRun, ...]:
        """What every layer does, driven by checked spikes (steps, batch, inputs), steps for the way through added."""
        steps, late = len(spikes), self.late * (len(self.layers) - 1)
        x = np.zeros((steps + late, *spikes.shape[1:]), self.dtype)
        x[:steps] = spikes
        if self.together is not None:
            return self.together(self.layers, x)
        runs = list[LayerRun]()
        for k, layer in enumerate(self.layers):
            runs.append(layer.run(x, late=self.late if k else 0))
            x = runs[-1].spikes
        return tuple(runs)

    @property
    def dtype(self) -> Any:
        """Of the spikes, or words, that its layers hear."""
        return np.int8 if self.most_events == 1 and self.entrance is None else np.int32

    def aligned(self, values: Array, k: int, steps: int) -> Array:
        """Of (steps and more, batch, n) of layer k, the steps that the first `steps` of the input have reached."""
        return values[self.late * k : self.late * k + steps]

    def output(self, run: LayerRun, steps: int, k: int | None = None) -> Array:
        """(steps, batch, ...) of the run of the last layer, or of layer k, voltages in the float net's units."""
        at = len(self.layers) - 1 if k is None else k
        layer = self.layers[at]
        values = run.spikes if run.v is None else run.v / layer.scale
        got: Array = self.aligned(values, at, steps)
        return got.reshape(*got.shape[:2], *layer.shape)

    def as_given(self, output: Array) -> Array:
        """(steps, batch, ...) without its one step where inputs have none."""
        return output[0] if self.entrance is not None and self.entrance.timeless else output

    def events(self, sent: Array) -> Array:
        """How many events what was sent is: where numbers are sent each is one, however large."""
        return (sent != 0).astype(np.int8) if self.graded or self.entrance is not None else sent


def load_program(path: str | os.PathLike[str]) -> Program:
    """The program saved at `path` by `program.save`: equal to it in every integer, in what it gives and in its report.

    Raises TypeError for what is no path, ValueError naming the file when it is missing, damaged, holds no program, or
    one of another format or with a value that its chip's words do not hold.
    """
    program: Program = read_program(path, Program)
    layers = program.layers
    for before, layer in pairwise(layers):
        if (sent := math.prod(before.shape)) != layer.n_inputs:
            where = f"{os.fspath(path)}: layer {layer.name}"
            raise ValueError(f"{where}: expected {sent} inputs, what {before.name} sends, got {layer.n_inputs}")
    return program
