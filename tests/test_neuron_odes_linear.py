"""Leaks, synaptic currents and conductances against the differential equations they stand for, between spikes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ode import HALVED_S, HIGH, assert_first_order, errors, run, solved
from scipy.integrate import solve_ivp

from spikenet.layers import LI, LIF, CubaLIF, cast
from spikenet.layers.graded import GradedLIF, MultiLevelCubaLIF, MultiLevelLIF, TernaryLIF
from spikenet.layers.stochastic import StochasticLIF
from spikenet.layers.synaptic import AlphaLIF, ConductanceLIF, DoubleExponentialLIF
from spikenet.layers.trained_lif import KLIF, ParametricLIF

pytestmark = pytest.mark.usefixtures("interpreted")
LEAKS = {  # models that between spikes are dv/dt = -v / tau_mem: the state that decays
    "LIF": (LIF(), "v"),
    "LI": (LI(), "v"),
    "KLIF": (KLIF(), "v"),
    "TernaryLIF": (TernaryLIF(), "v"),
    "GradedLIF": (GradedLIF(), "v"),
    "MultiLevelLIF": (MultiLevelLIF(), "v"),
    "StochasticLIF": (StochasticLIF(threshold=HIGH), "v"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_leaks_are_exact(name):
    """After an input of 0.3 the equation's solution, at every step, to rounding."""
    layer, state = LEAKS[name]
    x = np.zeros(30)
    x[0] = 0.3
    wanted = solve_ivp(
        lambda t, y: -y / 20e-3,
        (0, 29e-3),
        (0.3,),
        t_eval=np.arange(30) * 1e-3,
        rtol=1e-10,
        atol=1e-12,
        method="DOP853",
    )
    np.testing.assert_allclose(run(cast(layer, np.float64), x)[state], wanted.y[0], rtol=1e-8)


@pytest.mark.parametrize("make", [CubaLIF, MultiLevelCubaLIF])
def test_synaptic_currents_are_of_first_order(make):
    """di/dt = -i / tau_syn, dv/dt = -v / tau_mem + i / tau_syn: an input's whole charge is w, given up over tau_syn."""
    w = 0.3
    wanted = solved(lambda t, y: (-y[0] / 5e-3, -y[1] / 20e-3 + y[0] / 5e-3), (w, 0.0), 20e-3)
    found = []
    for dt_s in HALVED_S:
        x = np.zeros(round(20e-3 / dt_s))
        x[0] = w * (1 - math.exp(-dt_s / 5e-3))
        found.append(abs(run(make(dt_s=dt_s, tau_mem_s=20e-3, tau_syn_s=5e-3), x)["v"][-1] - wanted[1]))
    assert_first_order(found)


def test_a_learnt_time_constant_is_of_first_order():
    """ParametricLIF is tau dv/dt = -v + I by Euler's method."""
    wanted = solved(lambda t, y: (-y + 0.7) / 20e-3, (0.0,), 20e-3)
    found = errors(lambda dt: ParametricLIF(tau_mem_s=20e-3, dt_s=dt), lambda dt: 0.7, ("v",), wanted, 20e-3, HALVED_S)
    assert_first_order(found)


@pytest.mark.parametrize(
    ("make", "current"),
    [
        (
            lambda dt: AlphaLIF(tau_mem_s=20e-3, tau_syn_s=5e-3, dt_s=dt, threshold=HIGH),
            lambda t: t / 5e-3 * math.exp(1 - t / 5e-3),
        ),
        (
            lambda dt: DoubleExponentialLIF(tau_mem_s=20e-3, tau_rise_s=1e-3, tau_fall_s=5e-3, dt_s=dt, threshold=HIGH),
            lambda t: (math.exp(-t / 5e-3) - math.exp(-t / 1e-3)) / (5 ** -0.25 - 5 ** -1.25),
        ),
    ],
    ids=["alpha", "double exponential"],
)  # fmt: skip
def test_membranes_behind_shaped_synapses_are_of_first_order(make, current):
    """dv/dt = -v / tau_mem + i(t) / tau_mem; an input of dt / tau_mem does in steps what i does there."""
    wanted = solved(lambda t, y: [(-y[0] + current(t)) / 20e-3], (0.0,), 15e-3, max_step=1e-3)
    found = []
    for dt_s in HALVED_S:
        x = np.zeros(round(15e-3 / dt_s))
        x[0] = dt_s / 20e-3
        found.append(abs(run(make(dt_s), x)["v"][-1] - wanted[0]))
    assert_first_order(found)


@pytest.mark.parametrize("w", [0.8, -0.8], ids=["excitatory", "inhibitory"])
def test_both_conductances_are_of_first_order(w):
    """An input > 0 opens the excitatory channels, one < 0 the inhibitory, each with its own time constant."""
    tau_s, reversal = (5e-3, 0.0) if w > 0 else (10e-3, -80.0)
    start = (-60.0, abs(w))
    wanted = solved(lambda t, y: ((-60 - y[0] + y[1] * (reversal - y[0])) / 20e-3, -y[1] / tau_s), start, 10e-3)
    found = []
    for dt_s in HALVED_S:
        x = np.zeros(round(10e-3 / dt_s))
        x[0] = w
        found.append(abs(run(ConductanceLIF(dt_s=dt_s, threshold=-1.0), x)["v"][-1] - wanted[0]))
    assert_first_order(found)
