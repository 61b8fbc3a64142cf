"""Neurons that resonate, as layers: damped oscillators that fire, the spiking side of complex-valued nets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.layers.firing import DT_S, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import resonate_and_fire, resonate_izhikevich
from spikenet.neurons.primitives import stop_gradient
from spikenet.neurons.reset import Reset, no_reset
from spikenet.neurons.surrogate import Surrogate, atan


def ResonateAndFire(
    *,
    tau_s: Any = 50e-3,
    frequency_hz: Any = 20.0,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = no_reset,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """A damped oscillator z = x + i y whose input adds to x, and which fires where x > threshold.

    tau_s       : of the damping, > 0, seconds
    frequency_hz: its own, > 0, below 1 / (2 dt_s)
    threshold   : > 0, in units of the membrane
    reset, reset_value, refractory_s: as of `LIF`, of x; none by default
    learn       : names among "along", "across" (the turn of a step, as in a complex factor), "threshold", "reset_value"
    """
    described = dict(locals())
    values = resonate_and_fire.parameters(tau_s, frequency_hz, dt_s, threshold)
    return firing("ResonateAndFire", resonate_and_fire.step, described, values, holds=("x", "y"))


def ResonateIzhikevich(
    *,
    tau_s: Any = 50e-3,
    frequency_hz: Any = 20.0,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    seen: Callable[[Any], Any] = stop_gradient,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """As `ResonateAndFire`, but it fires where the imaginary part y > threshold, and starts again from i threshold.

    seen : what the reset sees of a spike, sn.primitives.stop_gradient, or sn.primitives.identity to differentiate it
    learn: names among "along", "across", "threshold"
    """
    described = dict(locals())
    values = resonate_and_fire.parameters(tau_s, frequency_hz, dt_s, threshold, "ResonateIzhikevich")
    return firing(
        "ResonateIzhikevich", resonate_izhikevich.step, described, values, functions=("seen",), holds=("x", "y")
    )
