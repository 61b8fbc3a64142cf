"""Neurons against closed forms: firing rates, decays, limits. One loop a model; the formulas are the textbook's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neuron_cases import ALL

from spikenet.graph import Tensor
from spikenet.layers import IF, LI, LIF, CubaLIF, LeakyRate, LIFRate
from spikenet.neurons import reset


def constant(value, steps):
    return np.broadcast_to(np.atleast_1d(np.asarray(value, np.float64)), (steps, 1, np.size(value)))


def test_lif_rate_under_constant_current_is_the_closed_form_within_one_spike():
    """T / (tau ln(J / (J - 1))) spikes in T, J the current over the rheobase (Gerstner et al. 2014, eq. 1.11).

    Steps of 10 us: rounding every interval up to whole steps then costs less than one spike a second.
    """
    tau_s, dt_s, duration_s = 20e-3, 1e-5, 1.0
    above_rheobase = np.array([0.5, 0.99, 1.01, 1.2, 2.0, 3.0])
    x = constant(above_rheobase * (1 - math.exp(-dt_s / tau_s)), round(duration_s / dt_s))
    counts = LIF(tau_mem_s=tau_s, dt_s=dt_s, reset=reset.to_zero)(x).data.sum(axis=0)[0]
    for count, j in zip(counts, above_rheobase, strict=True):
        wanted = duration_s / (tau_s * math.log(j / (j - 1))) if j > 1 else 0
        assert abs(count - wanted) <= 1
    assert counts[:2].sum() == 0
    rate_hz = LIFRate(tau_mem_s=tau_s, refractory_s=0.0, amplitude=1.0, softness=None)(above_rheobase).data
    assert np.abs(counts - rate_hz * duration_s).max() <= 1  # its rate-coded twin is that closed form


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(current=st.floats(0.01, 3.0), threshold=st.floats(0.1, 2.0))
def test_if_spikes_carry_all_charge_but_what_is_left(current, threshold, interpreted):
    """Subtracting resets lose nothing: spikes * threshold + membrane = charge, and at most one spike a step."""
    layer = IF(threshold=threshold)
    spikes, (v,) = layer.run(constant(current, 200))
    assert spikes.data.sum() * threshold + v.data.item() == pytest.approx(200 * current, rel=1e-9)
    if current <= threshold:
        assert v.data.item() <= threshold * (1 + 1e-9)
        assert abs(spikes.data.sum() - 200 * current / threshold) <= 1 + 1e-9


@pytest.mark.parametrize(("dtype", "relative"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_li_decays_exponentially(dtype, relative, interpreted):
    x = np.zeros((60, 1, 1), dtype)
    x[0] = 1
    v = LI(tau_mem_s=7e-3, dt_s=1e-3)(x).data.ravel()
    np.testing.assert_allclose(v, np.exp(-np.arange(60) * 1e-3 / 7e-3), rtol=relative)
    assert v.dtype == dtype


def test_cuba_lif_below_threshold_is_the_difference_of_two_exponentials(interpreted):
    """sum over k of leak^(n-k) syn^k = (leak^(n+1) - syn^(n+1)) / (leak - syn)."""
    x = np.zeros((60, 1, 1))
    x[0] = 0.1
    _, _, v = _states(CubaLIF(tau_mem_s=10e-3, tau_syn_s=3e-3), x)
    leak, syn, n = math.exp(-1 / 10), math.exp(-1 / 3), np.arange(60)
    np.testing.assert_allclose(v, 0.1 * (leak ** (n + 1) - syn ** (n + 1)) / (leak - syn), rtol=1e-12)


def test_leaky_rate_approaches_its_activation(interpreted):
    r = LeakyRate(tau_s=5e-3)(constant(0.8, 40)).data.ravel()
    np.testing.assert_allclose(r, math.tanh(0.8) * (1 - np.exp(-np.arange(1, 41) / 5)), rtol=1e-12)


def test_softened_rate_tends_to_the_exact_one(interpreted):
    """As slowly as sigma: below the rheobase the rate is about sigma / (tau (1 - J))."""
    j = np.concatenate([np.linspace(-2, 0.9, 30), np.linspace(1.1, 5, 30)])
    exact = LIFRate(softness=None)(j).data
    errors = [np.abs(LIFRate(softness=s)(j).data - exact).max() for s in (0.2, 0.05, 0.01, 2e-4)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3 * exact.max()


@pytest.mark.parametrize("softness", [None, 0.05])
def test_rate_rises_with_current_to_the_refractory_limit(softness, interpreted):
    j = np.linspace(-3, 50, 2000)
    rate_hz = LIFRate(amplitude=1.0, softness=softness)(j).data
    assert (np.diff(rate_hz) >= 0).all()
    assert rate_hz[0] < 30  # one spike in 2 ms + 20 ms * (4 / 0.05), softened
    assert LIFRate(amplitude=1.0, softness=softness)(np.array([1e6])).data.item() == pytest.approx(500, rel=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rate_and_its_slope_are_finite_and_smooth_everywhere(dtype, interpreted):
    j = np.concatenate([np.linspace(-30, 30, 4001), [-1e30, -1e6, 0, 1, 1e6, 1e30]]).astype(dtype)
    x = Tensor(j[:, None], requires_grad=True)
    with np.errstate(over="ignore"):
        rate = LIFRate()(x)
        rate.backward(np.ones(rate.shape))
    assert np.isfinite(rate.data).all()
    assert np.isfinite(x.grad).all()
    assert (x.grad >= 0).all()
    steps = np.abs(np.diff(rate.data[:4001, 0].astype(np.float64)))
    assert (steps <= 1.1 * x.grad[:4001].max() * np.diff(j[:4001]).max()).all(), "no jump where the branches meet"


@pytest.mark.parametrize("case", [c for c in ALL if not c.name.startswith("LIFRate")], ids=str)
def test_no_input_no_output(case, interpreted):
    layer = case.make()
    out, states = layer.run(np.zeros((20, 2, 3)))
    assert not out.data.any()
    assert not any(s.data.any() for s in states)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(v=st.floats(0, 0.99), tau_s=st.floats(1e-3, 1.0))
def test_a_membrane_left_alone_below_threshold_only_decays(v, tau_s, interpreted):
    spikes, (after,) = LIF(tau_mem_s=tau_s).run(np.zeros((50, 1, 1)), (np.array([[v]]),))
    assert not spikes.data.any()
    assert 0 <= after.data.item() <= v
    assert after.data.item() == pytest.approx(v * math.exp(-50e-3 / tau_s), rel=1e-9, abs=1e-300)


def _states(layer, x):
    from spikenet.layers import Sequential, record

    (kept,) = record(Sequential(layer), x)
    return kept.output, *(kept.states[name].ravel() for name in layer.states)
