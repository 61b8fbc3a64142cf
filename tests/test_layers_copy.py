"""Nets are copied and pickled: sweeps over processes need it, and a copy is a net of its own."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from layer_cases import LAYERS

from spikenet import encode, models
from spikenet.layers import LIF, Linear, ReLU, Sequential, Spiking
from spikenet.neurons import reset, surrogate
from spikenet.neurons.primitives import spike
from spikenet.neurons.surrogate import ALL, Surrogate

pytestmark = pytest.mark.usefixtures("interpreted")

COPIES = pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"]
)


def signal():
    return np.random.default_rng(0).normal(0.6, 1, (6, 2, 4)).astype(np.float32)


def own_step(p, v, current):
    v = p.leak * v + current
    fired = spike(v - p.threshold)
    return reset.to_zero(p, v, fired), fired


def own_reset(p, v, fired):
    return v - 0.5 * fired


def own_derivative(u, width):
    return 1.0 / (1.0 + width * u * u)


def own_smooth(u, width):
    return u


OWN = {
    "step": lambda: Spiking(own_step, leak=0.9, threshold=0.5, learn=("leak",)),
    "smooth-step": lambda: Spiking(own_step, leak=0.9, threshold=0.5, smooth=True),
    "reset": lambda: LIF(reset=reset.detached(own_reset)),
    "surrogate": lambda: LIF(surrogate=Surrogate("own", "width", 2.0, own_derivative, own_smooth)),
}


@COPIES
@pytest.mark.parametrize("name", LAYERS | OWN)
def test_a_copy_computes_the_same(name, copied):
    layer = (LAYERS | OWN)[name]()
    again = copied(layer)
    assert repr(again) == repr(layer)
    assert again.config() == layer.config()
    assert getattr(again, "model", None) == getattr(layer, "model", None)
    assert list(again.parameters()) == list(layer.parameters())
    for key, parameter in layer.parameters().items():
        twin = again.parameters()[key]
        assert twin is not parameter
        assert (twin.requires_grad, twin.name, twin.bounds) == (True, parameter.name, parameter.bounds)
    np.testing.assert_array_equal(again(signal()).data, layer(signal()).data)


@COPIES
def test_a_copy_is_a_net_of_its_own(copied):
    net = models.spiking_mlp((4, 8, 3), seed=0)
    again = copied(net)
    before = net(signal()).data
    again.layers[0].weight.data[...] = 0
    np.testing.assert_array_equal(net(signal()).data, before)


@COPIES
def test_a_layer_used_twice_is_still_one(copied):
    shared = Linear(4, 4, seed=0)
    again = copied(Sequential(shared, ReLU(), shared))
    assert again.layers[0] is again.layers[2]


@COPIES
@pytest.mark.parametrize("thing", [*ALL, reset.detached(reset.subtract), encode.Rate(5)], ids=repr)
def test_what_nets_are_made_with_is_copied(thing, copied):
    assert copied(thing) == thing


def test_detached_resets_are_equal_when_what_they_detach_is():
    assert reset.detached(reset.to_zero) == reset.detached(reset.to_zero) != reset.detached(reset.subtract)
    assert surrogate.triangle(0.3).support == 0.3
