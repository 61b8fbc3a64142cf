"""Cell: a neuron model with its numbers, as a population of the simulator holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spikenet.derive.expression import apply, symbol
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.layers.spiking import Spiking


@dataclass(frozen=True)
class Cell:
    """A model that can be simulated.

    kind    : its name
    model   : what a step computes
    inputs  : names of its inputs, each a symbol of the model; the first takes spikes unless told otherwise
    values  : parameters of the model, a number or one a neuron
    rest    : states before the first step
    origin  : what is added to a state when it is shown, by state: the membrane is computed above its rest
    inverted: inputs which expect positive weights for synapses that inhibit
    by_sign : (input of weights >= 0, input of weights < 0) where none is named, else the first input for both
    aliases : other names of inputs
    dt_s    : the step that its numbers are for; None where they know none
    """

    kind: str
    model: Trace
    inputs: tuple[str, ...]
    values: Mapping[str, Array]
    rest: Mapping[str, Any]
    origin: Mapping[str, Any] = field(default_factory=dict)
    inverted: frozenset[str] = frozenset()
    by_sign: tuple[str, str] | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    dt_s: float | None = None

    def receptor(self, name: str | None, weight: float) -> str:
        """The input that a weight goes to, by its name or else by the weight's sign."""
        if name is None:
            return self.by_sign[weight < 0] if self.by_sign else self.inputs[0]
        known = self.aliases.get(name, name)
        if known not in self.inputs:
            names = ", ".join((*self.aliases, *self.inputs))
            raise ValueError(f"{self.kind}: no input {name!r}; it has {names}")
        return known


Factory = Callable[..., Any]


def cell_of(given: Any, kind: str) -> Cell:
    """A Cell, or a layer of neurons as one; TypeError for anything else."""
    if isinstance(given, Cell):
        return given
    if isinstance(given, Spiking):
        values = {name: np.asarray(value.data, np.float64) for name, value in given.values.items()}
        used = {name: values[name] for name in given.runs.parameters}
        return Cell(given.name, given.runs, ("current",), used, given.rest, dt_s=given._describe.get("dt_s"))
    raise TypeError(
        f"{kind}: expected a neuron model such as sn.LIF or sn.cells.iaf_psc_exp, or one made by it, got {given!r:.60}"
    )


def resting(cell: Cell, rest_steps: Any, held: str = "v") -> Cell:
    """The cell with an absolute refractory period: after a spike its membrane stays for `rest_steps` steps."""
    if "rests" in cell.model.states:
        raise ValueError(f"{cell.kind}: has a refractory period of its own")
    if held not in cell.model.states:
        raise ValueError(f"{cell.kind}: no membrane {held!r} to hold among its states {cell.model.states}")
    rests, steps = symbol("s_rests"), symbol("p_rest_steps")
    waits = apply("greater", rests, 0.0)
    after = [
        apply("where", waits, symbol(f"s_{s}"), e) if s == held else e
        for s, e in zip(cell.model.states, cell.model.after, strict=True)
    ]
    output = apply("where", waits, 0.0, cell.model.output)
    left = apply("subtract", rests, 1.0)
    counted = apply("where", apply("greater", left, 0.0), left, 0.0)
    after.append(apply("where", apply("greater", output, 0.0), steps, counted))
    model = Trace(
        f"{cell.model.name}_resting", (*cell.model.parameters, "rest_steps"), (*cell.model.states, "rests"),
        tuple(after), output,
    )  # fmt: skip
    values = {**cell.values, "rest_steps": np.asarray(rest_steps, np.float64)}
    return replace(cell, model=model, values=values, rest={**cell.rest, "rests": 0.0})
