"""record: what every layer of a net received, sent and held."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from spikenet.graph import Tensor
from spikenet.layers import LI, LIF, CubaLIF, Dropout, Flatten, LIFRate, Linear, ReLU, Residual, Sequential, record

pytestmark = pytest.mark.usefixtures("interpreted")


def net():
    return Sequential(Linear(4, 5, seed=0), CubaLIF(), Dropout(0.5), Linear(5, 3, seed=1), LI(tau_mem_s=5e-3))


def test_each_layer_is_recorded(rng):
    x = rng.normal(1, 1, (8, 2, 4)).astype(np.float32)
    one = net()
    kept = record(one, x)
    assert [k.name for k in kept] == ["0 Linear", "1 CubaLIF", "2 Dropout", "3 Linear", "4 LI"]
    assert tuple(k.layer for k in kept) == one.layers
    np.testing.assert_array_equal(kept[0].input, x)
    for before, after in itertools.pairwise(kept):
        np.testing.assert_array_equal(before.output, after.input)
    np.testing.assert_array_equal(kept[-1].output, one(x).data)
    assert [list(k.states) for k in kept] == [[], ["i", "v"], [], [], ["v"]]


@pytest.mark.parametrize("n", [5, 130])
def test_states_are_those_after_each_step(n, rng):
    """As running one step at a time gives them, for narrow and wide populations."""
    x, layer = rng.normal(0.5, 1, (7, 3, n)).astype(np.float32), CubaLIF()
    (kept,) = record(Sequential(layer), x)
    state = None
    for t in range(len(x)):
        _, state = layer.run(x[t : t + 1], state)
        for name, part in zip(layer.states, state, strict=True):
            np.testing.assert_array_equal(kept.states[name][t], part.data)


def test_held_input(rng):
    x = np.broadcast_to(rng.normal(1, 1, (2, 4)).astype(np.float32), (8, 2, 4))
    held, copied = record(net(), x), record(net(), x.copy())
    assert held[0].input.strides[0] == held[0].output.strides[0] == 0
    for a, b in zip(held, copied, strict=True):
        np.testing.assert_array_equal(a.output, b.output)
        for name in a.states:
            np.testing.assert_array_equal(a.states[name], b.states[name])


def test_pictures_and_maps_of_neurons(rng):
    x = rng.normal(1, 1, (4, 2, 3, 5)).astype(np.float32)
    kept = record(Sequential(LIF(), Flatten(2), Linear(15, 2, seed=0)), x)
    assert kept[0].states["v"].shape == (4, 2, 3, 5)
    assert kept[1].output.shape == (4, 2, 15)


def test_layers_without_memory_and_containers(rng):
    x = rng.normal(size=(6, 4)).astype(np.float32)
    kept = record(Sequential(Residual(Linear(4, 4, seed=0), ReLU()), LIFRate()), x)
    assert [k.name for k in kept] == ["0 Residual", "1 LIFRate"]
    assert [k.states for k in kept] == [{}, {}]


def test_nothing_is_remembered_for_gradients(rng):
    one = net()
    x = Tensor(rng.normal(size=(4, 2, 4)).astype(np.float32), requires_grad=True)
    record(one, x)
    assert x.grad is None
    assert all(p.grad is None for p in one.parameters().values())


def test_bad_input():
    with pytest.raises(ValueError, match="record: expected finite input"):
        record(net(), np.full((3, 1, 4), np.nan))
    with pytest.raises(ValueError, match=r"Linear: expected input \(\.\.\., 4\)"):
        record(net(), np.zeros((3, 1, 5)))
    with pytest.raises(TypeError, match="record: expected an array of numbers"):
        record(net(), "spikes")
