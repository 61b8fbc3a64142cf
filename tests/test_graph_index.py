"""Indexing: values are numpy's, an element picked twice gets both gradients."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet.graph as G
from spikenet.graph import Tensor, check_gradient

X = np.random.default_rng(0).normal(size=(4, 3, 2))
MASK = X > 0

INDICES = {
    "integer": 1,
    "negative": -1,
    "numpy integer": np.int64(2),
    "slice": slice(1, 3),
    "reversed": (slice(None, None, -2), 1),
    "ellipsis": (..., 0),
    "new axis": (None, slice(None), None, 1),
    "list": [0, 2, 2],
    "array": np.array([[0, 3], [3, 3]]),
    "array without axes": np.array(1),
    "range": range(2),
    "nested tuple": ((0, 1), (2, 2)),
    "two arrays": (np.array([0, 0, 1]), np.array([2, 2, 0])),
    "arrays apart": (np.array([0, 0]), slice(None), np.array([1, 1])),
    "outer": np.ix_([0, 0], [1, 2], [1]),
    "mask": MASK,
    "mask of rows": MASK[:, 0, 0],
    "mask and integers": (MASK[:, 0, 0], np.zeros(int(MASK[:, 0, 0].sum()), int)),
    "list of booleans": [True, False, False, True],
    "nothing": [],
    "empty slice": slice(0, 0),
    "everything": (),
}


@pytest.mark.parametrize("name", INDICES)
def test_indexing(name):
    index = INDICES[name]
    np.testing.assert_array_equal(Tensor(X)[index].data, X[index])
    check_gradient(lambda x: x[index], X)


def test_duplicates_add():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    x[[0, 2, 0, 0]].backward([1, 2, 4, 8])
    np.testing.assert_array_equal(x.grad, [13, 0, 2])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("indices", [1, [0, 1, 1], [[0, -1], [1, 1]], np.zeros((0,), int)], ids=str)
def test_take(indices, axis):
    np.testing.assert_array_equal(G.take(X, indices, axis).data, np.take(X, indices, axis))
    check_gradient(lambda x: G.take(x, indices, axis), X)


def test_take_equals_a_product_with_one_hot_rows():
    """An embedding's gradient, against the obvious way to write it."""
    rng = np.random.default_rng(1)
    rows, g = rng.integers(-7, 7, (5, 4)), rng.normal(size=(5, 4, 3))
    table = Tensor(rng.normal(size=(7, 3)), requires_grad=True)
    G.take(table, rows).backward(g)
    np.testing.assert_allclose(table.grad, np.einsum("ijk,ijl->kl", np.eye(7)[rows], g), atol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis(axis):
    indices = np.random.default_rng(2).integers(-2, 2, (4, 3, 2))
    np.testing.assert_array_equal(G.take_along_axis(X, indices, axis).data, np.take_along_axis(X, indices, axis))
    check_gradient(lambda x: G.take_along_axis(x, indices, axis), X)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda x: x[Tensor([0.0])], TypeError, "index: expected integers, slices or arrays, got a Tensor"),
        (lambda x: x[0, Tensor([0.0])], TypeError, "index.*got a Tensor"),
        (lambda x: x[9], IndexError, "out of bounds"),
        (lambda x: x[[9]], IndexError, "out of bounds"),
        (lambda x: x[0, 0, 0, 0], IndexError, "too many indices"),
        (lambda x: G.take(x, [0.5]), TypeError, "take: expected integer indices, got dtype float64"),
        (lambda x: G.take(x, [9]), IndexError, "out of bounds"),
        (lambda x: G.take(x, [0], axis=3), IndexError, "out of range"),
        (lambda x: G.take_along_axis(x, X, 0), TypeError, "take_along_axis: expected integer"),
    ],
)
def test_bad_indices(call, error, says):
    with pytest.raises(error, match=says):
        call(Tensor(X))
