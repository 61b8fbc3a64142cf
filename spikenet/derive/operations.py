"""Every operation a step may use: how it is written as compiled code, its derivative, and what it counts as.

One table, so that the forward loop, the adjoint and the operation count cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from spikenet.derive.expression import Expression, apply

Gradients = tuple["Expression | None", ...]


@dataclass(frozen=True)
class Operation:
    """code  : source of the value, {0} {1} {2} standing for the operands; scalars of one float type
    vjp   : (value, gradient of the value, *operands) -> gradient of each operand, None for none
    counted: the arithmetic it is priced as; None where hardware does it for nothing
    """

    code: str
    vjp: Callable[..., Gradients]
    counted: str | None


def _none(y: Expression, g: Expression, *operands: Expression) -> Gradients:
    return (None,) * len(operands)


def _where(y: Expression, g: Expression, c: Expression, a: Expression, b: Expression) -> Gradients:
    return None, apply("where", c, g, 0.0), apply("where", c, 0.0, g)


def _absolute(y: Expression, g: Expression, a: Expression) -> Gradients:
    return (apply("where", a >= 0.0, g, -g),)


OPERATIONS: dict[str, Operation] = {
    "add": Operation("({0} + {1})", lambda y, g, a, b: (g, g), "add"),
    "subtract": Operation("({0} - {1})", lambda y, g, a, b: (g, -g), "add"),
    "multiply": Operation("({0} * {1})", lambda y, g, a, b: (g * b, g * a), "multiply"),
    "divide": Operation("({0} / {1})", lambda y, g, a, b: (g / b, -(g * y / b)), "divide"),
    "negate": Operation("(-{0})", lambda y, g, a: (-g,), None),
    "greater": Operation("({0} > {1})", _none, "compare"),
    "greater_equal": Operation("({0} >= {1})", _none, "compare"),
    "where": Operation("({1} if {0} else {2})", _where, None),
    "stop_gradient": Operation("{0}", _none, None),
    "absolute": Operation("abs({0})", _absolute, None),
    "exp": Operation("math.exp({0})", lambda y, g, a: (g * y,), "exp"),
    "log": Operation("math.log({0})", lambda y, g, a: (g / a,), "log"),
    "log1p": Operation("math.log1p({0})", lambda y, g, a: (g / (a + 1.0),), "log"),
    "sqrt": Operation("math.sqrt({0})", lambda y, g, a: (g * 0.5 / y,), "sqrt"),
    "sin": Operation("math.sin({0})", lambda y, g, a: (g * apply("cos", a),), "sin"),
    "cos": Operation("math.cos({0})", lambda y, g, a: (-(g * apply("sin", a)),), "sin"),
    "tanh": Operation("math.tanh({0})", lambda y, g, a: (g * (1.0 - y * y),), "tanh"),
    "atan": Operation("math.atan({0})", lambda y, g, a: (g / (a * a + 1.0),), "atan"),
    "erf": Operation("math.erf({0})", lambda y, g, a: (g * (2 / math.sqrt(math.pi)) * apply("exp", -(a * a)),), "exp"),
    "floor": Operation("math.floor({0})", _none, "compare"),
    "straight_through": Operation("{0}", lambda y, g, a, like: (None, g), None),
    "uniform": Operation("uniform({0}, {1}, {2}, one)", _none, "random"),
    # The derivative of a spike is its surrogate, which `adjoint` puts in.
    "spike": Operation("(one if {0} > zero else zero)", _none, "compare"),
    "spike_inclusive": Operation("(one if {0} >= zero else zero)", _none, "compare"),
}

SPIKES = ("spike", "spike_inclusive")
WHOLE = ("add", "subtract", "multiply", "negate", "absolute")  # of whole numbers give such
PASSED_ON = ("stop_gradient", "straight_through")  # their value is that of the first operand
