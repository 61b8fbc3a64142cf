"""A step read once: its parameters, states, the expressions of the states after it and of its output."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spikenet.derive.expression import Expression, apply, number, ordered, symbol
from spikenet.derive.operations import OPERATIONS, PASSED_ON, SPIKES, WHOLE
from spikenet.neurons.surrogate import Surrogate

Step = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Trace:
    """What a step says, as expressions of the symbols `current`, `p_<parameter>` and `s_<state>`.

    name       : the step's name, for messages and for reading the emitted code
    parameters : names in the order in which the step asked for them
    states     : names of the states, as the step calls them
    after      : one expression a state, its value after the step
    output     : what the neuron sends on
    """

    name: str
    parameters: tuple[str, ...]
    states: tuple[str, ...]
    after: tuple[Expression, ...]
    output: Expression

    @property
    def spikes(self) -> bool:
        """Whether the output is a spike, so 0 or 1 by construction."""
        sent = self.output
        while sent.operation in PASSED_ON:
            sent = sent.operands[0]
        return sent.operation in SPIKES

    @property
    def is_whole(self) -> bool:
        """Whether the output is a whole number by construction: a spike, a count of spikes, a spike with a sign."""
        known: dict[int, bool] = {}
        for e in ordered((self.output,)):
            parts = [known[id(a)] for a in e.operands]
            if e.operation == "constant":
                known[id(e)] = isinstance(e.value, float) and e.value.is_integer()
            elif e.operation == "where":
                known[id(e)] = all(parts[1:])
            elif e.operation in PASSED_ON:
                known[id(e)] = parts[0]
            else:
                known[id(e)] = e.operation in (*SPIKES, "floor") or (e.operation in WHOLE and all(parts))
        return known[id(self.output)]

    @property
    def distance(self) -> Expression | None:
        """What the surrogate is a function of, where all gradient of the output goes through it; else None."""
        return self.output.operands[0] if self.output.operation in SPIKES else None

    @property
    def operations(self) -> dict[str, int]:
        """Arithmetic of one neuron and step, shared work counted once: {"multiply": 1, "add": 2, "compare": 1}."""
        kinds = (OPERATIONS[e.operation].counted for e in self.order() if e.operation in OPERATIONS)
        return dict(Counter(kind for kind in kinds if kind is not None))

    def order(self) -> list[Expression]:
        return ordered((*self.after, self.output))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trace) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        # Equal expressions are one object, and their == is not for asking.
        return self.name, self.parameters, self.states, tuple(map(id, self.after)), id(self.output)


class _Parameters:
    """Stands for `p`: every attribute asked for becomes a parameter."""

    def __init__(self) -> None:
        self._names: dict[str, Expression] = {}

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("_"):
            raise AttributeError(f"step: a parameter's name begins with a letter, got {name!r}")
        return self._names.setdefault(name, symbol(f"p_{name}"))


def arguments(step: Step) -> list[inspect.Parameter]:
    """The arguments of a step; TypeError when it is no Python function."""
    try:
        return list(inspect.signature(step).parameters.values())
    except (TypeError, ValueError):
        raise TypeError(f"step: expected a function step(p, *states, current), got {step!r}") from None


def trace(step: Step, functions: Mapping[str, Callable[..., Any]] | None = None) -> Trace:
    """The trace of `step(p, *states, current, **functions)` -> (*states after, output).

    functions: values of the step's keyword-only arguments (a reset, an activation), functions of symbols themselves.

    Raises TypeError when the step is no such function, or when it uses what cannot be traced.
    """
    name = getattr(step, "__name__", type(step).__name__)
    signature = arguments(step)
    if any(a.kind in (a.VAR_POSITIONAL, a.VAR_KEYWORD) for a in signature):
        raise TypeError(f"{name}: a step names its states; *args and **kwargs cannot be read")
    places = [a.name for a in signature if a.kind is not a.KEYWORD_ONLY]
    if len(places) < 2:
        raise TypeError(f"{name}: expected step(p, *states, current), got arguments {places}")
    named = {a.name for a in signature if a.kind is a.KEYWORD_ONLY}
    given = dict(functions or {})
    if unknown := given.keys() - named:
        raise TypeError(f"{name}: takes no function named {sorted(unknown)}; it takes {sorted(named) or 'none'}")
    states = tuple(places[1:-1])
    parameters = _Parameters()
    try:
        result = step(parameters, *(symbol(f"s_{s}") for s in states), symbol("current"), **given)
        results = result if isinstance(result, tuple) else (result,)
        if len(results) != len(states) + 1:
            wanted = ", ".join([*(f"{s} after" for s in states), "output"])
            raise TypeError(f"{name}: expected to return ({wanted}), got {len(results)} values")
        values = tuple(map(number, results))
    except TypeError as error:
        error.add_note(
            f"while reading {name}; a step is built from + - * /, comparisons and spikenet.neurons.primitives"
        )
        raise
    return Trace(name, tuple(parameters._names), states, values[:-1], values[-1])


def rewritten(roots: tuple[Expression, ...], swap: Mapping[int, Expression]) -> tuple[Expression, ...]:
    """The roots with every expression whose id is in `swap` replaced, and all that depends on it made anew."""
    new: dict[int, Expression] = dict(swap)
    for e in ordered(roots):
        if id(e) not in new:
            same = all(new[id(a)] is a for a in e.operands)
            new[id(e)] = e if same else apply(e.operation, *(new[id(a)] for a in e.operands))
    return tuple(new[id(root)] for root in roots)


def undetached(model: Trace) -> Trace:
    """The model with gradients through the spikes that it, for its reset, sees as constants."""
    roots = (*model.after, model.output)
    # One at a time: what is made anew may hold another.
    while held := [e for e in ordered(roots) if e.operation == "stop_gradient" and e.operands[0].operation in SPIKES]:
        roots = rewritten(roots, {id(held[0]): held[0].operands[0]})
    return replace(model, after=roots[:-1], output=roots[-1])


def surrogate_name(surrogate: Surrogate) -> str:
    """Name under which a surrogate's width is a parameter of the model."""
    return f"surrogate_{surrogate.parameter}"


def smoothed(model: Trace, surrogate: Surrogate) -> Trace:
    """The smooth twin: every spike replaced by the function whose derivative the surrogate is.

    What is differentiated as if it were something else becomes that.
    """
    width = symbol(f"p_{surrogate_name(surrogate)}")
    roots = (*model.after, model.output)
    while passed := [e for e in ordered(roots) if e.operation == "straight_through"]:
        roots = rewritten(roots, {id(passed[0]): passed[0].operands[1]})
    # Innermost first, one at a time: a spike's argument may itself depend on a spike.
    while spikes := [e for e in ordered(roots) if e.operation in SPIKES]:
        roots = rewritten(roots, {id(spikes[0]): surrogate.smooth_at(spikes[0].operands[0], width)})
    parameters = (*model.parameters, surrogate_name(surrogate))
    return Trace(f"{model.name}_smooth", parameters, model.states, roots[:-1], roots[-1])
