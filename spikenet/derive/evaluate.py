"""Expressions computed with numpy: for whoever needs a step's values or derivatives once, over whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spikenet.derive.expression import Expression, ordered
from spikenet.errors import Array
from spikenet.neurons import primitives

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negate": np.negative,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "where": np.where,
    "stop_gradient": lambda a: a,
    "straight_through": lambda a, like: a,
    "absolute": np.abs,
    "floor": np.floor,
    "spike": primitives.spike,
    "spike_inclusive": lambda a: np.greater_equal(a, 0).astype(np.asarray(a).dtype),
    **{
        name: getattr(primitives, name) for name in ("exp", "log", "log1p", "sqrt", "sin", "cos", "tanh", "atan", "erf")
    },
}


def evaluate(
    roots: tuple[Expression, ...], names: Mapping[str, Any], dtype: Any, fixed: Mapping[int, Any] | None = None
) -> list[Array]:
    """The values of the roots, each an array that broadcasts to the others.

    names: value of every symbol, arrays that broadcast against each other, of `dtype`
    fixed: values to take instead of computing them, by the id of the expression

    Raises TypeError for an expression that draws random numbers.
    """
    known: dict[int, Any] = dict(fixed or {})
    with np.errstate(all="ignore"):  # both sides of a `where` are computed, of which one may overflow
        for e in ordered(roots):
            if id(e) in known:
                continue
            if e.operation == "symbol":
                known[id(e)] = names[str(e.value)]
            elif e.operation == "constant":
                known[id(e)] = np.asarray(e.value, dtype)
            elif e.operation in _FUNCTIONS:
                known[id(e)] = _FUNCTIONS[e.operation](*(known[id(a)] for a in e.operands))
            else:
                raise TypeError(f"evaluate: {e.operation!r} draws random numbers, which have no value to compute")
    return [np.asarray(known[id(root)]) for root in roots]
