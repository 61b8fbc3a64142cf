"""Arrays: what it holds, what it refuses, and the stratified division of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikenet.data import Arrays, arrays, split


def small(n: int = 6, classes: int = 3) -> Arrays:
    return arrays(np.arange(2.0 * n).reshape(n, 2), np.arange(n) % classes, "small")


def test_arrays_converts_to_the_package_types():
    data = arrays([[1, 2], [3, 4]], [0, 2])
    assert data.inputs.dtype == np.float32
    assert data.labels.dtype == np.int64
    assert (len(data), data.classes, data.name) == (2, 3, "arrays")


def test_float32_inputs_are_not_copied():
    inputs = np.zeros((4, 2), np.float32)
    assert np.shares_memory(arrays(inputs, [0, 0, 1, 1]).inputs, inputs)


def test_a_record_does_not_change():
    data = small()
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.classes = 5  # type: ignore[misc]


def test_repr_is_short_however_large_the_data():
    assert repr(small()) == "Arrays(name='small', classes=3)"


def test_take_keeps_order_repeats_and_classes():
    part = small().take([4, 0, 4])
    assert part.inputs.tolist() == [[8, 9], [0, 1], [8, 9]]
    assert part.labels.tolist() == [1, 0, 1]
    assert part.classes == 3


def test_take_is_a_copy():
    data = small()
    data.take([0]).inputs[:] = 99
    assert data.inputs[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("indices", "error", "words"),
    [
        ([6], ValueError, r"0 \.\. 5, got 6"),
        ([0, -1], ValueError, r"0 \.\. 5, got -1"),
        ([], ValueError, r"n >= 1, got shape \(0,\)"),
        (2, ValueError, r"got shape \(\)"),
        ([[0, 1]], ValueError, r"got shape \(1, 2\)"),
        ([0.0, 1.0], TypeError, "float64"),
        ([True, False, True, False, True, False], TypeError, "flatnonzero"),
    ],
)
def test_take_refuses(indices, error, words):
    with pytest.raises(error, match=words):
        small().take(indices)


@pytest.mark.parametrize(
    ("inputs", "labels", "classes", "error", "words"),
    [
        (np.zeros((3, 2)), [0, 1], None, ValueError, "got 2 labels, 3 inputs"),
        (np.zeros((0, 2)), np.zeros(0, int), None, ValueError, r"at least one sample.*\(0, 2\)"),
        (np.zeros((2, 0)), [0, 1], None, ValueError, r"\(2, 0\)"),
        (np.zeros(3), [0, 1, 2], None, ValueError, r"got shape \(3,\)"),
        (np.zeros((2, 2)), [[0], [1]], None, ValueError, r"labels \(N,\).*\(2, 1\)"),
        ([[0.0, np.nan]], [0], None, ValueError, r"nan at index \(0, 1\)"),
        ([[0.0], [-np.inf]], [0, 0], None, ValueError, r"-inf at index \(1, 0\)"),
        ([[0.0, np.inf]], [0], None, ValueError, r"inf at index \(0, 1\)"),
        ([[1e300]], [0], None, ValueError, "inf"),
        (np.zeros((2, 1)), [0, 3], 3, ValueError, r"labels in 0 \.\. 2, got 3 at sample 1"),
        (np.zeros((2, 1)), [-1, 0], None, ValueError, "got -1 at sample 0"),
        (np.zeros((2, 1)), [-4, -1], None, ValueError, "got -4 at sample 0"),
        (np.zeros((1, 1)), np.array([2**63], np.uint64), None, ValueError, "fit int64"),
        (np.zeros((2, 1)), [0.0, 1.0], None, TypeError, "float64"),
        (np.zeros((2, 1)), [True, False], None, TypeError, "bool"),
        ([["a"]], [0], None, TypeError, "expected numbers"),
        ([[1 + 1j], [complex(2, np.inf)], [3]], [0, 0, 0], None, ValueError, r"infj\) at index \(1, 0\)"),
        (np.zeros((2, 1)), [0, 0], 0, ValueError, "classes"),
        (np.zeros((2, 1)), [0, 0], 2.0, TypeError, "classes"),
    ],
)
def test_arrays_refuses(inputs, labels, classes, error, words):
    with pytest.raises(error, match=words):
        arrays(inputs, labels, classes=classes)


def test_the_record_itself_refuses_other_types():
    with pytest.raises(TypeError, match=r"inputs: expected dtype float32 or complex64, got float64"):
        Arrays(np.zeros((1, 1)), np.zeros(1, np.int64), "x", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"labels: expected an array, got list"):
        Arrays(np.zeros((1, 1), np.float32), [0], "x", 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="name"):
        arrays(np.zeros((1, 1)), [0], name=3)  # type: ignore[arg-type]


@given(st.integers(0, 2**70), st.floats(0.2, 0.8), st.lists(st.integers(0, 3), min_size=12, max_size=60))
def test_split_divides_every_class_in_proportion(seed, fraction, labels):
    """Nothing lost, nothing doubled; each class within half a sample of its share."""
    data = arrays(np.arange(len(labels))[:, None], labels, classes=4)
    train, test = split(data, fraction, seed)
    numbers = np.concatenate([train.inputs, test.inputs])[:, 0]
    assert sorted(numbers) == list(range(len(labels)))
    for part in (train, test):
        assert np.array_equal(part.labels, data.labels[part.inputs[:, 0].astype(int)])
    share = fraction * np.bincount(labels, minlength=4)
    assert (np.abs(np.bincount(test.labels, minlength=4) - share) <= 0.5 + 1e-9).all()


def test_split_by_another_seed_is_another_split():
    data = arrays(np.arange(100)[:, None], np.arange(100) % 2)
    first, again, other = (split(data, 0.2, seed)[1].inputs[:, 0].tolist() for seed in (0, 0, 1))
    assert first == again
    assert sorted(first) != sorted(other)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, np.nan])
def test_split_refuses_a_fraction_outside(fraction):
    with pytest.raises(ValueError, match="test_fraction"):
        split(small(), fraction)


def test_split_refuses_an_empty_part():
    with pytest.raises(ValueError, match="6 for training and 0 for testing"):
        split(small(), 0.1)
    with pytest.raises(ValueError, match="0 for training and 6 for testing"):
        split(small(), 0.9)


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (0.5, TypeError), (True, TypeError)])
def test_split_refuses_a_seed(seed, error):
    with pytest.raises(error, match="seed"):
        split(small(), 0.5, seed)
