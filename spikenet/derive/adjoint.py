"""The adjoint of a step: gradients of the states before, the input and the parameters, from those of what came after.

Reverse accumulation over the step's expressions, once, symbolically. The result is again expressions, of the same
symbols as the step (the adjoint recomputes it from the state before) and of `g_output` and `g_after_<state>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from spikenet.derive.expression import Expression, constant, symbol
from spikenet.derive.operations import OPERATIONS, SPIKES
from spikenet.derive.trace import Trace, surrogate_name
from spikenet.neurons.surrogate import Surrogate


@dataclass(frozen=True, eq=False)
class Adjoint:
    """g_before: one expression a state; g_current; g_parameters: (name, expression) for each parameter asked for."""

    model: Trace
    g_before: tuple[Expression, ...]
    g_current: Expression
    g_parameters: tuple[tuple[str, Expression], ...]


@cache
def adjoint(model: Trace, surrogate: Surrogate, learn: tuple[str, ...] = ()) -> Adjoint:
    """The adjoint of `model`, spikes differentiated by `surrogate`; gradients of the parameters named in `learn`.

    The surrogate's width is the parameter `surrogate_<name>`, so that another width needs no other code.
    """
    width = symbol(f"p_{surrogate_name(surrogate)}")
    arriving = {id(model.output): symbol("g_output")}
    for state, value in zip(model.states, model.after, strict=True):
        _add(arriving, value, symbol(f"g_after_{state}"))
    for e in reversed(model.order()):
        g = arriving.get(id(e))
        if g is None or not e.operands:
            continue
        if e.operation in SPIKES:
            _add(arriving, e.operands[0], _times(g, surrogate.derivative_at(e.operands[0], width)))
            continue
        for operand, part in zip(e.operands, OPERATIONS[e.operation].vjp(e, g, *e.operands), strict=True):
            if part is not None:
                _add(arriving, operand, part)
    zero = constant(0.0)

    def gradient(name: str) -> Expression:
        return arriving.get(id(symbol(name)), zero)

    return Adjoint(
        model,
        tuple(gradient(f"s_{s}") for s in model.states),
        gradient("current"),
        tuple((name, gradient(f"p_{name}")) for name in learn),
    )


def _add(arriving: dict[int, Expression], target: Expression, part: Expression) -> None:
    known = arriving.get(id(target))
    arriving[id(target)] = simplified(part) if known is None else known + simplified(part)


def _times(a: Expression, b: Expression) -> Expression:
    return simplified(a * b)


def simplified(e: Expression) -> Expression:
    """a * 1 -> a: exact, and frequent in derivatives."""
    if e.operation == "multiply":
        for factor, other in (e.operands, e.operands[::-1]):
            if factor.operation == "constant" and factor.value == 1.0:
                return other
    return e
