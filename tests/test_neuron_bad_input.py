"""What neuron models refuse: impossible and non-finite parameters; messages name the thing, the value, the range."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from model_cases import CASES, REFRACTORY

from spikenet.layers import IF, LIF, Spiking
from spikenet.layers.adaptive import AdaptiveCurrentLIF, AdaptiveLIF, AdEx
from spikenet.layers.graded import GradedLIF, MultiLevelCubaLIF, MultiLevelLIF, SigmaDelta, TernaryLIF
from spikenet.layers.nonlinear import ExponentialIF, Izhikevich, QuadraticIF
from spikenet.layers.rates import LIFFirstOrderRate, SigmoidRate, ThresholdLinearRate, WilsonCowan
from spikenet.layers.resonating import ResonateAndFire, ResonateIzhikevich
from spikenet.layers.stochastic import StochasticLIF
from spikenet.layers.synaptic import (
    AlphaLIF,
    ConductanceLIF,
    DoubleExponentialLIF,
    ShortTermPlasticity,
    TwoCompartmentLIF,
)
from spikenet.layers.trained_lif import KLIF, GatedLIF, ParametricLIF
from spikenet.neurons import leaky_integrator, lif

MAKERS = (
    *(AdaptiveLIF, AdaptiveCurrentLIF, AdEx, ExponentialIF, QuadraticIF, ResonateAndFire, ResonateIzhikevich),
    *(AlphaLIF, DoubleExponentialLIF, ConductanceLIF, TwoCompartmentLIF, ShortTermPlasticity, ParametricLIF, KLIF),
    *(GatedLIF, MultiLevelLIF, MultiLevelCubaLIF, TernaryLIF, GradedLIF, SigmaDelta, StochasticLIF),
    *(ThresholdLinearRate, SigmoidRate),
    *(LIFFirstOrderRate, WilsonCowan),
)
NO_NUMBERS = {
    "reset",
    "method",
    "surrogate",
    "learn",
    "seen",
    "activation",
    "payload",
    "count",
    "emit",
    "levels",
    "seed",
}
NUMBERS = [
    (make, name)
    for make in MAKERS
    for name in inspect.signature(make).parameters
    if name not in NO_NUMBERS | {"reset_value", "refractory_s", "refractory_steps"}
]


@pytest.mark.parametrize(("make", "name"), NUMBERS, ids=lambda v: getattr(v, "__name__", v))
@pytest.mark.parametrize("bad", [math.nan, math.inf, "fast"], ids=str)
def test_numbers_are_finite(make, name, bad):
    """Each refusal names the model and the argument."""
    with pytest.raises((ValueError, TypeError), match=rf"{make.__name__}.*{name.removesuffix('_s')}"):
        make(**{name: bad})


@pytest.mark.parametrize(
    ("make", "name"), [(m, n) for m, n in NUMBERS if n.endswith("_s") or n in ("width", "gain", "use")],
    ids=lambda v: getattr(v, "__name__", v),
)  # fmt: skip
def test_times_and_widths_are_positive(make, name):
    if make in (ThresholdLinearRate, SigmoidRate) and name == "gain":
        pytest.skip("a gain may be negative there")
    if name == "refractory_s":
        pytest.skip("it may be 0")
    for bad in (0, -1e-3):
        with pytest.raises(ValueError, match=rf"{name}: expected"):
            make(**{name: bad})


SPECIAL = [
    (lambda: AdEx(threshold=-60.0), "AdEx: threshold: expected above v_rheobase by at most 60 slopes"),
    (lambda: AdEx(slope=0.1), "AdEx: threshold: expected above v_rheobase by at most 60 slopes"),
    (
        lambda: AdEx(dt_s=20e-3),
        r"AdEx: dt_s: expected at most tau_mem_s = 0.00936667 s, got 0.02; take shorter steps",
    ),
    (lambda: QuadraticIF(v_critical=-1.0), "QuadraticIF: v_critical: expected above v_rest"),
    (lambda: QuadraticIF(threshold=0.5), "QuadraticIF: threshold: expected above v_critical"),
    (lambda: Izhikevich(dt_s=2e-3), "Izhikevich: dt_s: expected at most 0.001 s, got 0.002"),
    (lambda: Izhikevich((0.02, math.nan, -65.0, 8.0)), "Izhikevich: b: expected finite values, got nan"),
    (lambda: ResonateAndFire(frequency_hz=600.0), r"frequency_hz: expected below 1 / \(2 dt_s\) = 500, got 600"),
    (lambda: DoubleExponentialLIF(tau_rise_s=6e-3), "tau_rise_s: expected below tau_fall_s"),
    (lambda: ConductanceLIF(threshold=-70.0), "ConductanceLIF: threshold: expected between v_rest"),
    (lambda: ShortTermPlasticity(use=1.5), r"ShortTermPlasticity: use: expected values in \(0, 1\], got 1.5"),
    (lambda: ParametricLIF(tau_mem_s=1e-3), "ParametricLIF: tau_mem_s: expected above dt_s"),
    (lambda: GatedLIF(decay_gate=1.2), r"GatedLIF: decay_gate: expected values in \[0, 1\]"),
    (lambda: MultiLevelLIF(levels=0), "MultiLevelLIF: levels: expected a whole number >= 1, got 0"),
    (lambda: WilsonCowan(w_ei=-1.0), "WilsonCowan: w_ei: expected values >= 0, got -1"),
    (lambda: StochasticLIF(seed=-1), "StochasticLIF: seed: expected a whole number >= 0, got -1"),
    (lambda: LIF(refractory_s=-1e-3), "LIF: refractory_s: expected 0 or at least half a step of 0.001 s"),
    (lambda: LIF(refractory_s=1e-4), "LIF: refractory_s: expected 0 or at least half a step of 0.001 s"),
    (lambda: LIF(refractory_s=[0.0, 2e-3, 1e-4]), "at least half a step of 0.001 s, got 0.0001$"),
    (lambda: IF(refractory_steps=1.5), "IF: refractory_steps: expected whole numbers >= 0, got 1.5"),
    (lambda: IF(refractory_steps=[1, -2]), "IF: refractory_steps: expected whole numbers >= 0, got -2"),
    (lambda: LIF(refractory_s=1e-3, learn=("refractory_steps",)), r"\['refractory_steps'\] cannot be learnt"),
    (lambda: AdEx(v_rest=[-70.0, -65.0])(np.zeros((2, 1, 3))), "v_rest of shape|rest of 'v' of shape"),
]


@pytest.mark.parametrize(("make", "message"), SPECIAL)
def test_impossible_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_refractory_models_fire_and_have_the_states_they_hold():
    with pytest.raises(TypeError, match="expected a model that fires, got one without a spike"):
        Spiking(leaky_integrator.step, leak=0.9, refractory_steps=2)
    with pytest.raises(TypeError, match=r"holds: no states \['u'\]; there are \['v'\]"):
        Spiking(lif.step, leak=0.9, threshold=1.0, refractory_steps=2, holds=("u",))


def test_every_model_is_tried_here():
    assert {case.make().kind for case in CASES} == {make.__name__ for make in MAKERS} | {"Izhikevich"}
    assert {"IF", "LIF", "CubaLIF"} <= {case.name for case in REFRACTORY}
