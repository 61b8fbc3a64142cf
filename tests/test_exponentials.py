"""Vectorised expm1, tanh and sigmoid against numpy's in longer numbers; recurrent units on one thread and on two."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import spikenet as sn
from spikenet.derive.compile import compiled
from spikenet.graph import Tensor
from spikenet.kernels import exponentials


@compiled()
def _all(x, y):
    for i in range(x.size):
        y[0, i] = exponentials.expm1(x[i])
        y[1, i] = exponentials.tanh(x[i])
        y[2, i] = exponentials.sigmoid(x[i])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_few_units_of_rounding(dtype):
    sizes = np.geomspace(1e-30, 80, 4001)
    x = np.concatenate([np.linspace(-80, 80, 9999), sizes, -sizes]).astype(dtype)
    y, exact = np.empty((3, x.size), dtype), x.astype(np.longdouble)
    _all(x, y)
    expected = np.array([np.expm1(exact), np.tanh(exact), 1 / (1 + np.exp(-exact))])
    error = np.abs(y - expected) / np.maximum(np.abs(expected), np.finfo(dtype).tiny)
    assert error.max() < 10 * np.finfo(dtype).eps
    beyond = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0], dtype)
    y = np.empty((3, beyond.size), dtype)
    _all(beyond, y)
    assert np.isnan(y[:, 0]).all(), "NaN is not hidden"
    np.testing.assert_array_equal(y[1, 1:], [1, -1, 1, -1, 0])
    np.testing.assert_allclose(y[2, 1:], [1, 0, 1, 0, 0.5], atol=1e-37)


@pytest.mark.parametrize("make", [sn.LSTM, sn.GRU])
def test_threads_do_not_change_a_bit(make, rng):
    layer, x = make(40, 24, seed=0), rng.normal(size=(30, 131, 40)).astype(np.float32)

    def results():
        given = Tensor(x, requires_grad=True)
        y = layer(given)
        for p in layer.parameters().values():
            p.grad = None
        (y * y).sum().backward()
        return [y.data, given.grad, *(p.grad for p in layer.parameters().values())]

    threads = numba.get_num_threads()
    both = results()
    numba.set_num_threads(1)
    try:
        alone = results()
    finally:
        numba.set_num_threads(threads)
    for one, other in zip(both, alone, strict=True):
        np.testing.assert_array_equal(one, other)
