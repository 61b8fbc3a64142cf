"""Neurons that send more than 0 or 1, as layers: counts, signs, numbers, changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.errors import whole
from spikenet.layers.firing import DT_S, firing
from spikenet.layers.spiking import Spiking
from spikenet.neurons import cuba_lif, graded_lif, lif, multi_level_lif, sigma_delta, ternary_lif
from spikenet.neurons.primitives import relu
from spikenet.neurons.reset import Reset, detached_subtract
from spikenet.neurons.surrogate import Surrogate, atan


def MultiLevelLIF(
    *,
    levels: int = 4,
    tau_mem_s: Any = 20e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    count: Callable[[int], multi_level_lif.Count] = multi_level_lif.Levels,
    reset: Reset = detached_subtract,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF that sends how many thresholds its membrane exceeds, at most `levels`, and loses as many.

    levels: whole, >= 1
    count : how the count is differentiated: sn.multi_level_lif.Levels, by the surrogate at each level, or
            StraightLevels, as the clamped membrane over the threshold
    reset : subtract or no_reset of sn.reset; tau_mem_s, dt_s, threshold, refractory_s: as of `LIF`
    learn : names among "leak", "threshold"
    """
    described = dict(locals())
    whole("MultiLevelLIF: levels", levels)
    return firing(
        "MultiLevelLIF",
        _counting(count(levels)),
        described,
        lif.parameters(tau_mem_s, dt_s, threshold, "MultiLevelLIF"),
    )


def _counting(count: multi_level_lif.Count) -> Callable[..., Any]:
    def step(p: Any, v: Any, current: Any, *, reset: Reset) -> Any:
        return multi_level_lif.step(p, v, current, count=count, reset=reset)

    return step


def MultiLevelCubaLIF(
    *,
    levels: int = 31,
    tau_mem_s: Any = 20e-3,
    tau_syn_s: Any = 5e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    count: Callable[[int], multi_level_lif.Count] = multi_level_lif.StraightLevels,
    reset: Reset = detached_subtract,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """MultiLevelLIF behind a decaying synaptic current: i <- syn_leak i + current, v <- leak v + i, then as there.

    levels: whole, >= 1; 31 is the hidden neuron of SynSense's Xylo
    count, reset, tau_mem_s, dt_s, threshold, refractory_s: as of `MultiLevelLIF`;  tau_syn_s: > 0, seconds
    learn : names among "syn_leak", "leak", "threshold"
    """
    described = dict(locals())
    whole("MultiLevelCubaLIF: levels", levels)
    values = cuba_lif.parameters(tau_mem_s, tau_syn_s, dt_s, threshold, "MultiLevelCubaLIF")
    return firing("MultiLevelCubaLIF", _counting_current(count(levels)), described, values)


def _counting_current(count: multi_level_lif.Count) -> Callable[..., Any]:
    def step(p: Any, i: Any, v: Any, current: Any, *, reset: Reset) -> Any:
        return multi_level_lif.cuba_step(p, i, v, current, count=count, reset=reset)

    return step


def TernaryLIF(
    *,
    tau_mem_s: Any = 20e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    reset: Reset = detached_subtract,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF that sends 1 above its threshold and -1 below minus its threshold.

    reset: subtract or no_reset of sn.reset; tau_mem_s, dt_s, threshold, refractory_s: as of `LIF`
    learn: names among "leak", "threshold"
    """
    described = dict(locals())
    return firing("TernaryLIF", ternary_lif.step, described, lif.parameters(tau_mem_s, dt_s, threshold, "TernaryLIF"))


def GradedLIF(
    *,
    tau_mem_s: Any = 20e-3,
    dt_s: float = DT_S,
    threshold: Any = 1.0,
    payload: Callable[[Any], Any] = graded_lif.membrane,
    reset: Reset = detached_subtract,
    reset_value: Any = None,
    refractory_s: Any = None,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """LIF whose spikes carry payload(v), by default the membrane itself.

    payload: a function of spikenet.neurons.primitives, or one built from them
    tau_mem_s, dt_s, threshold, reset, reset_value, refractory_s: as of `LIF`
    learn  : names among "leak", "threshold", "reset_value"
    """
    described = dict(locals())
    values = lif.parameters(tau_mem_s, dt_s, threshold, "GradedLIF")
    return firing("GradedLIF", graded_lif.step, described, values, functions=("payload", "reset"))


def SigmaDelta(
    *,
    threshold: Any = 0.1,
    bias: Any = 0.0,
    activation: Callable[[Any], Any] = relu,
    surrogate: Surrogate = atan,
    learn: tuple[str, ...] = (),
) -> Spiking:
    """Sends the change of its activation since it last sent, once that exceeds the threshold either way.

    threshold : > 0, in units of the activation
    bias      : added to the sum of what has arrived before it is activated; Linears in front and behind have none
    activation: a function of spikenet.neurons.primitives, or one built from them
    learn     : names among "threshold", "bias"

    What arrives are changes, too, `np.diff(frames, axis=0, prepend=0)`; the sum of what it has sent is its activation,
    up to the threshold.
    """
    described = dict(locals())
    values = sigma_delta.parameters(threshold, bias)
    return firing("SigmaDelta", sigma_delta.step, described, values, functions=("activation",))
