"""LIFRate: the rate at which a LIF neuron fires under a constant current, as a stateless unit.

With the membrane in units of the threshold and the current J in those of the rheobase, the neuron fires at

    rate = 1 / (refractory + tau ln(1 + 1 / (J - 1)))    for J > 1, else 0.

The slope at J = 1 is infinite, so training uses the softened form, where J - 1 becomes sigma softplus((J - 1) / sigma);
for sigma -> 0 it is the exact curve. Source: Hunsberger & Eliasmith 2015 (arXiv:1510.08829), equations 3 and 8.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.primitives import log, log1p, maximum, softplus, where

FAR = 20.0  # exp(-20) is below float32's rounding of 1


def step(p: Any, current: Any) -> Any:
    """The softened curve; `amplitude` scales the rate."""
    x = (current - 1.0) / p.softness
    above = p.softness * softplus(maximum(x, -FAR))
    # Far below the rheobase softplus(x) is exp(x), and its logarithm is x: written so, nothing underflows to 1/0.
    return _rate(p, where(x > -FAR, log1p(1.0 / above), -x - log(p.softness)))


def exact_step(p: Any, current: Any) -> Any:
    """The closed-form curve, zero below the rheobase; its slope is infinite there, so unfit for training."""
    above = where(current > 1.0, current - 1.0, 1.0)
    return where(current > 1.0, _rate(p, log1p(1.0 / above)), 0.0)


def _rate(p: Any, rise: Any) -> Any:
    """rise: ln(1 + 1 / (J - 1)), the time to the threshold in units of tau."""
    return p.amplitude / (p.refractory_s + p.tau_mem_s * rise)


def parameters(tau_mem_s: Any, refractory_s: Any, amplitude: Any, model: str = "LIFRate") -> dict[str, Array]:
    """tau_mem_s > 0 and refractory_s >= 0, seconds; amplitude: output for a rate of 1 Hz; model: for messages."""
    refractory = finite_values(f"{model}: refractory_s", refractory_s)
    if (refractory < 0).any():
        raise ValueError(f"{model}: refractory_s: expected values >= 0, got {refractory.min()}")
    return {
        "tau_mem_s": positive_values(f"{model}: tau_mem_s", tau_mem_s),
        "refractory_s": refractory,
        "amplitude": finite_values(f"{model}: amplitude", amplitude),
    }
