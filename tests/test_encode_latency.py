"""Latency codes: golden times, one spike each, neighbours without influence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikenet.encode import LatencyLinear, LatencyLog

SILENT = None


def spike_steps(spikes):
    """Per input, the step of its only spike or None; fails on a second spike or a value other than 0 and 1."""
    flat = spikes.reshape(len(spikes), -1)
    steps = [np.flatnonzero(column).tolist() for column in flat.T]
    assert set(np.unique(flat)) <= {0, 1}
    assert all(len(s) <= 1 for s in steps)
    return [s[0] if s else SILENT for s in steps]


def test_linear_golden():
    # steps 5, so t = 4 (1 - x): 1 -> 0, 0.8 -> 0.8 -> 1, 0.5 -> 2, 0.2 -> 3.2 -> 3, 0.02 -> 3.92 -> 4;
    # halves to even: 0.875 -> 0.5 -> 0, 0.625 -> 1.5 -> 2, 0.375 -> 2.5 -> 2; at and under 0.01 silent.
    x = [[1, 0.8, 0.5, 0.2, 0.02, 0.875, 0.625, 0.375, 0.01, 0.0]]
    assert spike_steps(LatencyLinear(5)(x)) == [0, 1, 2, 3, 4, 0, 2, 2, SILENT, SILENT]


def test_log_golden():
    # threshold 1/4, last time at excess 1/4: ln(x / (x - 1/4)) is ln 2 at x = 1/2, so with 9 steps
    # t = 8 log2(x / (x - 1/4)). 1/2 -> 8; 3/4: log2(3/2) = 0.585 -> 4.68 -> 5; 1: log2(4/3) = 0.415 -> 3.32 -> 3;
    # 3/8, nearer to the threshold than 1/2, -> 8 as well; 1/4 and 0 never reach it.
    x = [[1 / 2, 3 / 4, 1, 3 / 8, 1 / 4, 0]]
    assert spike_steps(LatencyLog(9, threshold=1 / 4, least_excess=1 / 4)(x)) == [8, 5, 3, 8, SILENT, SILENT]


def test_log_equals_snntorch_where_its_batch_maximum_is_our_last_time():
    # snnTorch documents latency_code([0.02, 0.5, 1], 5 steps, normalize) as 4, 0.1166, 0.0580 at threshold 0.01.
    # Its batch maximum is that of 0.02, an excess of 0.01; with 500 steps times are 499 / 4 as long: 499, 14.5, 7.24.
    assert spike_steps(LatencyLog(500, least_excess=0.01)([[0.02, 0.5, 1]])) == [499, 15, 7]


@given(
    st.integers(1, 300),
    st.floats(0.001, 0.9),
    st.floats(1e-7, 0.09),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_times_follow_the_formulas(steps, threshold, least, values):
    """Within half a step of the formula written out, silent exactly at and below the threshold."""
    last = math.log((threshold + least) / least)
    linear = spike_steps(LatencyLinear(steps, threshold)([values]))
    log = spike_steps(LatencyLog(steps, threshold, least)([values]))
    for x, t_linear, t_log in zip(values, linear, log, strict=True):
        assert (t_linear is SILENT) == (t_log is SILENT) == (x <= threshold)
        if x > threshold:
            slow = max(x, threshold + least)
            assert abs(t_linear - (steps - 1) * (1 - x)) <= 0.5 + 1e-9
            # x - threshold cancels to some 1e-16 / 1e-7 of its value in this naive form
            assert abs(t_log - (steps - 1) / last * math.log(slow / (slow - threshold))) <= 0.5 + 1e-6


ENCODERS = [LatencyLinear(12), LatencyLog(12), LatencyLinear(1), LatencyLog(1)]


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_a_larger_value_never_fires_later(encoder):
    steps = spike_steps(encoder(np.linspace(0.011, 1, 500)[None]))
    assert None not in steps
    assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
def test_neighbours_do_not_matter(encoder):
    x = np.random.default_rng(0).random((5, 2, 3), dtype=np.float32)
    together = encoder(x)
    for b in range(5):
        assert np.array_equal(together[:, b], encoder(x[b : b + 1])[:, 0])


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_shape_type_and_purity(encoder, dtype):
    x = np.random.default_rng(0).random((2, 3, 4)).astype(dtype)
    x.flags.writeable = False
    spikes = encoder(x)
    assert spikes.shape == (encoder.steps, 2, 3, 4)
    assert spikes.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", [LatencyLinear, LatencyLog])
def test_the_threshold_itself_is_silent_in_every_float_type(kind, dtype):
    """0.2 is 0.2 + 3e-9 in float32: a comparison across types would let it fire."""
    x = np.array([[0.2, np.nextafter(dtype(0.2), dtype(1))]], dtype)
    assert [s is SILENT for s in spike_steps(kind(5, threshold=0.2)(x))] == [True, False]
