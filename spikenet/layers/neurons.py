"""The built-in neurons as layers: physical parameters in, a `Spiking` layer out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.errors import finite_values, positive
from spikenet.layers.firing import DT_S, firing
from spikenet.layers.peer_semantics import as_in
from spikenet.layers.spiking import Spiking
from spikenet.neurons import cuba_lif, integrate_and_fire, leaky_integrator, leaky_rate, lif, lif_rate
from spikenet.neurons.primitives import tanh
from spikenet.neurons.reset import Reset, detached_subtract
from spikenet.neurons.semantics_record import Semantics
from spikenet.neurons.surrogate import Surrogate, atan


def IF(
    *,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_steps: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """Integrate-and-fire: v <- v + current, a spike where v > threshold, then `reset`.

    threshold  : > 0, a number or one a neuron
    reset      : subtract, to_zero, to_value (with reset_value), no_reset of sn.reset; detached(...) stops its gradient
    refractory_steps: steps after a spike in which the neuron stands still, whole, >= 0; None keeps no count
    learn      : names among "threshold", "reset_value"
    """
    described = dict(locals())
    return firing("IF", integrate_and_fire.step, described, integrate_and_fire.parameters(threshold))


def LIF(
    *,
    tau_mem_s: Any = 20e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    semantics: Semantics | None = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """Leaky integrate-and-fire: v <- leak v + current with leak = exp(-dt_s / tau_mem_s), then as `IF`.

    tau_mem_s, dt_s: > 0, seconds
    refractory_s   : absolute refractory period, >= 0, rounded to whole steps; None keeps no count
    semantics      : another package's LIF, such as sn.semantics.snntorch_subtract: it says how time constants, input,
                     comparison and reset are meant; `reset` is then left alone, and `reset_value` is 0 unless given
    learn          : names among "leak", "threshold", "reset_value"
    """
    described = dict(locals())
    if semantics is not None:
        return as_in(semantics, "LIF", described)
    return firing("LIF", lif.step, described, lif.parameters(tau_mem_s, dt_s, threshold))


def CubaLIF(
    *,
    tau_mem_s: Any = 20e-3,
    tau_syn_s: Any = 5e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    semantics: Semantics | None = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF behind a decaying synaptic current: i <- syn_leak i + current, v <- leak v + i, then as `IF`.

    tau_mem_s, tau_syn_s, dt_s: > 0, seconds
    semantics                 : as of `LIF`
    learn                     : names among "syn_leak", "leak", "threshold", "reset_value"
    """
    described = dict(locals())
    if semantics is not None:
        return as_in(semantics, "CubaLIF", described)
    return firing("CubaLIF", cuba_lif.step, described, cuba_lif.parameters(tau_mem_s, tau_syn_s, dt_s, threshold))


def LI(*, tau_mem_s: Any = 20e-3, dt_s: float = DT_S, learn: tuple[str, ...] = ()) -> Spiking:
    """Leaky readout: v <- leak v + current; the output is v, and nothing ever fires.

    tau_mem_s, dt_s: > 0, seconds; learn: ("leak",) or nothing
    """
    values: dict[str, Any] = leaky_integrator.parameters(tau_mem_s, dt_s)
    described = {"tau_mem_s": tau_mem_s, "dt_s": dt_s, "learn": learn}
    return Spiking(leaky_integrator.step, learn=learn, kind="LI", describe=described, **values)


def LIFRate(
    *,
    tau_mem_s: Any = 20e-3,
    refractory_s: Any = 2e-3,
    amplitude: Any = 0.01,
    softness: float | None = 0.05,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """The rate of a LIF neuron under constant current (1 is the rheobase), pointwise: an activation.

    tau_mem_s > 0, refractory_s >= 0: seconds
    amplitude : output for 1 Hz; 0.01 makes 100 Hz an output of 1
    softness  : > 0 rounds the corner at the rheobase, as training needs; None gives the exact closed form
    learn     : names among "tau_mem_s", "refractory_s", "amplitude", "softness"
    """
    values: dict[str, Any] = lif_rate.parameters(tau_mem_s, refractory_s, amplitude)
    described = {
        "tau_mem_s": tau_mem_s,
        "refractory_s": refractory_s,
        "amplitude": amplitude,
        "softness": softness,
        "learn": learn,
    }
    if softness is None:
        return Spiking(lif_rate.exact_step, learn=learn, kind="LIFRate", describe=described, **values)
    values["softness"] = finite_values("LIFRate: softness", positive("LIFRate: softness", softness))
    return Spiking(lif_rate.step, learn=learn, kind="LIFRate", describe=described, **values)


def LeakyRate(
    *,
    tau_s: Any = 20e-3,
    dt_s: float = DT_S,
    activation: Callable[[Any], Any] = tanh,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """First-order rate unit: tau dr/dt = -r + activation(current); the output is r.

    tau_s, dt_s: > 0, seconds
    activation : a function of spikenet.neurons.primitives, or one built from them
    learn      : ("leak",) or nothing
    """
    values: dict[str, Any] = leaky_rate.parameters(tau_s, dt_s)
    described = {"tau_s": tau_s, "dt_s": dt_s, "activation": activation, "learn": learn}
    return Spiking(leaky_rate.step, learn=learn, kind="LeakyRate", describe=described, activation=activation, **values)
