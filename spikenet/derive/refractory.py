"""Absolute refractory periods: any model's trace made into one whose neurons stand still for a while after a spike.

One rewriting for all models. The new state `waiting` counts the steps still to stand still. While it does, the states
held (the membrane) keep their values, nothing fires, and all other states (synaptic currents, adaptation) go on as in
a step without a spike. Source: Gerstner et al., Neuronal Dynamics (2014), section 1.3.
"""

from __future__ import annotations

from spikenet.derive.expression import Expression, apply, constant, ordered, symbol
from spikenet.derive.operations import SPIKES
from spikenet.derive.trace import Trace

STATE, PARAMETER = "waiting", "refractory_steps"
SILENT = -1.0  # a distance below the threshold: no spike


def refractory(model: Trace, holds: tuple[str, ...]) -> Trace:
    """`model` with a last state `waiting` and a parameter `refractory_steps`: after a spike, as many steps stand still.

    holds: names of the states that keep their values meanwhile

    Raises TypeError when the model never fires, or has no such states, or uses the new names itself.
    """
    if not any(e.operation in SPIKES for e in model.order()):
        raise TypeError(f"{model.name}: refractory_steps: expected a model that fires, got one without a spike")
    if unknown := [name for name in holds if name not in model.states]:
        raise TypeError(f"{model.name}: holds: no states {unknown}; there are {list(model.states)}")
    if STATE in model.states or PARAMETER in model.parameters:
        raise TypeError(f"{model.name}: {STATE!r} and {PARAMETER!r} are added by the refractory period; rename yours")
    waiting = symbol(f"s_{STATE}")
    ready = apply("greater", 0.5, waiting)
    new, spikes = _gated((*model.after, model.output), ready)
    after = [
        apply("where", ready, value, symbol(f"s_{state}")) if state in holds else value
        for state, value in zip(model.states, new, strict=False)
    ]
    left = apply("where", ready, 0.0, waiting - 1.0)
    for one in spikes:
        left = apply("where", one > 0.5, symbol(f"p_{PARAMETER}"), left)  # 0.5: a smooth spike is one above it
    return Trace(
        f"{model.name}_refractory", (*model.parameters, PARAMETER), (*model.states, STATE), (*after, left), new[-1]
    )


def _gated(roots: tuple[Expression, ...], ready: Expression) -> tuple[tuple[Expression, ...], list[Expression]]:
    """The roots with every spike silent, and its gradient 0, where not `ready`; and these spikes."""
    new: dict[int, Expression] = {}
    spikes = []
    for e in ordered(roots):
        operands = [new[id(a)] for a in e.operands]
        if e.operation in SPIKES:
            operands = [apply("where", ready, operands[0], SILENT)]
        elif e.operation == "straight_through":
            operands = [operands[0], apply("where", ready, operands[1], constant(0.0))]
        same = all(a is b for a, b in zip(operands, e.operands, strict=True))
        new[id(e)] = e if same else apply(e.operation, *operands)
        if e.operation in SPIKES:
            spikes.append(new[id(e)])
    return tuple(new[id(root)] for root in roots), spikes
