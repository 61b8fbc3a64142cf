"""Decoding: counts, first spikes, membranes to labels."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet import encode

# (steps 4, batch 3, classes 3). Sample 0: counts 1 3 2, first spikes 0 1 1. Sample 1: counts 2 0 2, first 2 - 1.
# Sample 2 is silent.
SPIKES = np.array(
    [
        [[1, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 1, 1], [0, 0, 1], [0, 0, 0]],
        [[0, 1, 1], [1, 0, 1], [0, 0, 0]],
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
    ],
    np.float32,
)
# Sample 0: sums 3 2 1, maxima 1 2 1. Sample 1 below rest: sums -3 -1 -4, maxima -1 0 -1.
MEMBRANE = np.array([[[1, 0, 1], [-1, -1, -2]], [[1, 2, 0], [-1, 0, -1]], [[1, 0, 0], [-1, 0, -1]]], np.float64)

ALL = [
    encode.spike_counts,
    encode.first_spike_steps,
    encode.predict_by_count,
    encode.predict_by_first_spike,
    encode.predict_by_sum_membrane,
    encode.predict_by_max_membrane,
]


def test_counts():
    counts = encode.spike_counts(SPIKES)
    assert counts.tolist() == [[1, 3, 2], [2, 0, 2], [0, 0, 0]]
    assert counts.dtype == np.float32


def test_first_spikes_and_the_number_of_steps_for_silence():
    assert encode.first_spike_steps(SPIKES).tolist() == [[0, 1, 1], [2, 4, 1], [4, 4, 4]]


def test_predictions_and_the_lower_label_of_a_tie():
    assert encode.predict_by_count(SPIKES).tolist() == [1, 0, 0]
    assert encode.predict_by_first_spike(SPIKES).tolist() == [0, 2, 0]
    assert encode.predict_by_sum_membrane(MEMBRANE).tolist() == [0, 1]
    assert encode.predict_by_max_membrane(MEMBRANE).tolist() == [1, 1]


def test_latency_and_decoding_are_inverse():
    """The brightest input of a linear latency code is the class that spikes first."""
    x = np.random.default_rng(0).permuted(np.tile(np.linspace(0.1, 1, 10), (20, 1)), axis=1)
    assert np.array_equal(encode.predict_by_first_spike(encode.LatencyLinear(100)(x)), x.argmax(axis=1))


@pytest.mark.parametrize("function", ALL, ids=lambda f: f.__name__)
def test_takes_read_only_views(function):
    still = np.broadcast_to(np.eye(3, dtype=np.float32), (5, 3, 3))
    result = function(still)
    assert len(result) == 3


@pytest.mark.parametrize("function", [*ALL[:4], lambda s: encode.predict_by_population(s, 3)], ids=lambda f: f.__name__)
def test_spikes_are_not_negative(function):
    """Ternary spikes and membranes have no count and no first spike; what takes them is named."""
    signed = SPIKES.copy()
    signed[2, 1, 0] = -1
    with pytest.raises(
        ValueError, match=r"expected spikes >= 0, got -1.0 at index \(2, 1, 0\).*predict_by_sum_membrane"
    ):
        function(signed)
    assert encode.predict_by_sum_membrane(signed).tolist() == [1, 2, 0]


@pytest.mark.parametrize("start", [np.nan, np.zeros(7), [1j, 0, 0]])
def test_a_baseline_starts_at_numbers_that_fit(start):
    with pytest.raises(ValueError, match=r"StepForward\.decode: start: expected"):
        encode.StepForward(0.1).decode(SPIKES, start)


@pytest.mark.parametrize("function", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.zeros((4, 3)), ValueError, r"\(4, 3\)"),
        (np.zeros((4, 3, 2, 2)), ValueError, r"\(steps, batch, classes\), got shape \(4, 3, 2, 2\)"),
        (np.zeros((0, 3, 2)), ValueError, "at least one"),
        (np.full((1, 1, 1), np.nan), ValueError, "nan"),
        ([[["a"]]], TypeError, "real numbers"),
    ],
)
def test_refuses(function, values, error, words):
    with pytest.raises(error, match=words):
        function(values)
