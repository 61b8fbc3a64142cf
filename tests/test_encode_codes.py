"""Codes of time series and of numbers against their papers' algorithms, one number at a time."""

from __future__ import annotations

import math

import naive_codes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikenet as sn
from spikenet.encode import (
    BSA,
    AdaptiveDelta,
    ChangeThreshold,
    LatencyLIF,
    MovingWindow,
    Phase,
    Poisson,
    Population,
    RankOrder,
    StepForward,
    predict_by_population,
    target_first_steps,
    target_spikes,
)

TAPS = (0.1, 0.3, 0.25, 0.1)


@pytest.fixture
def signal(rng):
    """(60, 2, 3) float64 walks, >= 0."""
    walk = np.cumsum(rng.normal(0, 0.2, (60, 2, 3)), axis=0)
    return walk - walk.min()


@pytest.mark.parametrize(
    ("encoder", "naive"),
    [
        (StepForward(0.3), lambda s: naive_codes.step_forward(s, 0.3)),
        (BSA(TAPS, 0.2), lambda s: naive_codes.bsa(s, TAPS, 0.2)),
        (BSA(TAPS), lambda s: naive_codes.bsa(s, TAPS, 0.0)),
        (AdaptiveDelta(0.2, 0.3, 5e-3), lambda s: naive_codes.adaptive_delta(s, 0.2, 0.3, math.exp(-0.2))),
        (AdaptiveDelta(0.2, 0.0), lambda s: naive_codes.adaptive_delta(s, 0.2, 0.0, 1.0)),
        (MovingWindow(0.3, 5), lambda s: naive_codes.moving_window(s, 0.3, 5)),
        (ChangeThreshold(0.7), lambda s: naive_codes.change_threshold(s, 0.7)),
    ],
    ids=repr,
)
def test_contrast_codes_are_the_papers_algorithms(encoder, naive, signal):
    spikes = encoder(signal)
    assert spikes.dtype == signal.dtype
    assert spikes.any()
    for b in range(2):
        for k in range(3):
            assert spikes[:, b, k].tolist() == naive(signal[:, b, k].tolist())


def test_step_forward_follows_a_slow_signal_within_two_thresholds(signal):
    slow = np.repeat(signal, 12, axis=0)  # a change waits for as many steps as its spikes need
    code = StepForward(0.1)
    settled = code.decode(code(slow), slow[0])[11::12]
    assert np.abs(settled - signal).max() <= 0.1 + 1e-9


def test_bsa_gives_back_what_its_filter_made(rng):
    """A sum of filters far enough apart is coded by exactly the spikes it was made of."""
    made = np.zeros((60, 1, 1))
    made[[3, 10, 30, 41]] = 1
    code = BSA(TAPS, 0.74)  # of 0.75 in all: only the whole filter will do
    assert np.array_equal(code(code.decode(made)), made)


def test_phase_is_the_greedy_expansion_and_comes_back(rng):
    x = rng.random((3, 4)) * (1 - 2**-6)
    code = Phase(15, bits=6)
    spikes = code(x)
    for where in np.ndindex(x.shape):
        assert spikes[(slice(None), *where)].tolist() == naive_codes.phase(x[where], 15, 6)
    back = code.decode(spikes)
    assert ((x - back >= 0) & (x - back < 2**-6)).all()


@given(st.integers(0, 2**10 - 1))
@settings(max_examples=40, deadline=None)
def test_phase_of_binary_fractions_is_exact(k):
    code = Phase(20, bits=10)
    assert code.decode(code(np.array([[k / 2**10]]))).item() == k / 2**10


def test_population_is_integrators_of_gaussians(rng):
    x = rng.uniform(-2, 3, (2, 3))
    code = Population(12, 5, low=-2, high=3, width=0.8)
    spikes = code(x)
    assert spikes.shape == (12, 2, 3, 5)
    for where in np.ndindex(x.shape):
        naive = naive_codes.population(x[where], 12, 5, -2, 3, 0.8)
        assert spikes[(slice(None), *where)].tolist() == naive
    assert np.abs(code.decode(Population(400, 5, -2, 3, 0.8)(x)) - x).max() < 1.0  # the range ends bend it inwards


