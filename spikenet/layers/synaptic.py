"""Synapses with a shape and cells with parts, as layers."""

from __future__ import annotations

from typing import Any

from spikenet.layers.firing import DT_S, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import (
    alpha_lif,
    conductance_lif,
    double_exponential_lif,
    short_term_plasticity,
    two_compartment_lif,
)
from spikenet.neurons.reset import Reset, detached_subtract, detached_to_value
from spikenet.neurons.surrogate import Surrogate, atan


def AlphaLIF(
    *,
    tau_mem_s: Any = 20e-3,
    tau_syn_s: Any = 5e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF behind a synapse of the shape t exp(-t / tau_syn_s), of peak 1 for an input of 1.

    tau_mem_s, tau_syn_s, dt_s: > 0, seconds; threshold, reset, reset_value, refractory_s: as of `LIF`
    learn: names among "syn_leak", "rise", "leak", "threshold", "reset_value"
    """
    described = dict(locals())
    return firing("AlphaLIF", alpha_lif.step, described, alpha_lif.parameters(tau_mem_s, tau_syn_s, dt_s, threshold))


def DoubleExponentialLIF(
    *,
    tau_mem_s: Any = 20e-3,
    tau_rise_s: Any = 1e-3,
    tau_fall_s: Any = 5e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF behind a synapse that rises with tau_rise_s and falls with tau_fall_s, of peak 1 for an input of 1.

    tau_mem_s, tau_rise_s < tau_fall_s, dt_s: > 0, seconds; threshold, reset, reset_value, refractory_s: as of `LIF`
    learn: names among "fall_leak", "rise_leak", "leak", "scale", "threshold", "reset_value"
    """
    described = dict(locals())
    values = double_exponential_lif.parameters(tau_mem_s, tau_rise_s, tau_fall_s, dt_s, threshold)
    return firing("DoubleExponentialLIF", double_exponential_lif.step, described, values)


def ConductanceLIF(
    *,
    tau_mem_s: Any = 20e-3,
    tau_exc_s: Any = 5e-3,
    tau_inh_s: Any = 10e-3,
    dt_s: float = DT_S,
    v_rest: Any = -60.0,
    v_exc: Any = 0.0,
    v_inh: Any = -80.0,
    threshold: Any = -50.0,
    reset: Reset = detached_to_value,
    reset_value: Any = -60.0,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF whose positive input opens exciting channels and whose negative input opens inhibiting ones.

    tau_..._s, dt_s: > 0, seconds
    v_rest < threshold < v_exc, v_inh, reset_value: in one unit, by default mV (Vogels & Abbott
            2005, J. Neurosci. 25:10786)
    reset, refractory_s: as of `LIF`; channels open and close while the neuron is refractory
    learn: names among "exc_leak", "inh_leak", "share", "v_rest", "v_exc", "v_inh", "threshold", "reset_value"
    """
    described = dict(locals())
    values = conductance_lif.parameters(tau_mem_s, tau_exc_s, tau_inh_s, dt_s, v_rest, v_exc, v_inh, threshold)
    return firing("ConductanceLIF", conductance_lif.step, described, values, rest={"v": v_rest})


def TwoCompartmentLIF(
    *,
    tau_dend_s: Any = 10e-3,
    tau_soma_s: Any = 20e-3,
    dend_coupling: Any = 1.0,
    soma_coupling: Any = 1.0,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """A dendrite that receives the input, coupled to a soma that fires and is reset.

    tau_..._s, dt_s: > 0, seconds; couplings: > 0, in units of the compartment's own leak conductance
    threshold, reset, reset_value, refractory_s: as of `LIF`; the dendrite goes on while the soma is refractory
    learn: names among "dend_leak", "soma_to_dend", "dend_to_soma", "soma_leak", "threshold", "reset_value"
    """
    described = dict(locals())
    values = two_compartment_lif.parameters(tau_dend_s, tau_soma_s, dend_coupling, soma_coupling, dt_s, threshold)
    return firing("TwoCompartmentLIF", two_compartment_lif.step, described, values)


def ShortTermPlasticity(
    *,
    use: Any = 0.5,
    tau_facilitate_s: Any = 50e-3,
    tau_recover_s: Any = 200e-3,
    dt_s: float = DT_S,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """Spikes as what each releases: facilitated by recent ones and depleted by them; put it in front of a Linear.

    use: the part released from rest, in (0, 1]; tau_..._s, dt_s: > 0, seconds
    learn: names among "use", "facilitate_leak", "recover_leak"
    """
    described = dict(locals())
    values = short_term_plasticity.parameters(use, tau_facilitate_s, tau_recover_s, dt_s)
    return firing("ShortTermPlasticity", short_term_plasticity.step, described, values, functions=())
