"""What the adjoint of a step needs from the way forward, and the adjoint written in terms of it.

Most adjoints multiply gradients by a few values of the forward step: a LIF neuron's by its surrogate alone. Then those
values, the factors, are what is kept of a step while a segment is run again, and the way back touches neither states
nor current. A model with more factors than it has states and currents keeps the states before the step instead, and
computes all else once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from spikenet.derive.adjoint import Adjoint
from spikenet.derive.emit import Emitter
from spikenet.derive.expression import COMPARISONS, Expression, apply, number, ordered, symbol
from spikenet.derive.trace import rewritten

SPARE = 2  # factors beyond the number of states that are still cheaper than computing them twice


@dataclass(frozen=True, eq=False)
class Tape:
    """kept : expressions of the states before a step, its current and the parameters; roots call them kept_0, ...
    roots: g_before, g_current and g_parameters of the adjoint, in terms of these, gradients and parameters, and of
           the current where states are kept
    """

    kept: tuple[Expression, ...]
    roots: tuple[Expression, ...]


@cache
def tape(rules: Adjoint) -> Tape:
    """The cheaper of the two for these rules."""
    roots = (*rules.g_before, rules.g_current, *(g for _, g in rules.g_parameters))
    states = [symbol(f"s_{s}") for s in rules.model.states]
    factors, used = _factors(roots), set(ordered(roots))
    chosen = factors if len(factors) <= len(states) + SPARE else [s for s in states if s in used]
    kept = tuple(number(e) for e in chosen)
    stand_ins = {id(e): _stand_in(e, symbol(f"kept_{k}")) for k, e in enumerate(chosen)}
    return Tape(kept, rewritten(roots, stand_ins))


@cache
def is_all(rules: Adjoint, e: Expression) -> bool:
    """Whether the adjoint needs this value of a step and nothing else."""
    kept = tape(rules).kept
    symbols = {str(s.value): str(s.value) for s in ordered((*kept, e)) if s.operation == "symbol"}
    return len(kept) == 1 and len(set(Emitter().statements((*kept, number(e)), symbols)[1])) == 1


def _stand_in(e: Expression, kept: Expression) -> Expression:
    return apply("greater", kept, 0.0) if e.operation in COMPARISONS else kept  # a fact is kept as 0 or 1


def _factors(roots: tuple[Expression, ...]) -> list[Expression]:
    """Values of the forward step that meet a gradient, or are one: those that change from step to step."""
    varies: set[Expression] = set()
    gradients: set[Expression] = set()
    found: dict[Expression, None] = {}
    for e in ordered(roots):
        if e.operation == "symbol":
            name = str(e.value)
            if name.startswith("g_"):
                gradients.add(e)
            elif name == "current" or name.startswith("s_"):
                varies.add(e)
        elif any(operand in gradients for operand in e.operands):
            gradients.add(e)
            found |= dict.fromkeys(o for o in e.operands if o in varies)
        elif any(operand in varies for operand in e.operands):
            varies.add(e)
    found |= dict.fromkeys(root for root in roots if root in varies)
    return list(found)
