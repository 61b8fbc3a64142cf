"""Any neuron model in integers: the fixed-point twin of a step function, for chips whose neurons are programs.

Nothing is written twice: the twin is derived from the step that also trains, with the words the chip has. Loihi 2's
microcode and SpiNNaker's s16.15 are such chips; what a vendor ships as a program of its own has its own file here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hw.neurons.words import integers
from spikenet.derive.fixed_point import Overflow, Rounding, Word, Words
from spikenet.derive.integer_step import FUNCTIONS, IntegerStep, integer_step
from spikenet.derive.trace import Step, Trace, trace
from spikenet.errors import Array, real_values
from spikenet.kernels import integer_loop
from spikenet.layers import Spiking

__all__ = ["Overflow", "Record", "Rounding", "Twin", "Word", "Words", "run", "twin"]

Integers = Mapping[str, Array]


@dataclass(frozen=True)
class Twin:
    """A model and the words it is held in."""

    model: Trace
    words: Words


@dataclass(frozen=True, eq=False)
class Record:
    """What a run gives, integers all: `twin.words` says what they stand for.

    output    : (steps, ...) spikes 0 or 1, or integers of the output's word
    states    : of every step, by name; None unless asked for
    after     : of the last step, by name
    parameters: the integers that the parameters were rounded to, by name
    overflows : how often a value left its word: "current", "work" (anything in between), each state, "output"
    """

    output: Array
    states: Integers | None
    after: Integers
    parameters: Integers
    overflows: Mapping[str, int]


def twin(source: Step | Spiking, words: Words, **functions: Callable[..., Any]) -> Twin:
    """The twin of a step function (`functions`: its keyword-only arguments, such as a reset) or of a layer of neurons.

    Raises ValueError or TypeError where the words do not fit the model, see `Words`.
    """
    model = source.model if isinstance(source, Spiking) else trace(source, functions)
    made = Twin(model, words)
    _step(made)  # what does not fit is said now
    return made


def run(
    one: Twin,
    current: Any,
    parameters: Mapping[str, Any] | Spiking,
    before: Integers | None = None,
    *,
    states: bool = True,
) -> Record:
    """The twin driven by `current`, from 0 or from `before`.

    current   : (steps, ..., n) real numbers; rounded by the current's word, overflows counted
    parameters: real numbers by name, one or one a neuron, or the layer that has them; the nearest integers are taken
    before    : integers of each state by name, of the neurons' shape: `record.after`
    states    : whether those of every step are kept

    Widths: bits and fractions of `one.words`. Order: that of the step's expressions. Rounding: each operation exactly,
    then to its word by the word's own `Rounding`. Overflow: saturates or wraps as the word says, and is counted.
    Source: the step function; `spikenet.derive.fixed_point` says what each operation gives.

    Raises ValueError for a parameter beyond its word or missing, and for shapes that do not fit.
    """
    model, words = one.model, one.words
    x = real_values(f"{model.name}: current", current)
    if x.ndim < 2:
        raise ValueError(f"{model.name}: expected current (steps, ..., n), got shape {x.shape}")
    arriving, lost = words.of_symbol("current").held(x)
    p = _parameters(one, parameters)
    start = _before(one, before, x.shape[1:])
    step = _step(one)
    try:
        together = np.broadcast_arrays(*p.values()) if p else [np.zeros((), np.int64)]
        np.broadcast_to(together[0], x.shape[1:])
    except ValueError:
        shapes = {name: np.shape(values) for name, values in p.items()}
        raise ValueError(f"{model.name}: parameters {shapes} do not fit neurons of shape {x.shape[1:]}") from None
    table = np.stack(together) if p else np.zeros((0,), np.int64)
    out, after, every, counts = integer_loop.run(
        _loop(one, step), table, start, arriving[None], len(step.counted), states=states
    )
    names = model.states
    return Record(
        out,
        {name: every[k] for k, name in enumerate(names)} if states else None,
        {name: after[k] for k, name in enumerate(names)},
        p,
        {"current": lost, **{name: int(counts[k]) for k, name in enumerate(step.counted)}},
    )


def _step(one: Twin) -> IntegerStep:
    """The twin's step as lines for a loop."""
    model, many = one.model, len(one.model.parameters)
    names = {f"p_{name}": integer_loop.parameter(k) for k, name in enumerate(model.parameters)}
    names |= {f"s_{name}": integer_loop.state(k, many) for k, name in enumerate(model.states)}
    return integer_step(model, one.words, names | {"current": integer_loop.arrived(0)}, integer_loop.counter)


def _loop(one: Twin, step: IntegerStep) -> Callable[..., None]:
    many = len(one.model.parameters)
    stores = [f"{integer_loop.state(k, many)} = {value}" for k, value in enumerate(step.after)]
    lines = (*step.lines, *stores, f"{integer_loop.SENT} = {step.output}")
    return integer_loop.integer_loop(one.model.name, lines, 1, len(step.counted), FUNCTIONS)


def _parameters(one: Twin, given: Mapping[str, Any] | Spiking) -> dict[str, Array]:
    model, words = one.model, one.words
    values = {n: v.data for n, v in given.values.items()} if isinstance(given, Spiking) else dict(given)
    if missing := [name for name in model.parameters if name not in values]:
        raise ValueError(f"{model.name}: missing parameters {missing}")
    if not isinstance(given, Spiking) and (unknown := sorted(values.keys() - set(model.parameters))):
        raise ValueError(f"{model.name}: unknown parameters {unknown}; the step asks for {list(model.parameters)}")
    return {
        name: words.of_symbol(f"p_{name}").integers(f"{model.name}: {name}", values[name]) for name in model.parameters
    }


def _before(one: Twin, given: Integers | None, shape: tuple[int, ...]) -> Array:
    """The states (states, ...) to begin with."""
    model = one.model
    start = np.zeros((len(model.states), *shape), np.int64)
    if given is not None:
        if sorted(given) != sorted(model.states):
            raise ValueError(f"{model.name}: expected before with {list(model.states)}, got {sorted(given)}")
        for k, name in enumerate(model.states):
            if np.shape(given[name]) != shape:
                raise ValueError(f"{model.name}: before {name!r} has shape {np.shape(given[name])}, expected {shape}")
            word = one.words.of_symbol(f"s_{name}")
            hint = "give integers of its word, such as record.after"
            start[k] = integers(f"{model.name}: before {name!r}", given[name], word.lowest, word.highest, hint)
    return start
