"""LIF neurons with more to learn, as layers: their time constant, their gain, the mixture they are."""

from __future__ import annotations

from typing import Any

from spikenet.layers.firing import DT_S, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import gated_lif, klif, parametric_lif
from spikenet.neurons.reset import Reset, detached_subtract
from spikenet.neurons.surrogate import Surrogate, atan


def ParametricLIF(
    *,
    tau_mem_s: Any = 2e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = ("rate",),
) -> Spiking:
    """LIF that learns its time constant as dt_s / tau = sigmoid(rate) (PLIF); the input counts by that part, too.

    tau_mem_s: to begin with, > dt_s > 0, seconds; threshold, reset, reset_value, refractory_s: as of `LIF`
    learn    : names among "rate", "threshold", "reset_value"
    """
    described = dict(locals())
    values = parametric_lif.parameters(tau_mem_s, dt_s, threshold)
    return firing("ParametricLIF", parametric_lif.step, described, values)


def KLIF(
    *,
    tau_mem_s: Any = 20e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    gain: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = ("gain",),
) -> Spiking:
    """LIF with a gain, learnt by default, and a rectifier before the threshold.

    gain: > 0; tau_mem_s, dt_s, threshold, reset, reset_value, refractory_s: as of `LIF`
    learn: names among "gain", "leak", "threshold", "reset_value"
    """
    described = dict(locals())
    return firing("KLIF", klif.step, described, klif.parameters(tau_mem_s, dt_s, threshold, gain))


def GatedLIF(
    *,
    keep: Any = 0.25,
    linear_decay: Any = 0.03,
    soft_reset: Any = 0.5,
    conductance: Any = 0.5,
    decay_gate: Any = 0.5,
    reset_gate: Any = 0.5,
    input_gate: Any = 0.5,
    threshold: Any = 0.5,
    refractory_steps: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = ("decay_gate", "reset_gate", "input_gate"),
) -> Spiking:
    """LIF whose decay, reset and input are mixtures of two kinds each, by gates in [0, 1] (GLIF).

    keep       : part of the membrane kept in a step where the decay is exponential, in [0, 1]
    linear_decay, soft_reset, threshold > 0: in units of the membrane; conductance: in [0, 1]
    decay_gate : 1 exponential, 0 linear; reset_gate: 1 to zero, 0 by subtraction; input_gate: 1 scaled, 0 plain
    refractory_steps: steps after a spike in which the neuron stands still, whole, >= 0
    learn      : names among the gates, "keep_leak", "linear_decay", "soft_reset", "conductance_gate", "threshold"
    """
    described = dict(locals())
    gates = {"decay_gate": decay_gate, "reset_gate": reset_gate, "input_gate": input_gate}
    values = gated_lif.parameters(keep, linear_decay, soft_reset, conductance, gates, threshold)
    return firing("GatedLIF", gated_lif.step, described, values, functions=())
