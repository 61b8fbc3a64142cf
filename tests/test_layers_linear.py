"""Linear: numpy's product by whichever route, and its gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spikenet import graph
from spikenet.graph import Tensor, check_gradient, repeat
from spikenet.kernels import products
from spikenet.kernels.crossovers import Crossovers
from spikenet.layers import LIF, Linear, cast
from spikenet.layers import linear as linear_file
from spikenet.layers.linear import linear

SHAPES = [(4,), (3, 4), (5, 3, 4), (2, 3, 5, 4), (0, 4), (5, 0, 4)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_equals_numpy(shape, bias, rng):
    layer, x = cast(Linear(4, 7, bias=bias, seed=1), np.float64), rng.normal(size=shape)
    wanted = x @ layer.weight.data + (layer.bias.data if bias else 0)
    np.testing.assert_allclose(layer(x).data, wanted, rtol=1e-13, atol=1e-14)
    assert layer(x).shape == (*shape[:-1], 7)


@pytest.mark.parametrize("shape", [s for s in SHAPES if 0 not in s], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients(shape, bias, rng):
    x, w, b = rng.normal(size=shape), rng.normal(size=(4, 3)), rng.normal(size=3)
    if bias:
        check_gradient(linear, x, w, b)
    else:
        check_gradient(lambda x, w: linear(x, w, None), x, w)


def test_gradients_of_held_input(rng):
    x, w, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=2)
    check_gradient(lambda x, w, b: linear(repeat(x, 5), w, b), x, w, b)
    y = linear(repeat(x, 5), Tensor(w), Tensor(b))
    assert y.repeated is not None
    assert y.data.strides[0] == 0


def test_only_the_gradients_that_are_wanted(rng):
    x, layer = Tensor(rng.normal(size=(3, 4)).astype(np.float32)), Linear(4, 2, seed=0)
    layer(x).sum().backward()
    assert x.grad is None
    assert layer.weight.grad.shape == (4, 2)
    assert layer.bias.grad.tolist() == [3, 3]


def test_weights_start_as_promised():
    """Uniform in +-1/sqrt(n_in): bounds, mean and variance of 60,000 draws; the bound on the mean is 4 sigma."""
    layer, bound = Linear(100, 600, seed=0), 1 / math.sqrt(100)
    w = layer.weight.data.astype(np.float64)
    assert np.abs(w).max() <= bound
    assert np.abs(w.mean()) < 4 * bound / math.sqrt(3 * w.size)
    assert w.var() == pytest.approx(bound**2 / 3, rel=0.02)
    assert np.abs(layer.bias.data).max() <= bound
    assert layer.weight.dtype == layer.bias.dtype == np.float32


def test_seeds():
    assert np.array_equal(Linear(3, 4, seed=7).weight.data, Linear(3, 4, seed=7).weight.data)
    assert not np.array_equal(Linear(3, 4, seed=7).weight.data, Linear(3, 4, seed=8).weight.data)
    assert not np.array_equal(Linear(3, 4).weight.data, Linear(3, 4).weight.data)
    rng = np.random.default_rng(0)
    first, second = Linear(3, 4, seed=rng), Linear(3, 4, seed=rng)
    assert not np.array_equal(first.weight.data, second.weight.data)


@pytest.mark.parametrize(
    ("n_in", "n_out", "error"),
    [(0, 3, ValueError), (3, -1, ValueError), (2.5, 3, TypeError), ("3", 3, TypeError), (True, 3, TypeError)],
)
def test_bad_sizes(n_in, n_out, error):
    with pytest.raises(error, match=r"Linear: n_(in|out): expected a whole number"):
        Linear(n_in, n_out)


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (4, 2)])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"Linear: expected input \(\.\.\., 4\), got"):
        Linear(4, 2)(np.zeros(shape))


def test_complex_input(rng):
    x = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    layer = Linear(4, 2, bias=False, seed=0)
    np.testing.assert_allclose(layer(x).data, x @ layer.weight.data, rtol=1e-6)


def both_routes(compute, monkeypatch):
    """A result by events, and the same by BLAS."""
    results = []
    for density, worth in ((1.0, 0), (-1.0, 1 << 62)):
        monkeypatch.setattr(products, "limits", lambda n_out, d=density: Crossovers(d, d, d))
        monkeypatch.setattr(products, "WORTH_LOOKING", worth)
        results.append(compute())
    return results


@pytest.mark.parametrize(("n_in", "n_out"), [(130, 1), (200, 10), (600, 17), (1100, 70)])
def test_spikes_by_events_or_by_blas(n_in, n_out, rng, monkeypatch):
    """Same result to rounding, forward and in both gradients; blocks and tiles that do not fill up."""
    current, layer = rng.normal(0.0, 0.7, (6, 3, n_in)).astype(np.float32), Linear(n_in, n_out, seed=0)
    g = rng.normal(size=(6, 3, n_out)).astype(np.float32)

    def compute():
        leaf = Tensor(current, requires_grad=True)
        spikes = LIF(tau_mem_s=5e-3)(leaf)
        assert 0.02 < spikes.data.mean() < 0.5
        layer.weight.grad = layer.bias.grad = None
        y = layer(spikes)
        y.backward(g)
        return spikes.data @ layer.weight.data + layer.bias.data, y.data, leaf.grad, layer.weight.grad, layer.bias.grad

    by_events, by_blas = both_routes(compute, monkeypatch)
    np.testing.assert_allclose(by_events[0], by_events[1], rtol=1e-5, atol=1e-5)
    for a, b in zip(by_events, by_blas, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


def test_mostly_black_pictures_by_events_or_by_blas(rng, monkeypatch):
    x = rng.normal(size=(9, 70)).astype(np.float32) * (rng.random((9, 70)) < 0.1)
    x[4] = 0
    layer = Linear(70, 20, seed=0)

    def compute():
        layer.weight.grad = layer.bias.grad = None
        y = layer(x)
        graph.sum(y * y).backward()
        return y.data, layer.weight.grad, layer.bias.grad

    for a, b in zip(*both_routes(compute, monkeypatch), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_neurons_in_several_axes(rng):
    """Events are listed for whole populations; a Linear over their last axis alone must not take them for its own."""
    current = rng.normal(-0.2, 0.7, (4, 2, 5, 40)).astype(np.float32)
    spikes, layer = LIF()(current), Linear(40, 3, seed=0)
    assert 0 < spikes.data.mean() < 0.2
    np.testing.assert_allclose(layer(spikes).data, spikes.data @ layer.weight.data + layer.bias.data, atol=1e-6)


@pytest.mark.parametrize("reduce_time", [False, True])
def test_a_narrow_readout_of_a_wide_population(reduce_time, rng, monkeypatch):
    """The gradient that few outputs send to many neurons stays factored; the same as written out, to rounding."""
    current, layer = rng.normal(0.2, 0.7, (7, 3, 150)).astype(np.float32), Linear(150, 4, seed=0)
    g = rng.normal(size=(3, 4)).astype(np.float32)
    gradients = []
    for few in (linear_file.FEW, 0):
        monkeypatch.setattr(linear_file, "FEW", few)
        leaf = Tensor(current, requires_grad=True)
        spikes, (v,) = LIF(tau_mem_s=5e-3).run(leaf)
        y = layer(spikes)
        loss = graph.sum(graph.sum(y, axis=0) * g) if reduce_time else graph.sum(y[-1] * g)
        (loss + graph.sum(v * v) + graph.sum(spikes * spikes) * 0.1).backward()
        gradients.append(leaf.grad)
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-5)