def test_population_fires_at_every_step_at_its_centre():
    assert Population(50, 3)(np.array([[0.5]]))[:, 0, 0, 1].all()


def test_random_population_has_the_excitation_as_rate_and_does_not_depend_on_the_batch(rng):
    x = np.full((40, 2), 0.37)
    code = Population(500, 4, random=True)
    spikes = code(x, seed=3)
    expected = code.excitation(x[:1])[0, 0]
    sigma = np.sqrt(expected * (1 - expected) / (40 * 2 * 500))
    assert (np.abs(spikes.mean(axis=(0, 1, 2)) - expected) < 4 * sigma + 1e-12).all()  # p = 6e-5 each
    assert np.array_equal(code(x[5:7], index=[5, 6], seed=3), spikes[:, 5:7])


@pytest.mark.parametrize(
    ("ranked", "naive"), [(True, naive_codes.rank_steps), (False, naive_codes.bindsnet_rank_steps)]
)
def test_rank_order(ranked, naive, rng):
    x = np.round(rng.random((4, 7)), 2)
    x[:, 2] = 0
    x[1, 3] = x[1, 4]
    spikes = RankOrder(10, ranked)(x)
    for b in range(4):
        for k, step in enumerate(naive(x[b].tolist(), 10)):
            assert np.flatnonzero(spikes[:, b, k]).tolist() == ([] if step is None else [step])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_latency_through_a_lif_is_the_layers_first_spike(dtype, rng):
    x = rng.uniform(-0.2, 1, (3, 5)).astype(dtype)
    spikes = LatencyLIF(40, gain=0.15, tau_mem_s=10e-3)(x)
    layer = sn.LIF(tau_mem_s=10e-3)
    current = np.broadcast_to(x * dtype(0.15), (40, *x.shape))
    expected = sn.encode.first_spike_steps(layer(np.ascontiguousarray(current)).data)
    assert np.array_equal(sn.encode.first_spike_steps(spikes), expected)
    assert (spikes.sum(axis=0) <= 1).all()
    assert 0 < spikes.sum() < 15


def test_poisson_counts_are_poisson(rng):
    code = Poisson(2000, max_rate_hz=900.0)
    counts = code(np.full((10, 1), 0.8), seed=1).ravel()  # mean 0.72 a step
    n = counts.size
    expected = [n * math.exp(-0.72) * 0.72**k / math.factorial(k) for k in range(4)]
    found = [(counts == k).sum() for k in range(4)]
    chi2 = sum((f - e) ** 2 / e for f, e in zip(found, expected, strict=True))
    assert chi2 < 18.5  # 4 degrees of freedom: p = 1e-3


def test_poisson_does_not_depend_on_the_batch_and_continues():
    x = np.linspace(0, 1, 12).reshape(4, 3)
    code = Poisson(30, 400.0)
    whole = code(x, seed=7)
    assert np.array_equal(code(x[2:], index=[2, 3], seed=7), whole[:, 2:])
    assert np.array_equal(Poisson(50, 400.0)(x, seed=7)[:30], whole)
    assert not whole[:, 0, 0].any()  # x = 0
    assert np.array_equal(Poisson(30, 400.0, binary=True)(x, seed=7), np.minimum(whole, 1))


def test_population_votes():
    spikes = np.zeros((2, 2, 6))
    spikes[:, 0, 4], spikes[0, 0, 0:2], spikes[0, 1, 2] = 1, 1, 1
    assert predict_by_population(spikes, 3).tolist() == [0, 1]
    with pytest.raises(ValueError, match="multiple of 4 neurons, got 6"):
        predict_by_population(spikes, 4)


