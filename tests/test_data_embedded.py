"""The embedded digits: scikit-learn's, scaled, divided the same way on every machine."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from spikenet.data import digits


def rows(*parts):
    return sorted(tuple(row) for part in parts for row in np.column_stack([part.labels, part.inputs * 16]).tolist())


def test_both_parts_together_are_scikit_learns_digits():
    pixels, labels = load_digits(return_X_y=True)
    train, test = digits()
    assert rows(train, test) == sorted(tuple(row) for row in np.column_stack([labels, pixels]).tolist())


def test_inputs_are_flat_float32_from_0_to_1():
    for part in digits():
        assert part.inputs.dtype == np.float32
        assert part.inputs.shape == (len(part), 64)
        assert (part.inputs.min(), part.inputs.max()) == (0, 1)
        assert (part.classes, part.name) == (10, "digits")


def test_the_test_part_holds_a_fifth_of_every_class():
    # scikit-learn's classes 0 .. 9 have 178 182 177 183 181 182 181 179 174 180 samples; a fifth, rounded:
    assert np.bincount(digits()[1].labels).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]


def test_the_split_of_seed_0_never_changes():
    """Golden: published accuracies are measured on this split. Taken from the first version of `split`."""
    train, test = digits(seed=0)
    assert train.labels[:10].tolist() == [0, 0, 1, 1, 0, 1, 1, 1, 1, 0]
    assert test.labels[:10].tolist() == [0, 4, 6, 9, 2, 0, 3, 5, 7, 1]


def test_another_seed_is_another_split():
    assert rows(digits(seed=0)[1]) != rows(digits(seed=1)[1])


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1e-6])
def test_refuses_a_fraction(fraction):
    with pytest.raises(ValueError, match="test_fraction"):
        digits(test_fraction=fraction)


def test_scikit_learn_is_imported_only_when_digits_are_asked_for():
    code = "import sys, spikenet.data, spikenet.encode; print('sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
