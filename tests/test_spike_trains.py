"""Distances between spike trains: against their definitions, and as distances."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import spikenet as sn
from spikenet.spike_trains import binned, cv2, fano, lv, van_rossum, van_rossum_rasters, victor_purpura

TRAINS = st.lists(st.floats(0, 1), max_size=7).map(sorted)


def by_recursion(a, b, q):
    """Victor & Purpura's definition: every spike of one is deleted, inserted or moved."""

    @cache
    def least(i, j):
        if i == 0 or j == 0:
            return float(i + j)
        moved = least(i - 1, j - 1) + q * abs(a[i - 1] - b[j - 1])
        return min(least(i - 1, j) + 1, least(i, j - 1) + 1, moved)

    return least(len(a), len(b))


@given(TRAINS, TRAINS, st.sampled_from([0.0, 1.0, 8.0, 1e9]))
@settings(max_examples=80, deadline=None)
def test_victor_purpura_is_its_recursion(a, b, q):
    assert victor_purpura(a, b, q) == pytest.approx(by_recursion(tuple(a), tuple(b), q), abs=1e-9)


def test_victor_purpura_at_the_extremes():
    a, b = [0.1, 0.2, 0.9], [0.2, 0.5]
    assert victor_purpura(a, b, 0) == 1
    assert victor_purpura(a, b, 1e12) == 3
    assert victor_purpura([], b, 5) == 2
    assert victor_purpura([], [], 5) == 0
    assert victor_purpura([0.1], [0.15], 10) == pytest.approx(0.5)


@given(TRAINS, TRAINS, TRAINS)
@settings(max_examples=40, deadline=None)
def test_both_are_distances(a, b, c):
    for d in (lambda x, y: victor_purpura(x, y, 12.0), lambda x, y: np.sqrt(van_rossum(x, y, 0.05))):
        assert d(a, a) == pytest.approx(0, abs=1e-6)
        assert d(a, b) == pytest.approx(d(b, a))
        assert d(a, c) <= d(a, b) + d(b, c) + 1e-6


def test_van_rossum_is_its_integral():
    a, b, tau = np.array([0.1, 0.12, 0.4]), np.array([0.11, 0.3]), 0.05

    def trace(times, t):
        return np.exp(-(t - times[times <= t]) / tau).sum()

    edges = [0, *sorted([*a, *b]), 3.0]
    whole = sum(
        quad(lambda t: (trace(a, t) - trace(b, t)) ** 2, low, high, epsabs=1e-12)[0]
        for low, high in itertools.pairwise(edges)
    )
    assert van_rossum(a, b, tau) == pytest.approx(whole / tau, rel=1e-8)


def test_van_rossum_of_rasters_is_that_of_their_times(rng):
    rasters = (rng.random((2, 50, 3)) < 0.2).astype(np.float32)
    found = van_rossum_rasters(*rasters, tau_s=7e-3, dt_s=1e-3)
    for k in range(3):
        a, b = (np.flatnonzero(r[:, k]) * 1e-3 for r in rasters)
        assert found[k] == pytest.approx(van_rossum(a, b, 7e-3), rel=1e-9)


def test_van_rossum_of_single_spikes():
    assert van_rossum([0.1], [], 0.01) == pytest.approx(0.5)
    assert van_rossum([0.1], [5.0], 0.01) == pytest.approx(1.0)
    assert sn.spike_trains.van_rossum([], [], 0.01) == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: van_rossum([0.2, 0.1], [], 1), ValueError, "a_s: expected sorted times, got 0.1 s after 0.2 s"),
        (lambda: van_rossum([], [-0.1], 1), ValueError, "b_s: expected times >= 0, got -0.1"),
        (lambda: van_rossum([], [np.nan], 1), ValueError, "b_s: expected finite"),
        (lambda: van_rossum([[0.1]], [], 1), TypeError, "a row of times"),
        (lambda: van_rossum([], [], 0), ValueError, "tau_s"),
        (lambda: van_rossum([True], [], 1), TypeError, "a_s: expected times in seconds, got bool"),
        (lambda: victor_purpura([0.1], np.zeros(2, bool), 1), TypeError, "b_s: expected times in seconds, got bool"),
        (lambda: van_rossum([1j], [], 1), TypeError, "a_s: expected times in seconds, got complex128"),
        (lambda: van_rossum([], [], True), TypeError, "tau_s: expected a number, got True"),
        (lambda: victor_purpura([], [], True), TypeError, "cost_hz: expected a number, got True"),
        (lambda: van_rossum_rasters(-np.ones((3, 2)), np.ones((3, 2)), 1, 1), ValueError, "a: expected spikes.*got -1"),
        (lambda: cv2([True, False], [0, 0], 1), TypeError, "times_s: expected times in seconds, got bool"),
        (lambda: lv(np.array([1j, 2]), [0, 0], 1), TypeError, "times_s: expected times in seconds, got complex"),
        (lambda: fano(-np.ones((4, 2))), ValueError, "fano: counts: expected spikes or counts >= 0, got -1"),
        (lambda: binned([0.1], [0], 1, 0, 1e300, 1e-300), ValueError, "fewer than 2.48 in all, got inf"),
        (lambda: victor_purpura([], ["a"], 1), TypeError, "b_s"),
        (lambda: victor_purpura([], [], -1), ValueError, "cost_hz.*-1"),
        (lambda: van_rossum_rasters(np.ones((3, 2)), np.ones((4, 2)), 1, 1), ValueError, r"\(3, 2\) and \(4, 2\)"),
        (lambda: van_rossum_rasters(np.ones((0, 2)), np.ones((0, 2)), 1, 1), ValueError, "at least one"),
    ],
)
def test_what_cannot_be_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_empty_trains_are_alike_and_spikes_at_one_time_have_no_contrast():
    assert van_rossum([], [], 0.01) == victor_purpura([], [], 1.0) == 0
    assert van_rossum([0.1], [], 0.01) == pytest.approx(0.5)
    assert victor_purpura([0.1, 0.2], [], 1.0) == 2
    for measure in (cv2, lv):
        assert np.isnan(measure([0.1, 0.1, 0.1], [0, 0, 0], 1)).all()
        assert measure([0.1, 0.2, 0.3], [0, 0, 0], 1)[0] == pytest.approx(0)
