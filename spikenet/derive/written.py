"""A traced step as plain values and back: what a file keeps of a neuron model, without its code.

Arithmetic only: what is read is made of the operations a step may use, of numbers and of the model's own symbols.
"""

from __future__ import annotations

from typing import Any

from spikenet.derive.expression import Expression, apply, constant, symbol
from spikenet.derive.operations import OPERATIONS
from spikenet.derive.trace import Trace


def written(model: Trace) -> dict[str, Any]:
    """The model as texts, numbers and lists; expressions are numbered in the order in which they are computed."""
    order = model.order()
    places = {id(e): k for k, e in enumerate(order)}
    return {
        "name": model.name,
        "parameters": list(model.parameters),
        "states": list(model.states),
        "expressions": [[e.operation, e.value, *(places[id(a)] for a in e.operands)] for e in order],
        "after": [places[id(e)] for e in model.after],
        "output": places[id(model.output)],
    }


def read(given: dict[str, Any]) -> Trace:
    """The model that `written` gave; of expressions that are known here it has the same objects.

    Raises ValueError for an operation or a symbol that the model cannot have.
    """
    if not given["name"].isprintable():  # it stands in a comment of the compiled code
        raise ValueError(f"expected a model's name in one line, got {given['name']!r:.60}")
    symbols = {"current", *(f"p_{p}" for p in given["parameters"]), *(f"s_{s}" for s in given["states"])}
    made = list[Expression]()
    for operation, value, *operands in given["expressions"]:
        if operation == "symbol" and value in symbols:
            made.append(symbol(value))
        elif operation == "constant":
            made.append(constant(value))
        elif operation in OPERATIONS and all(0 <= k < len(made) for k in operands):
            made.append(apply(operation, *(made[k] for k in operands)))
        else:
            raise ValueError(f"expected an operation of a step or one of {sorted(symbols)}, got {operation} {value}")
    after = tuple(made[k] for k in given["after"])
    return Trace(given["name"], tuple(given["parameters"]), tuple(given["states"]), after, made[given["output"]])
