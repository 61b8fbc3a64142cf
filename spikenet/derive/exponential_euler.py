"""Exponential Euler: each state follows its own linearised equation exactly through a step, the others held.

With f what a state y gains in a step at its present slope and J = df/dy, y goes to y + f (exp(J) - 1) / J. Where f is
linear in y (conductances, gates: "conditionally linear") that is the method of Moore & Ramon 1974, J. Theor. Biol.
45:249-273; elsewhere Rosenbrock's of the diagonal, Hochbruck & Ostermann 2010, Acta Numerica 19:209-286, section 2.4.
J is derived from the model's expressions, so nobody writes it.
"""

from __future__ import annotations

from typing import Any

from spikenet.derive.adjoint import simplified
from spikenet.derive.expression import Expression, constant, number, ordered, symbol
from spikenet.derive.operations import OPERATIONS
from spikenet.derive.trace import rewritten
from spikenet.neurons.integration import Known, Rises, States, slopes
from spikenet.neurons.primitives import absolute, exp, minimum, where

STEEPEST = 10.0  # J beyond which growth is not followed: by exp(10), a state that runs away has crossed any threshold
NEAR, TERMS = 0.125, 10  # J up to which the series of ten terms has all digits of float64; beyond, exp(J) - 1 loses one


def exponential_euler(rises: Rises, states: States, known: Known = (), peak: Any = None) -> States:
    """Each state by the exact solution of its linearised equation: exact for one linear equation, stable for any time
    constant; of order 2 for a single state, of order 1 where states depend on each other. What is known to change acts
    by its mean over the step, by Simpson's rule.

    Raises TypeError where it is called with anything but the symbols of a step that is being read.
    """
    if not isinstance(states[0], Expression):
        raise TypeError("exponential_euler: derives a Jacobian, so it is only for steps that are read, not for numbers")
    at = tuple(symbol(f"at_{k}") for k in range(len(states)))
    means = ((begin + 4.0 * half + end) * (1.0 / 6.0) for begin, half, end in known)
    gained = tuple(map(number, slopes(rises, at, means)))
    seen = (states[0] if peak is None else minimum(states[0], peak), *states[1:])
    places = {id(a): number(state) for a, state in zip(at, seen, strict=True)}
    steep = (derivative(f, a) for f, a in zip(gained, at, strict=True))
    here = rewritten((*gained, *steep), places)
    return tuple(
        y + (f if j.operation == "constant" and j.value == 0.0 else f * growth(j))
        for y, f, j in zip(states, here, here[len(states) :], strict=False)
    )


def derivative(e: Expression, by: Expression) -> Expression:
    """de/dby of a symbol: the rules of the way back, each linear in its gradient, taken forward."""
    known = {id(by): constant(1.0)}
    for y in ordered((e,)):
        for k, operand in enumerate(y.operands):
            if id(operand) in known and y is not by:
                part = OPERATIONS[y.operation].vjp(y, known[id(operand)], *y.operands)[k]
                if part is not None:
                    before = known.get(id(y))
                    known[id(y)] = simplified(part) if before is None else before + simplified(part)
    return known.get(id(e), constant(0.0))


def growth(j: Any) -> Any:
    """(exp(j) - 1) / j without loss of digits, j no more than `STEEPEST`."""
    j = minimum(j, STEEPEST)
    far = absolute(j) > NEAR
    safe = where(far, j, NEAR)  # no division by 0 on the way not taken
    series: Any = 1.0
    for k in range(TERMS, 1, -1):
        series = 1.0 + j * (1.0 / k) * series
    return where(far, (exp(safe) - 1.0) / safe, series)
