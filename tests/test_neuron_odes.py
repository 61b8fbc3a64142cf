"""Every model against the differential equations it stands for, solved by scipy: the error falls with dt as stated.

A model of order 1 halves its error with the step; one that is exact on the grid has none but rounding. Input is held
over each step, as `per_step` of the equation's current: for models whose input adds to the membrane, (1 - leak) I is
what a current I does in a step.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from ode import HALVED_S, HIGH, assert_first_order, errors, run, solved

from spikenet.layers.adaptive import AdaptiveCurrentLIF, AdaptiveLIF
from spikenet.layers.rates import LIFFirstOrderRate, SigmoidRate, ThresholdLinearRate, WilsonCowan
from spikenet.layers.resonating import ResonateAndFire, ResonateIzhikevich
from spikenet.layers.synaptic import (
    AlphaLIF,
    ConductanceLIF,
    DoubleExponentialLIF,
    ShortTermPlasticity,
    TwoCompartmentLIF,
)

pytestmark = pytest.mark.usefixtures("interpreted")


def test_adaptive_current_lif_is_of_first_order():
    def equation(t, y):
        v, w = y
        return (-v - w + 0.5) / 20e-3, (0.7 * v - w) / 50e-3

    wanted = solved(equation, (0.0, 0.0), 40e-3)
    found = errors(
        lambda dt: AdaptiveCurrentLIF(tau_adapt_s=50e-3, dt_s=dt, coupling=0.7, threshold=HIGH),
        lambda dt: 0.5 * (1 - math.exp(-dt / 20e-3)), ("v", "w"), wanted, 40e-3, HALVED_S,
    )  # fmt: skip
    assert_first_order(found)


def test_conductance_lif_is_of_first_order():
    """One input opens both kinds of channels' decay; the membrane follows them with one step's lag at most."""

    def equation(t, y):
        g = 0.8 * math.exp(-t / 5e-3)
        return [(-60 - y[0] + g * (0 - y[0])) / 20e-3]

    wanted, found = solved(equation, (-60.0,), 10e-3), []
    for dt_s in HALVED_S:
        x = np.zeros(round(10e-3 / dt_s))
        x[0] = 0.8
        found.append(abs(run(ConductanceLIF(dt_s=dt_s, threshold=-1.0), x)["v"][-1] - wanted[0]))
    assert_first_order(found)


def test_wilson_cowan_oscillates():
    e = run(WilsonCowan(dt_s=1e-4), np.full(4000, 1.25))["e"][2000:]
    assert np.ptp(e) > 0.1


def test_lif_with_an_adaptive_threshold_is_exact_between_spikes():
    layer = AdaptiveLIF(tau_mem_s=20e-3, tau_adapt_s=70e-3, dt_s=1e-3, jump=0.4)
    x = np.zeros(50)
    x[0] = 1.5
    states = run(layer, x)
    t = np.arange(50) * 1e-3
    np.testing.assert_allclose(states["v"], 0.5 * np.exp(-t / 20e-3), rtol=1e-12)
    np.testing.assert_allclose(states["a"], 0.4 * np.exp(-t / 70e-3), rtol=1e-12)


def test_alpha_synapse_is_exact():
    x = np.zeros(40)
    x[0] = 1.0
    i = run(AlphaLIF(tau_syn_s=5e-3, threshold=HIGH), x)["i"]
    t = np.arange(40) / 5
    np.testing.assert_allclose(i, t * np.exp(1 - t), rtol=1e-12, atol=1e-15)
    assert i[5] == pytest.approx(1, rel=1e-12)


def test_double_exponential_synapse_is_exact_with_peak_one():
    x = np.zeros(400)
    x[0] = 1.0
    layer = DoubleExponentialLIF(tau_rise_s=1e-3, tau_fall_s=5e-3, dt_s=1e-5, threshold=HIGH)
    states = run(layer, x)
    i = layer.values["scale"].data * (states["d"] - states["r"])
    t = np.arange(400) * 1e-5
    shape = np.exp(-t / 5e-3) - np.exp(-t / 1e-3)
    peak_s = 1e-3 * 5e-3 / 4e-3 * math.log(5)
    peak = math.exp(-peak_s / 5e-3) - math.exp(-peak_s / 1e-3)
    np.testing.assert_allclose(i, shape / peak, rtol=1e-9, atol=1e-12)
    assert i.max() == pytest.approx(1, rel=1e-5)


def test_two_compartments_are_solved_exactly():
    def equation(t, y):
        d, v = y
        return (-d + 1.5 * (v - d)) / 10e-3, (-v + 0.7 * (d - v)) / 20e-3

    x = np.zeros(30)
    x[0] = 1.0
    states = run(TwoCompartmentLIF(dend_coupling=1.5, soma_coupling=0.7, threshold=HIGH), x)
    wanted = solved(equation, (1.0, 0.0), 29e-3)
    np.testing.assert_allclose([states["d"][-1], states["v"][-1]], wanted, rtol=1e-8)


@pytest.mark.parametrize("make", [ResonateAndFire, ResonateIzhikevich])
def test_resonators_are_exact_and_prefer_their_own_frequency(make):
    x = np.zeros(60)
    x[0] = 1.0
    z = run(make(tau_s=30e-3, frequency_hz=25.0, threshold=HIGH), x)
    t = np.arange(60) * 1e-3
    wanted = np.exp((-1 / 30e-3 + 2j * np.pi * 25.0) * t)
    np.testing.assert_allclose(z["x"] + 1j * z["y"], wanted, atol=1e-12)
    t = np.arange(500) * 1e-3
    highest = [
        np.abs(run(make(frequency_hz=25.0, threshold=HIGH), np.sin(2 * np.pi * f * t))["x"]).max() for f in (10, 25, 60)
    ]
    assert highest[1] > 2 * max(highest[0], highest[2])


def test_short_term_plasticity_follows_its_equations_between_spikes():
    """du/dt = (U - u) / tau_f, dr/dt = (1 - r) / tau_d, and the jumps of Tsodyks & Markram at each spike."""
    use, facilitate_s, recover_s, u, r = 0.15, 0.75, 0.05, 0.15, 1.0
    x, wanted = np.zeros(200), np.zeros(200)
    x[[0, 10, 20, 30, 40, 150]] = 1
    for k, spike in enumerate(x):
        if k:
            u, r = solved(lambda t, y: ((use - y[0]) / facilitate_s, (1 - y[1]) / recover_s), (u, r), 1e-3)
        if spike:
            u = u + use * (1 - u)
            wanted[k] = u * r
            r = r - u * r
    layer = ShortTermPlasticity(use=use, tau_facilitate_s=facilitate_s, tau_recover_s=recover_s)
    released = layer(x[:, None, None]).data.ravel()
    np.testing.assert_allclose(released, wanted, rtol=1e-8)
    assert released[10] > released[0], "facilitated"
    depressed = ShortTermPlasticity(use=0.5, tau_facilitate_s=1e-3, tau_recover_s=0.8)(x[:, None, None]).data.ravel()
    assert depressed[10] < 0.6 * depressed[0]


@pytest.mark.parametrize(
    ("layer", "current", "steady"),
    [
        (ThresholdLinearRate(tau_s=5e-3, gain=2.0, threshold=0.3), 0.8, 2.0 * (0.8 - 0.3)),
        (SigmoidRate(tau_s=5e-3, gain=2.0, threshold=0.3), 0.8, 1 / (1 + math.exp(-1))),
        (LIFFirstOrderRate(tau_s=5e-3, softness=1e-2, amplitude=1.0), 2.0, 1 / (2e-3 + 20e-3 * math.log(2))),
    ],
    ids=lambda v: getattr(v, "kind", ""),
)
def test_rates_approach_their_response_exponentially(layer, current, steady):
    r = run(layer, np.full(40, current))["r"]
    np.testing.assert_allclose(r, steady * (1 - np.exp(-np.arange(1, 41) / 5)), rtol=1e-10, atol=1e-9)
