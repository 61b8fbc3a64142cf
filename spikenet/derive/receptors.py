"""A step with several inputs, read once: step(p, *states, *inputs) -> (*states after, output)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spikenet.derive.expression import number, symbol
from spikenet.derive.trace import Step, Trace, arguments
from spikenet.derive.trace import _Parameters as Parameters


def trace_with_inputs(
    step: Step, inputs: tuple[str, ...], functions: Mapping[str, Callable[..., Any]] | None = None
) -> Trace:
    """The trace of a step whose last arguments are `inputs`; each is the symbol of its own name."""
    places = [a.name for a in arguments(step) if a.kind is not a.KEYWORD_ONLY]
    states = tuple(places[1 : len(places) - len(inputs)])
    if tuple(places[len(places) - len(inputs) :]) != inputs:
        raise TypeError(f"{step.__name__}: expected step(p, *states, {', '.join(inputs)}), got arguments {places}")
    parameters = Parameters()
    results = step(parameters, *(symbol(f"s_{s}") for s in states), *map(symbol, inputs), **(functions or {}))
    if not isinstance(results, tuple) or len(results) != len(states) + 1:
        raise TypeError(f"{step.__name__}: expected to return ({', '.join(states)}, output), got {results!r:.80}")
    values = tuple(map(number, results))
    return Trace(step.__name__, tuple(parameters._names), states, values[:-1], values[-1])
