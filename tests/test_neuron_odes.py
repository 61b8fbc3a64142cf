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
from scipy.integrate import solve_ivp

from spikenet.layers.adaptive import AdaptiveCurrentLIF, AdaptiveLIF, AdEx
from spikenet.layers.nonlinear import ExponentialIF, Izhikevich, QuadraticIF
from spikenet.layers.rates import LIFFirstOrderRate, SigmoidRate, ThresholdLinearRate, WilsonCowan
from spikenet.layers.resonating import ResonateAndFire, ResonateIzhikevich
from spikenet.layers.synaptic import (
    AlphaLIF,
    ConductanceLIF,
    DoubleExponentialLIF,
    ShortTermPlasticity,
    TwoCompartmentLIF,
)
from spikenet.neurons import izhikevich

pytestmark = pytest.mark.usefixtures("interpreted")


def adex_equation(current, tau_w=0.0, a=0.0):
    tau, rest, rheobase, slope = 281 / 30 * 1e-3, -70.6, -50.4, 2.0

    def equation(t, y):
        v, w = y
        return (rest - v + slope * math.exp(min((v - rheobase) / slope, 40)) - w + current) / tau, (
            a * (v - rest) - w
        ) / tau_w

    return equation


def test_adex_is_of_first_order():
    wanted = solved(adex_equation(15.0, 144e-3, 4 / 30), (-70.6, 0.0), 30e-3)
    found = errors(lambda dt: AdEx(dt_s=dt), lambda dt: 15.0, ("v", "w"), wanted, 30e-3, HALVED_S)
    assert_first_order(found)
    assert found[-1] < 0.02


def test_adex_fires_when_its_equations_do():
    """First spikes and resets under a strong current, against the equations with a stop at every spike."""
    equation, y, now, wanted = adex_equation(33.0, 144e-3, 4 / 30), (-70.6, 0.0), 0.0, []

    def crosses(t, y):
        return y[0] + 30.0

    crosses.terminal = True
    while now < 0.2:
        piece = solve_ivp(equation, (now, 0.2), y, events=crosses, rtol=1e-9, atol=1e-9, method="DOP853")
        if not piece.t_events[0].size:
            break
        now = piece.t[-1]
        wanted.append(now)
        y = (-70.6, piece.y[1, -1] + 80.5 / 30)
    fired = AdEx(dt_s=5e-6, threshold=-30.0)(np.full((40_000, 1, 1), 33.0)).data.ravel()
    times_s = (np.flatnonzero(fired) + 1) * 5e-6
    assert len(wanted) == len(times_s) > 3
    assert np.abs(times_s - wanted).max() < 2e-4  # of 20 to 30 ms between them, gathered over eight
    assert np.all(np.diff(np.diff(wanted)) > 0), "it adapts"


def test_exponential_if_is_of_first_order():
    def equation(t, y):
        return (-65 - y + 3.48 * np.exp((y + 59.9) / 3.48) + 1.0) / 10e-3

    found = errors(
        lambda dt: ExponentialIF(dt_s=dt), lambda dt: 1.0, ("v",), solved(equation, (-65.0,), 20e-3), 20e-3, HALVED_S
    )
    assert_first_order(found)


def test_quadratic_if_is_of_first_order():
    def equation(t, y):
        return (y * (y - 0.8) + 0.1) / 10e-3

    found = errors(
        lambda dt: QuadraticIF(dt_s=dt), lambda dt: 0.1, ("v",), solved(equation, (0.0,), 20e-3), 20e-3, HALVED_S
    )
    assert_first_order(found)


SETS = ("regular_spiking", "intrinsically_bursting", "chattering", "fast_spiking")
SETS += ("low_threshold_spiking", "thalamo_cortical", "resonator")


@pytest.mark.parametrize("name", SETS)
def test_izhikevich_is_of_first_order(name):
    kind = getattr(izhikevich, name)

    def equation(t, y):
        v, u = y
        return 1e3 * (0.04 * v * v + 5 * v + 140 - u), 1e3 * kind.a * (kind.b * v - u)

    wanted = solved(equation, (-65.0, -65.0 * kind.b), 10e-3)
    found = errors(lambda dt: Izhikevich(kind, dt_s=dt), lambda dt: 0.0, ("v", "u"), wanted, 10e-3, HALVED_S)
    assert_first_order(found)


def test_izhikevich_sets_fire_as_they_are_named():
    """Under a current of 10: fast spiking fires most, chattering in bursts, regular spiking with growing intervals."""
    intervals = {}
    for name in ("regular_spiking", "fast_spiking", "chattering", "intrinsically_bursting"):
        fired = Izhikevich(getattr(izhikevich, name), dt_s=1e-4)(np.full((3000, 1, 1), 10.0)).data.ravel()
        intervals[name] = np.diff(np.flatnonzero(fired)) * 0.1
    assert intervals["regular_spiking"][0] < intervals["regular_spiking"][1]
    assert len(intervals["fast_spiking"]) > 2 * len(intervals["regular_spiking"])
    assert intervals["chattering"].min() < 0.3 * intervals["chattering"].max()
    assert intervals["intrinsically_bursting"][0] < 0.3 * intervals["intrinsically_bursting"].max()


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


def test_wilson_cowan_is_of_first_order_and_oscillates():
    def response(x, gain, threshold):
        return 1 / (1 + np.exp(-gain * (x - threshold))) - 1 / (1 + np.exp(gain * threshold))

    def equation(t, y):
        e, i = y
        to_e, to_i = response(16 * e - 12 * i + 1.25, 1.3, 4.0), response(15 * e - 3 * i, 2.0, 3.7)
        return (-e + (1 - e) * to_e) / 10e-3, (-i + (1 - i) * to_i) / 10e-3

    found = errors(
        lambda dt: WilsonCowan(dt_s=dt), lambda dt: 1.25, ("e", "i"), solved(equation, (0, 0), 30e-3), 30e-3, HALVED_S
    )
    assert_first_order(found)
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
