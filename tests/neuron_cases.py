"""The built-in neuron models as tests use them, each beside its naive version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import naive
import numpy as np

from spikenet.layers import IF, LI, LIF, CubaLIF, LeakyRate, LIFRate, Spiking
from spikenet.neurons import (
    cuba_lif,
    integrate_and_fire,
    leaky_integrator,
    leaky_rate,
    lif,
    lif_rate,
    primitives,
    reset,
)

N = 3  # neurons of every case; all parameters differ between them
THRESHOLD = np.array([1.0, 0.7, 1.3])
TAU_MEM_S = np.array([20e-3, 5e-3, 3e-3])
TAU_SYN_S = np.array([5e-3, 2e-3, 9e-3])
RESET_VALUE = np.array([-0.3, 0.1, 0.0])

RESETS = {  # ours, and the naive one
    "subtract": (reset.subtract, naive.subtract),
    "to_zero": (reset.to_zero, naive.to_zero),
    "to_value": (reset.to_value, naive.to_value),
    "no_reset": (reset.no_reset, naive.no_reset),
}


@dataclass(frozen=True)
class Case:
    """make     : (**more constructor arguments) -> the layer
    step, functions: what it is made from
    naive    : the naive version of the step
    learnable: names of its parameters
    relative : error allowed in float64; 0 for a model of + - * / and comparisons, which must agree to the last bit
    """

    name: str
    make: Callable[..., Spiking]
    step: Callable[..., Any]
    functions: dict[str, Callable[..., Any]]
    naive: Callable[..., Any]
    learnable: tuple[str, ...]
    relative: float = 0.0

    def __str__(self) -> str:
        return self.name

    def parameters(self) -> dict[str, Any]:
        """Name -> value of what the step reads."""
        values = self.make().values.items()
        return {name: value.data for name, value in values if not name.startswith("surrogate")}

    def spiking(self, **more: Any) -> Spiking:
        """The layer made from its step, as a user would; all parameters learnt."""
        return Spiking(self.step, learn=self.learnable, **self.functions, **self.parameters(), **more)


def _firing(constructor, step, naive_model, name, wrap=lambda r: r, suffix="", **arguments):
    ours, theirs = RESETS[name]
    learnable = ["threshold"]
    if name == "to_value":
        arguments["reset_value"] = RESET_VALUE
        learnable.append("reset_value")
    learnable += [p for p, needed in (("leak", "tau_mem_s"), ("syn_leak", "tau_syn_s")) if needed in arguments]
    reset = wrap(ours)

    def make(**more):
        return constructor(threshold=THRESHOLD, reset=reset, **(arguments | more))

    case = f"{constructor.__name__}-{name}{suffix}"
    return Case(case, make, step, {"reset": reset}, naive_model(theirs), tuple(learnable))


def _all_firing(name, wrap=lambda r: r, suffix=""):
    mem = {"tau_mem_s": TAU_MEM_S}
    return (
        _firing(IF, integrate_and_fire.step, naive.integrate_and_fire, name, wrap, suffix),
        _firing(LIF, lif.step, naive.lif, name, wrap, suffix, **mem),
        _firing(CubaLIF, cuba_lif.step, naive.cuba_lif, name, wrap, suffix, **mem, tau_syn_s=TAU_SYN_S),
    )


ATTACHED = tuple(case for name in RESETS for case in _all_firing(name))
DETACHED = tuple(
    case for name in RESETS if name != "no_reset" for case in _all_firing(name, reset.detached, "-detached")
)
RATES = {
    "tau_mem_s": TAU_MEM_S,
    "amplitude": np.array([0.01, 0.02, 0.005]),
    "refractory_s": np.array([2e-3, 1e-3, 0.0]),
}
CLOSE = 1e-13  # another exp, log or tanh than in compiled code, and differences of close numbers
GRADED = (
    Case(
        "LI",
        lambda **more: LI(tau_mem_s=TAU_MEM_S, **more),
        leaky_integrator.step,
        {},
        naive.leaky_integrator,
        ("leak",),
    ),
    Case(
        "LIFRate",
        lambda **more: LIFRate(**RATES, **more),
        lif_rate.step,
        {},
        naive.lif_rate_soft,
        ("tau_mem_s", "refractory_s", "amplitude", "softness"),
        relative=1e-10,  # far below the rheobase the package drops terms of exp(-20)
    ),
    Case(
        "LIFRate-exact",
        lambda **more: LIFRate(softness=None, **RATES, **more),
        lif_rate.exact_step,
        {},
        naive.lif_rate_exact,
        ("tau_mem_s", "refractory_s", "amplitude"),
        relative=CLOSE,
    ),
    Case(
        "LeakyRate",
        lambda **more: LeakyRate(tau_s=TAU_MEM_S, **more),
        leaky_rate.step,
        {"activation": primitives.tanh},
        naive.leaky_rate(np.tanh),
        ("leak",),
        relative=CLOSE,
    ),
    Case(
        "LeakyRate-relu",
        lambda **more: LeakyRate(tau_s=TAU_MEM_S, activation=primitives.relu, **more),
        leaky_rate.step,
        {"activation": primitives.relu},
        naive.leaky_rate(lambda x: max(x, type(x)(0))),
        ("leak",),
    ),
)
ALL = ATTACHED + DETACHED + GRADED


def named(*names: str) -> tuple[Case, ...]:
    known = {case.name: case for case in ALL}
    return tuple(known[name] for name in names)


def rows(layer: Spiking, n: int, dtype: Any) -> dict[str, Any]:
    """The layer's parameters, one (n,) array each, in the dtype of its input."""
    return {name: np.broadcast_to(value.data.astype(dtype), (n,)) for name, value in layer.values.items()}


def current(rng: np.random.Generator, steps: int, batch: int, dtype: Any = np.float64, n: int = N) -> Any:
    """Input that makes neurons fire in about a third of the steps, some with large and some with negative current."""
    return rng.normal(0.35, 0.7, (steps, batch, n)).astype(dtype)


def start(layer: Spiking, rng: np.random.Generator, batch: int, dtype: Any, n: int = N) -> tuple[Any, ...]:
    """States to begin with, other than rest."""
    return tuple(rng.normal(0, 0.5, (batch, n)).astype(dtype) for _ in layer.states)