def test_target_spikes_and_steps():
    trains = target_spikes(np.array([1, 0]), 3, 10, right_rate=0.3, wrong_rate=0.1, first=2)
    assert np.flatnonzero(trains[:, 0, 1]).tolist() == [2, 5, 8]
    assert np.flatnonzero(trains[:, 1, 0]).tolist() == [2, 5, 8]
    assert np.flatnonzero(trains[:, 0, 0]).tolist() == [2]
    assert trains.shape == (10, 2, 3)
    assert target_spikes(np.array([0]), 1, 100, 1.0).all()
    assert target_spikes(np.array([0]), 1, 100, 0.3).sum() == 30
    assert not target_spikes(np.array([0]), 2, 5)[:, 0, 1].any()
    assert target_first_steps(np.array([1]), 3, 4, 20).tolist() == [[20, 4, 20]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Poisson(5, 0), ValueError, "max_rate_hz.*got 0"),
        (lambda: Poisson(5, 1e6), ValueError, "at most 20, got 1e\\+06 Hz"),
        (lambda: Poisson(5, 10, binary=1), TypeError, "binary"),
        (lambda: Poisson(5, 10)(np.full((1, 1), 1.1)), ValueError, r"Poisson: expected x in \[0, 1\]"),
        (lambda: LatencyLIF(5, tau_mem_s=-1), ValueError, "tau_mem_s.*-1"),
        (lambda: LatencyLIF(0), ValueError, "steps"),
        (lambda: Phase(5, bits=25), ValueError, "at most 24"),
        (lambda: Phase(5, bits=3)(np.ones((1, 1))), ValueError, r"\[0, 0.875\], got 1"),
        (lambda: Phase(5, bits=8).decode(np.zeros((5, 1, 1))), ValueError, "one period of 8"),
        (lambda: Population(5, 1), ValueError, "n: expected.*>= 2"),
        (lambda: Population(5, 3, low=1, high=0), ValueError, "low < high, got 1.0 and 0.0"),
        (lambda: Population(5, 3, width=0), ValueError, "width"),
        (lambda: Population(5, 3)(np.array([[1.5]])), ValueError, r"\[0, 1\], got 1.5 at index \(0, 0\)"),
        (lambda: Population(5, 3).decode(np.zeros((5, 1, 4))), ValueError, r"\.\.\., 3\), got"),
        (lambda: RankOrder(5, ranked="no"), TypeError, "ranked"),
        (lambda: RankOrder(5)(-np.ones((1, 1))), ValueError, "RankOrder: expected x"),
        (lambda: StepForward(0), ValueError, "StepForward: threshold"),
        (lambda: StepForward(1, steps=4)(np.zeros((5, 1, 1))), ValueError, r"expected a signal \(4, batch"),
        (lambda: BSA((0.0, 0.0)), ValueError, "not all 0"),
        (lambda: BSA((np.nan,)), ValueError, "BSA: taps"),
        (lambda: BSA(TAPS, -1), ValueError, "threshold.*-1"),
        (lambda: BSA(TAPS)(np.zeros((3, 1, 1))), ValueError, "filter's 4 steps, got 3"),
        (lambda: BSA(TAPS)(-np.ones((9, 1, 1))), ValueError, "signal >= 0, got -1"),
        (lambda: AdaptiveDelta(0.1, -0.1), ValueError, "jump.*-0.1"),
        (lambda: AdaptiveDelta(0.1, 0.1, tau_s=0), ValueError, "tau_s"),
        (lambda: AdaptiveDelta(0.1, 0.1)(np.full((2, 1, 1), np.inf)), ValueError, "finite"),
        (lambda: MovingWindow(0.1, 0), ValueError, "window"),
        (lambda: MovingWindow(0.1, 2)(np.zeros(3)), ValueError, "add the missing axis"),
        (lambda: ChangeThreshold(np.inf), ValueError, "factor"),
        (lambda: ChangeThreshold()(np.zeros((1, 1, 1))), ValueError, "at least 2 steps"),
        (lambda: target_spikes([3], 3, 5), ValueError, r"0 \.\. 2, got 3"),
        (lambda: target_spikes([0], 3, 5, right_rate=1.5), ValueError, "right_rate.*1.5"),
        (lambda: target_spikes([0], 3, 5, first=5), ValueError, r"first.*0 \.\. 4"),
        (lambda: target_spikes([0.0], 3, 5), TypeError, "whole-number labels"),
        (lambda: target_first_steps([0], 3, -1, 5), ValueError, "right_step"),
    ],
)
def test_what_cannot_be_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
