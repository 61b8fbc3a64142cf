"""Metrics by hand."""

import numpy as np
import pytest

from spikenet.train import metrics

Y = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.4]])


def test_accuracy_counts_the_largest_output():
    assert metrics.accuracy(Y, np.array([1, 0, 0])) == pytest.approx(2 / 3)


def test_accuracy_over_time_looks_at_the_sum_and_max_accuracy_at_the_peak():
    y = np.array([[[3.0, 0.0]], [[0.0, 2.0]], [[0.0, 2.0]]])
    assert metrics.accuracy(y, np.array([1])) == 1.0
    assert metrics.max_accuracy(y, np.array([0])) == 1.0


def test_of_equal_outputs_the_first_class_is_taken():
    assert metrics.accuracy(np.zeros((2, 3)), np.array([0, 1])) == 0.5


def test_errors_and_rate_by_hand():
    y = np.array([[1.0, 2.0], [3.0, 5.0]])
    assert metrics.mean_squared_error(y, np.array([[0.0, 2.0], [3.0, 3.0]])) == pytest.approx(5 / 4)
    assert metrics.mean_absolute_error(y, np.array([[0.0, 2.0], [3.0, 3.0]])) == pytest.approx(3 / 4)
    assert metrics.mean_squared_error(np.stack([y, y + 1])[:, :, None], y[:, None]) == pytest.approx(1 / 2)
    assert metrics.output_rate(np.array([[[0.0, 1.0]], [[0.0, 0.0]]]), None) == 0.25


def test_bad_input_names_the_metric():
    with pytest.raises(ValueError, match=r"accuracy: expected labels in 0\.\.1 for 2 classes, got 7 at position 2"):
        metrics.accuracy(Y, np.array([0, 1, 7]))
    with pytest.raises(ValueError, match="max_accuracy: expected outputs"):
        metrics.max_accuracy(Y, np.array([0, 1, 1]))
    with pytest.raises(ValueError, match="accuracy: expected outputs"):
        metrics.accuracy(np.zeros((2, 2, 2, 2)), np.array([0, 1]))
