"""Every neuron model beyond LIF as tests use it, beside its naive version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import naive
import naive_models
import numpy as np

from spikenet.graph import Tensor
from spikenet.layers import (
    adaptive,
    graded,
    integrate,
    neurons,
    nonlinear,
    rates,
    resonating,
    stochastic,
    synaptic,
    trained_lif,
)
from spikenet.layers.spiking import Spiking
from spikenet.neurons import izhikevich, multi_level_lif, primitives, reset, stochastic_lif

N = 3
THRESHOLD = np.array([1.0, 0.7, 1.3])
TAU_S = np.array([20e-3, 5e-3, 3e-3])
CLOSE = 1e-12  # another exp or tanh than in compiled code
FREE = {"reset": reset.subtract}  # the gradient goes through the reset, so that finite differences see the same
FREE_VALUE = {"reset": reset.to_value}


@dataclass(frozen=True)
class Case:
    """make     : (**more constructor arguments) -> the layer
    naive    : its naive step
    learn    : names of its parameters
    drive    : mean and spread of the input that makes it fire now and then
    attached : arguments that let the gradient through the reset
    relative : error allowed in float64; 0 for models of + - * / and comparisons
    held     : places of the states that stand still while refractory; None for a model that never fires
    curve    : width of the smooth twin, in units of the membrane
    """

    name: str
    make: Callable[..., Spiking]
    naive: Callable[..., Any]
    learn: tuple[str, ...]
    drive: tuple[float, float] = (0.35, 0.7)
    attached: dict[str, Any] = field(default_factory=dict)
    relative: float = 0.0
    held: tuple[int, ...] | None = None
    period: dict[str, Any] = field(default_factory=lambda: {"refractory_s": np.array([2e-3, 0.0, 3e-3])})
    spread: float = 0.2

    def __str__(self) -> str:
        return self.name

    def current(self, rng, steps, batch, n=N):
        return rng.normal(*self.drive, (steps, batch, n))

    def start(self, layer, rng, batch, n=N):
        """States near rest; those that count or name a stream as they are at rest."""
        rest = layer._before(Tensor(np.zeros((1, batch, n))), None)
        fixed = ("waiting", "stream_high", "stream_low", "count", "s", "log_probability")
        return tuple(
            part.data if name in fixed else part.data + rng.normal(0, self.spread, part.shape)
            for name, part in zip(layer.states, rest, strict=True)
        )


def bound(constructor, **arguments):
    return lambda **more: constructor(**(arguments | more))


MEM = {"tau_mem_s": TAU_S, "threshold": THRESHOLD}
LEAKY = ("leak", "threshold")
RUNS_AWAY = {"v_rest": [0.0, 0.1, 0.0], "v_rheobase": 0.8, "slope": [0.2, 0.3, 0.4], "threshold": 1.4}
RUNS_AWAY |= {"reset_value": [0.0, -0.2, 0.1], "tau_mem_s": [5e-3, 3e-3, 9e-3]}


def exponential_if(name, method, naively):
    return Case(
        name,
        bound(nonlinear.ExponentialIF, **RUNS_AWAY, method=method),
        naive_models.exponential_if(method=naively),
        ("share", "v_rest", "v_rheobase", "slope", "threshold", "reset_value"),
        drive=(1.5, 3.0),
        attached=FREE_VALUE,
        relative=CLOSE,
        held=(0,),
    )


def adex(name, method, naively):
    adapts = {"tau_adapt_s": [9e-3, 20e-3, 50e-3], "coupling": [0.3, 0.0, -0.2], "jump": 0.1}
    return Case(
        name,
        bound(adaptive.AdEx, **RUNS_AWAY, **adapts, method=method),
        naive_models.adex(method=naively),
        ("share", "adapt_share", "v_rest", "v_rheobase", "slope", "threshold", "coupling", "jump", "reset_value"),
        drive=(1.5, 3.0),
        attached=FREE_VALUE,
        relative=CLOSE,
        held=(0,),
    )


def izhikevich_case(name, method, naively):
    kinds = zip(izhikevich.regular_spiking, izhikevich.chattering, izhikevich.thalamo_cortical, strict=True)
    return Case(
        name,
        bound(nonlinear.Izhikevich, kind=tuple(kinds), dt_s=5e-4, method=method),
        naive_models.izhikevich(method=naively),
        ("recovery", "coupling", "reset_value", "jump", "threshold"),
        drive=(15.0, 30.0),
        attached=FREE_VALUE,
        relative=CLOSE,
        held=(0,),
        period={"refractory_s": [1e-3, 0.0, 1.5e-3]},
        spread=3.0,
    )


CASES = (
    Case(
        "AdaptiveLIF",
        bound(adaptive.AdaptiveLIF, **MEM, tau_adapt_s=[9e-3, 20e-3, 50e-3], jump=[0.1, 0.3, -0.1]),
        naive_models.adaptive_lif(),
        ("leak", "adapt_leak", "threshold", "jump"),
        attached=FREE,
        held=(0,),
    ),
    Case(
        "AdaptiveCurrentLIF",
        bound(
            adaptive.AdaptiveCurrentLIF, **MEM, tau_adapt_s=[9e-3, 20e-3, 50e-3], coupling=[0.5, 0.0, -0.3], jump=0.2
        ),
        naive_models.adaptive_current_lif(),
        ("leak", "adapt_leak", "threshold", "coupling", "jump"),
        attached=FREE,
        held=(0,),
    ),
    exponential_if("ExponentialIF", integrate.runge_kutta_4, naive_models.runge_kutta_4),
    exponential_if("ExponentialIF by Euler", integrate.euler, naive_models.euler),
    adex("AdEx", integrate.runge_kutta_4, naive_models.runge_kutta_4),
    adex("AdEx by exponential Euler", integrate.exponential_euler, naive_models.exponential_euler),
    Case(
        "QuadraticIF",
        bound(
            nonlinear.QuadraticIF, tau_mem_s=[5e-3, 3e-3, 9e-3], curvature=[1.0, 0.5, 2.0], reset_value=[0.0, -0.3, 0.1]
        ),
        naive_models.quadratic_if(),
        ("share", "v_rest", "v_critical", "curvature", "threshold", "reset_value"),
        drive=(1.5, 2.0),
        attached=FREE_VALUE,
        relative=CLOSE,
        held=(0,),
    ),
    izhikevich_case("Izhikevich", integrate.runge_kutta_4, naive_models.runge_kutta_4),
    izhikevich_case("Izhikevich as published", izhikevich.as_published, naive_models.half_steps),
    Case(
        "ResonateAndFire",
        bound(resonating.ResonateAndFire, tau_s=[30e-3, 10e-3, 50e-3], frequency_hz=[20, 50, 110], threshold=THRESHOLD),
        naive_models.resonate_and_fire(),
        ("along", "across", "threshold"),
        drive=(0.1, 0.7),
        held=(0, 1),
    ),
    Case(
        "ResonateAndFire-subtract",
        bound(
            resonating.ResonateAndFire,
            tau_s=[30e-3, 10e-3, 50e-3],
            frequency_hz=[20, 50, 110],
            threshold=THRESHOLD,
            reset=reset.detached_subtract,
        ),
        naive_models.resonate_and_fire(naive.subtract),
        ("along", "across", "threshold"),
        attached=FREE,
    ),
    Case(
        "ResonateIzhikevich",
        bound(
            resonating.ResonateIzhikevich, tau_s=[30e-3, 10e-3, 50e-3], frequency_hz=[20, 50, 110], threshold=THRESHOLD
        ),
        naive_models.resonate_izhikevich(),
        ("along", "across", "threshold"),
        drive=(0.1, 0.7),
        attached={"seen": primitives.identity},
        held=(0, 1),
    ),
    Case(
        "SigmaDelta",
        bound(graded.SigmaDelta, threshold=[0.2, 0.4, 0.1], bias=[0.1, -0.2, 0.05]),
        naive_models.sigma_delta(lambda x: max(x, 0)),
        ("bias", "threshold"),
        drive=(0.1, 0.4),
    ),
    Case(
        "AlphaLIF",
        bound(synaptic.AlphaLIF, **MEM, tau_syn_s=[5e-3, 2e-3, 9e-3]),
        naive_models.alpha_lif(),
        ("syn_leak", "rise", "leak", "threshold"),
        drive=(0.1, 0.4),
        attached=FREE,
        held=(2,),
    ),
    Case(
        "DoubleExponentialLIF",
        bound(synaptic.DoubleExponentialLIF, **MEM, tau_rise_s=[1e-3, 2e-3, 3e-3], tau_fall_s=[5e-3, 7e-3, 4e-3]),
        naive_models.double_exponential_lif(),
        ("fall_leak", "rise_leak", "leak", "scale", "threshold"),
        drive=(0.1, 0.4),
        attached=FREE,
        held=(2,),
    ),
    Case(
        "ConductanceLIF",
        bound(
            synaptic.ConductanceLIF,
            v_rest=0.0,
            v_exc=3.0,
            v_inh=-1.0,
            threshold=[0.7, 0.4, 0.9],
            reset_value=0.0,
            tau_mem_s=TAU_S,
            tau_exc_s=[5e-3, 2e-3, 9e-3],
            tau_inh_s=[9e-3, 5e-3, 2e-3],
        ),
        naive_models.conductance_lif(),
        ("exc_leak", "inh_leak", "share", "v_rest", "v_exc", "v_inh", "threshold", "reset_value"),
        drive=(0.4, 1.0),
        attached=FREE_VALUE,
        relative=CLOSE,
        held=(2,),
        spread=0.0,
    ),
    Case(
        "TwoCompartmentLIF",
        bound(
            synaptic.TwoCompartmentLIF,
            tau_dend_s=TAU_S,
            tau_soma_s=[5e-3, 9e-3, 4e-3],
            dend_coupling=[0.5, 1, 2],
            soma_coupling=[2, 1, 3],
            threshold=[0.3, 0.2, 0.4],
        ),
        naive_models.two_compartment_lif(),
        ("dend_leak", "soma_to_dend", "dend_to_soma", "soma_leak", "threshold"),
        attached=FREE,
        held=(1,),
    ),
    Case(
        "ShortTermPlasticity",
        bound(
            synaptic.ShortTermPlasticity,
            use=[0.5, 0.2, 1.0],
            tau_facilitate_s=[50e-3, 9e-3, 1e-3],
            tau_recover_s=[200e-3, 20e-3, 90e-3],
        ),
        naive_models.short_term_plasticity,
        ("use", "facilitate_leak", "recover_leak"),
        drive=(0.3, 0.3),
        spread=0.05,
    ),
    Case(
        "ParametricLIF",
        bound(trained_lif.ParametricLIF, tau_mem_s=[2.5e-3, 5e-3, 3e-3], threshold=THRESHOLD),
        naive_models.parametric_lif(),
        ("rate", "threshold"),
        drive=(1.0, 1.2),
        attached=FREE,
        relative=CLOSE,
        held=(0,),
    ),
    Case(
        "KLIF",
        bound(trained_lif.KLIF, **MEM, gain=[1.0, 1.3, 0.8]),
        naive_models.klif(),
        ("gain", "leak", "threshold"),
        attached=FREE,
        held=(0,),
    ),
    Case(
        "GatedLIF",
        bound(trained_lif.GatedLIF, decay_gate=[0.2, 0.5, 0.9], reset_gate=[0.9, 0.5, 0.1], input_gate=[0.4, 0.5, 0.6]),
        naive_models.gated_lif,
        (
            "decay_gate",
            "reset_gate",
            "input_gate",
            "keep_leak",
            "linear_decay",
            "soft_reset",
            "conductance_gate",
            "threshold",
        ),
        held=(0,),
        period={"refractory_steps": [2, 0, 3]},
    ),
    Case(
        "MultiLevelLIF",
        bound(graded.MultiLevelLIF, **MEM, levels=3),
        naive_models.multi_level_lif(3),
        LEAKY,
        drive=(0.8, 1.2),
        attached=FREE,
        held=(0,),
    ),
    Case(
        "MultiLevelCubaLIF",
        bound(graded.MultiLevelCubaLIF, **MEM, tau_syn_s=[5e-3, 2e-3, 9e-3], levels=3),
        naive_models.multi_level_cuba_lif(3),
        ("syn_leak", *LEAKY),
        drive=(0.3, 0.8),
        attached=FREE,
        held=(1,),
    ),
    Case(
        "MultiLevelLIF-straight",
        bound(graded.MultiLevelLIF, **MEM, levels=3, count=multi_level_lif.StraightLevels),
        naive_models.multi_level_lif(3),
        LEAKY,
        drive=(0.8, 1.2),
        attached=FREE,
        held=(0,),
    ),
    Case(
        "TernaryLIF",
        bound(graded.TernaryLIF, **MEM),
        naive_models.ternary_lif,
        LEAKY,
        drive=(0.0, 0.9),
        attached=FREE,
        held=(0,),
    ),
    Case(
        "GradedLIF",
        bound(graded.GradedLIF, **MEM),
        naive_models.graded_lif(lambda v: v),
        LEAKY,
        attached=FREE,
        held=(0,),
    ),
    Case(
        "StochasticLIF",
        bound(stochastic.StochasticLIF, **MEM, width=[0.2, 0.4, 0.1]),
        naive_models.stochastic_lif(False),
        ("leak", "threshold", "width"),
        attached=FREE,
        held=(0, 1),
    ),
    Case(
        "StochasticLIF-score",
        bound(stochastic.StochasticLIF, **MEM, width=[0.2, 0.4, 0.1], emit=stochastic_lif.by_score, seed=5),
        naive_models.stochastic_lif(True),
        ("leak", "threshold", "width"),
        relative=CLOSE,
        held=(0, 1),
    ),
    Case(
        "ThresholdLinearRate",
        bound(rates.ThresholdLinearRate, tau_s=TAU_S, gain=[1.0, 2.0, 0.5], threshold=[0.0, 0.2, -0.3]),
        naive_models.first_order(naive_models.threshold_linear),
        ("leak", "gain", "threshold"),
    ),
    Case(
        "SigmoidRate",
        bound(rates.SigmoidRate, tau_s=TAU_S, gain=[1.0, 2.0, 0.5], threshold=[0.0, 0.2, -0.3]),
        naive_models.first_order(naive_models.sigmoid),
        ("leak", "gain", "threshold"),
        relative=CLOSE,
    ),
    Case(
        "LIFFirstOrderRate",
        bound(rates.LIFFirstOrderRate, tau_s=TAU_S),
        naive_models.first_order(lambda p, x: naive.lif_rate_soft(p, (), x)[1]),
        ("leak", "tau_mem_s", "refractory_s", "amplitude", "softness"),
        drive=(1.0, 0.7),
        relative=1e-9,
    ),
    Case(
        "WilsonCowan",
        bound(rates.WilsonCowan, inh_share=0.3),
        naive_models.wilson_cowan,
        (
            "w_ee",
            "w_ei",
            "w_ie",
            "w_ii",
            "share_exc",
            "share_inh",
            "inh_share",
            "exc_gain",
            "exc_threshold",
            "inh_gain",
            "inh_threshold",
        ),
        drive=(1.5, 1.0),
        relative=CLOSE,
        spread=0.05,
    ),
)
OLD = (
    Case(
        "IF",
        bound(neurons.IF, threshold=THRESHOLD),
        naive.integrate_and_fire(naive.subtract),
        ("threshold",),
        attached=FREE,
        held=(0,),
        period={"refractory_steps": [2, 0, 3]},
    ),
    Case("LIF", bound(neurons.LIF, **MEM), naive.lif(naive.subtract), LEAKY, attached=FREE, held=(0,)),
    Case(
        "CubaLIF",
        bound(neurons.CubaLIF, **MEM),
        naive.cuba_lif(naive.subtract),
        ("syn_leak", *LEAKY),
        attached=FREE,
        held=(1,),
    ),
)
REFRACTORY = tuple(case for case in (*OLD, *CASES) if case.held is not None)
