"""Rate-coded units with first-order dynamics, as layers."""

from __future__ import annotations

from typing import Any

from spikenet.errors import positive_values
from spikenet.layers.firing import DT_S, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import lif_first_order_rate, lif_rate, sigmoid_rate, threshold_linear_rate, wilson_cowan
from spikenet.neurons.decay import leak
from spikenet.neurons.integration import Method, runge_kutta_4


def ThresholdLinearRate(
    *, tau_s: Any = 20e-3, dt_s: float = DT_S, gain: Any = 1.0, threshold: Any = 0.0, learn: tuple[str, ...] = ()
) -> Spiking:
    """tau dr/dt = -r + gain max(current - threshold, 0); the output is r.

    tau_s, dt_s: > 0, seconds; gain: output per unit of current; threshold: a current
    learn: names among "leak", "gain", "threshold"
    """
    described = dict(locals())
    values = threshold_linear_rate.parameters(tau_s, dt_s, gain, threshold)
    return firing("ThresholdLinearRate", threshold_linear_rate.step, described, values, functions=())


def SigmoidRate(
    *, tau_s: Any = 20e-3, dt_s: float = DT_S, gain: Any = 1.0, threshold: Any = 0.0, learn: tuple[str, ...] = ()
) -> Spiking:
    """tau dr/dt = -r + sigmoid(gain (current - threshold)); the output is r, between 0 and 1.

    tau_s, dt_s: > 0, seconds; gain: per unit of current; threshold: the current of half the rate
    learn: names among "leak", "gain", "threshold"
    """
    described = dict(locals())
    values = threshold_linear_rate.parameters(tau_s, dt_s, gain, threshold, "SigmoidRate")
    return firing("SigmoidRate", sigmoid_rate.step, described, values, functions=())


def LIFFirstOrderRate(
    *,
    tau_s: Any = 20e-3,
    dt_s: float = DT_S,
    tau_mem_s: Any = 20e-3,
    refractory_s: Any = 2e-3,
    amplitude: Any = 0.01,
    softness: Any = 0.05,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """tau dr/dt = -r + f(current), f the rate of a LIF neuron as in `LIFRate`; the output is r.

    tau_s, dt_s: > 0, seconds; tau_mem_s, refractory_s, amplitude, softness > 0: as of `LIFRate`
    learn: names among "leak", "tau_mem_s", "refractory_s", "amplitude", "softness"
    """
    described = dict(locals())
    values: dict[str, Any] = lif_rate.parameters(tau_mem_s, refractory_s, amplitude, "LIFFirstOrderRate")
    values["softness"] = positive_values("LIFFirstOrderRate: softness", softness)
    values["leak"] = leak("LIFFirstOrderRate", "tau_s", tau_s, dt_s)
    return Spiking(lif_first_order_rate.step, learn=learn, kind="LIFFirstOrderRate", describe=described, **values)


def WilsonCowan(
    *,
    tau_exc_s: Any = 10e-3,
    tau_inh_s: Any = 10e-3,
    dt_s: float = DT_S,
    w_ee: Any = 16.0,
    w_ei: Any = 12.0,
    w_ie: Any = 15.0,
    w_ii: Any = 3.0,
    exc_gain: Any = 1.3,
    exc_threshold: Any = 4.0,
    inh_gain: Any = 2.0,
    inh_threshold: Any = 3.7,
    inh_share: Any = 0.0,
    method: Method = runge_kutta_4,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """A pair of an exciting and an inhibiting population as one unit; by default it oscillates for a current of 1.25.

    tau_..._s : >= dt_s > 0, seconds
    w_ee ...  : weights >= 0, to the first letter's population from the second's
    ..._gain > 0, ..._threshold: of each population's response; inh_share: of the current, to the inhibiting one
    method    : of sn.integrate: runge_kutta_4, exponential_euler or euler
    learn     : names among the weights, gains and thresholds, "share_exc", "share_inh", "inh_share"
    Source of the values: Wilson & Cowan 1972, figure 11.
    """
    described = dict(locals())
    weights = {"w_ee": w_ee, "w_ei": w_ei, "w_ie": w_ie, "w_ii": w_ii}
    gains = {"exc_gain": exc_gain, "exc_threshold": exc_threshold}
    gains |= {"inh_gain": inh_gain, "inh_threshold": inh_threshold}
    values = wilson_cowan.parameters(tau_exc_s, tau_inh_s, dt_s, weights, gains, inh_share)
    return firing("WilsonCowan", wilson_cowan.step, described, values, functions=("method",))
