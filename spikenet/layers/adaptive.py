"""Neurons that adapt, as layers: by their threshold, by a current, and the exponential one with a current."""

from __future__ import annotations

from typing import Any

from spikenet.layers.firing import DT_S, SOLVED, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import adaptive_current_lif, adaptive_lif, adex
from spikenet.neurons.integration import Method, runge_kutta_4
from spikenet.neurons.reset import Reset, detached_subtract, detached_to_value
from spikenet.neurons.surrogate import Surrogate, atan


def AdaptiveLIF(
    *,
    tau_mem_s: Any = 20e-3,
    tau_adapt_s: Any = 200e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    jump: Any = 0.2,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF whose threshold rises by `jump` with every spike and recovers with tau_adapt_s (ALIF).

    tau_mem_s, tau_adapt_s, dt_s: > 0, seconds; threshold > 0 and jump: in units of the membrane
    reset, reset_value, refractory_s: as of `LIF`; a subtracting reset subtracts `threshold`
    learn: names among "leak", "adapt_leak", "threshold", "jump", "reset_value"
    """
    described = dict(locals())
    values = adaptive_lif.parameters(tau_mem_s, tau_adapt_s, dt_s, threshold, jump)
    return firing("AdaptiveLIF", adaptive_lif.step, described, values)


def AdaptiveCurrentLIF(
    *,
    tau_mem_s: Any = 20e-3,
    tau_adapt_s: Any = 200e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    coupling: Any = 0.0,
    jump: Any = 0.2,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF held back by a current w: tau_adapt dw/dt = coupling v - w, and w rises by `jump` with every spike.

    tau_mem_s, tau_adapt_s, dt_s: > 0, seconds; threshold > 0 and jump: in units of the membrane; coupling: a number
    reset, reset_value, refractory_s: as of `LIF`
    learn: names among "leak", "adapt_leak", "threshold", "coupling", "jump", "reset_value"
    """
    described = dict(locals())
    values = adaptive_current_lif.parameters(tau_mem_s, tau_adapt_s, dt_s, threshold, coupling, jump)
    return firing("AdaptiveCurrentLIF", adaptive_current_lif.step, described, values)


def AdEx(
    *,
    tau_mem_s: Any = 281 / 30 * 1e-3,
    tau_adapt_s: Any = 144e-3,
    dt_s: float = DT_S,
    v_rest: Any = -70.6,
    v_rheobase: Any = -50.4,
    slope: Any = 2.0,
    threshold: Any = 20.0,
    coupling: Any = 4 / 30,
    jump: Any = 80.5 / 30,
    method: Method = runge_kutta_4,
    reset: Reset = detached_to_value,
    reset_value: Any = -70.6,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """The adaptive exponential neuron, by default with the parameters of its paper, voltages in mV.

    tau_mem_s, tau_adapt_s: >= dt_s > 0, seconds
    v_rest, v_rheobase, slope > 0, threshold > v_rheobase, reset_value, jump: in one unit of the membrane; the input,
                too, is a current over the leak conductance: 30 nS turns 1 nA into 33 mV
    coupling  : of the adaptation to the membrane, over the leak conductance
    method    : of sn.integrate: runge_kutta_4, exponential_euler or euler, as of `ExponentialIF`
    reset, refractory_s: as of `LIF`
    learn     : names among "share", "adapt_share", "v_rest", "v_rheobase", "slope", "threshold", "coupling", "jump",
                "reset_value"
    Source: Brette & Gerstner 2005, table of parameters in section "Comparison to a detailed model".
    """
    described = dict(locals())
    values = adex.parameters(tau_mem_s, tau_adapt_s, dt_s, v_rest, v_rheobase, slope, threshold, coupling, jump)
    return firing("AdEx", adex.step, described, values, functions=SOLVED, rest={"v": v_rest})
