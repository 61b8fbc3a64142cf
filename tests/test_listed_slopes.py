"""Surrogates of compact support: their values where they are not 0 are all that the way back needs."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import spikenet as sn
from spikenet.graph import Tensor
from spikenet.kernels import memory, neuron_pass, recurrent_pass

N, STEPS, BATCH = 1100, 7, 3  # two blocks of neurons


def gradients(layer, n, rng, dtype=np.float32):
    """Of the input and of all parameters, for a loss that weighs every spike differently."""
    x = Tensor(rng.normal(0.3, 0.7, (STEPS, BATCH, n)).astype(dtype), requires_grad=True)
    weights = rng.normal(size=x.shape).astype(dtype)
    for p in layer.parameters().values():
        p.grad = None
    (layer(x) * weights).sum().backward()
    return [x.grad, *(p.grad for p in layer.parameters().values())]


@pytest.mark.parametrize(
    "reset", [sn.reset.subtract, sn.reset.detached(sn.reset.subtract)], ids=["through", "detached"]
)
@pytest.mark.parametrize(
    ("room", "make", "n"),
    [
        (neuron_pass, lambda reset: sn.LIF(reset=reset, surrogate=sn.surrogate.triangle(0.4)), N),
        (recurrent_pass, lambda reset: recurrent(sn.LIF(reset=reset, surrogate=sn.surrogate.triangle(0.4))), 150),
    ],
    ids=["LIF", "Recurrent"],
)
def test_gradients_are_those_of_a_second_run_bit_for_bit(room, make, n, reset, monkeypatch):
    both_ways(room, make(reset), n, np.float32, monkeypatch)


@pytest.mark.parametrize(
    ("neurons", "dtype"), [(sn.CubaLIF, np.float32), (sn.AdaptiveLIF, np.float64)], ids=["CubaLIF", "AdaptiveLIF"]
)
def test_so_are_those_of_neurons_with_two_states(neurons, dtype, monkeypatch):
    layer = neurons(reset=sn.reset.subtract, surrogate=sn.surrogate.triangle(0.4))
    both_ways(neuron_pass, layer, N, dtype, monkeypatch)


def both_ways(room, layer, n, dtype, monkeypatch):
    """Slopes are listed where `layer` is asked, and running again gives the same bits."""
    asked, plain = [], room.slope_is_all
    monkeypatch.setattr(room, "slope_is_all", lambda *a: asked.append(plain(*a)) or asked[-1])
    listed = gradients(layer, n, np.random.default_rng(1), dtype)
    assert asked == [True]
    monkeypatch.setattr(room, "slope_is_all", lambda *_: False)
    again = gradients(layer, n, np.random.default_rng(1), dtype)
    assert np.count_nonzero(listed[0]) > 100
    assert listed[0].dtype == dtype
    for a, b in zip(listed, again, strict=True):
        np.testing.assert_array_equal(a, b)


def recurrent(neurons):
    layer = sn.Recurrent(neurons, 150, seed=0)
    for p in layer.parameters().values():
        p.data[...] *= 2  # enough spikes that come back
    return layer


def test_a_net_holds_no_currents_it_needs_no_more(rng):
    """A hidden layer's currents go once its neurons have run; those a script holds itself stay, gradients are equal."""
    linear, neurons = sn.Linear(20, 150, seed=0), sn.LIF(surrogate=sn.surrogate.triangle(0.4))
    x = rng.normal(0.3, 0.9, (STEPS, BATCH, 20)).astype(np.float32)

    def trained(run):
        linear.weight.grad = None
        spikes = run(x)
        spikes.sum().backward()
        return spikes, linear.weight.grad

    spikes, g = trained(sn.Sequential(linear, neurons))
    (currents,) = (p for p in spikes.parents[0].parents if p.operation == "linear")
    assert currents.shape == (STEPS, BATCH, 150)
    with pytest.raises(RuntimeError, match=r"\(7, 3, 150\) were given back"):
        _ = currents.data
    held = linear(x)
    _, alone = trained(lambda _: neurons(held))
    assert np.isfinite(held.data).all()
    np.testing.assert_array_equal(g, alone)


@pytest.mark.parametrize("surrogate", [sn.surrogate.atan, sn.surrogate.triangle(0.4)], ids=["tails", "gated"])
def test_currents_stay_where_the_way_back_needs_them(surrogate, rng):
    """Neurons that go back through tails, or through a reset to zero, run again from their currents."""
    neurons = sn.LIF(surrogate=surrogate, reset=sn.reset.to_zero)
    x = Tensor(rng.normal(0.3, 0.7, (STEPS, BATCH, 150)).astype(np.float32), requires_grad=True)
    neurons(x)
    assert not x.spent


def test_room_that_is_hardly_touched_is_kept_apart(monkeypatch):
    gc.collect()
    monkeypatch.setattr(memory, "_SHELF", memory._Shelf())
    size = 4 * memory.SMALL
    address = memory.empty((size,), np.uint8, roomy=True).ctypes.data
    dense = memory.empty((size,), np.uint8)
    assert dense.ctypes.data != address
    again = memory.empty((size,), np.uint8, roomy=True)
    assert again.ctypes.data == address
    again[::4096] = 1
    assert again.sum() == size // 4096
