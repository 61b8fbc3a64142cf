"""How the built-in neurons become layers: a step, its parameters, and the constructor's arguments describing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_values, positive
from spikenet.layers.spiking import Spiking
from spikenet.neurons.reset import to_value
from spikenet.neurons.surrogate import atan

DT_S = 1e-3  # length of a step unless stated
SOLVED = ("method", "reset")  # functions that the step of a differential equation takes


def firing(
    kind: str,
    step: Callable[..., Any],
    described: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    functions: tuple[str, ...] = ("reset",),
    rest: Mapping[str, Any] | None = None,
    holds: tuple[str, ...] = ("v",),
) -> Spiking:
    """The layer `kind`.

    described: the constructor's arguments by name, which are the layer's description; of these are read `learn`,
               `surrogate`, `reset_value`, `refractory_s` with `dt_s` or `refractory_steps`, each where there is one
    values   : the step's parameters
    functions: those of the arguments that are functions the step takes
    """
    values = dict(values)
    if "reset" in functions and "reset_value" not in values:
        values |= _reset_value(kind, described["reset"], described.get("reset_value"))
    steps = described.get("refractory_steps")
    if (period_s := described.get("refractory_s")) is not None:
        steps = refractory_steps(kind, period_s, described["dt_s"])
    return Spiking(
        step,
        surrogate=described.get("surrogate", atan),
        learn=described["learn"],
        rest=rest,
        refractory_steps=steps,
        holds=holds,
        kind=kind,
        describe=described,
        **{name: described[name] for name in functions},
        **values,
    )


def refractory_steps(kind: str, period_s: Any, dt_s: Any) -> Array:
    """The refractory period in whole steps, rounded; ValueError where it is negative or shorter than half a step."""
    period = finite_values(f"{kind}: refractory_s", period_s)
    steps = np.round(period / positive(f"{kind}: dt_s", dt_s))
    wrong = (period < 0) | ((period > 0) & (steps == 0))
    if wrong.any():
        raise ValueError(
            f"{kind}: refractory_s: expected 0 or at least half a step of {dt_s:g} s, got {period[wrong].flat[0]:g}"
        )
    return steps


def _reset_value(kind: str, reset: Any, value: Any) -> dict[str, Any]:
    if value is not None:
        return {"reset_value": finite_values(f"{kind}: reset_value", value)}
    if getattr(reset, "detaches", reset) is to_value:
        raise TypeError(f"{kind}: reset to_value needs reset_value, the membrane's value after a spike")
    return {}
