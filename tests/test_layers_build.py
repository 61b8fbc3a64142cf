"""A layer described as plain values, through JSON and back, and cast; what cannot be described says so."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

from spikenet.layers import (
    GELU,
    IF,
    LI,
    LIF,
    CubaLIF,
    Dropout,
    Flatten,
    LeakyRate,
    LIFRate,
    Linear,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Spiking,
    Tanh,
    build,
)
from spikenet.neurons import leaky_integrator, primitives, reset, surrogate
from spikenet.neurons.surrogate import Surrogate

pytestmark = pytest.mark.usefixtures("interpreted")

LAYERS = [
    Linear(4, 3, seed=0),
    Linear(4, 3, bias=False, seed=0),
    Flatten(2),
    Dropout(0.25),
    *(ReLU(), Sigmoid(), Tanh(), Softplus(), GELU(), Softmax()),
    IF(threshold=0.7, learn=("threshold",)),
    LIF(),
    LIF(tau_mem_s=np.array([1e-3, 2e-3, 3e-3, 4e-3]), dt_s=2e-3, threshold=[1.0, 0.5, 0.7, 0.9]),
    LIF(reset=reset.to_value, reset_value=-0.2, surrogate=surrogate.triangle(0.3), learn=("leak", "reset_value")),
    CubaLIF(tau_mem_s=7e-3, tau_syn_s=np.float32(3e-3), reset=reset.detached(reset.to_zero), surrogate=surrogate.box),
    CubaLIF(reset=reset.no_reset, surrogate=surrogate.super_spike),
    LI(tau_mem_s=3e-3, learn=("leak",)),
    LIFRate(softness=0.1, amplitude=0.02, learn=("softness", "amplitude")),
    LIFRate(softness=None, refractory_s=0.0),
    LeakyRate(tau_s=9e-3),
    LeakyRate(activation=primitives.softplus),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_layer_made_again_is_the_same(layer):
    config = json.loads(json.dumps(layer.config(), allow_nan=False))
    again = build(layer.kind, config)
    assert again.config() == layer.config()
    assert repr(again) == repr(layer)
    assert list(again.parameters()) == list(layer.parameters())
    for name, parameter in layer.parameters().items():
        assert again.parameters()[name].shape == parameter.shape
        again.parameters()[name].data[...] = parameter.data
    x = np.random.default_rng(0).normal(0.5, 1, (12, 2, 4)).astype(np.float32)
    np.testing.assert_array_equal(again(x).data, layer(x).data)


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if isinstance(layer, Spiking)], ids=repr)
def test_a_neuron_made_again_is_the_same_model(layer):
    again = build(layer.kind, json.loads(json.dumps(layer.config())))
    assert again.model == layer.model
    assert again.surrogate == layer.surrogate
    assert again.learn == layer.learn
    for name, value in layer.values.items():
        np.testing.assert_array_equal(again.values[name].data, value.data)
        assert again.values[name].dtype == value.dtype


def test_every_kind_of_layer_is_tried_here():
    from spikenet.layers.build import _MAKERS

    assert {layer.kind for layer in LAYERS} | {"Sequential", "Residual"} == _MAKERS.keys()


def test_containers_hold_what_they_are_given():
    inner = (Linear(3, 3, seed=0), ReLU())
    for kind in (Sequential, Residual):
        made = build(kind.__name__, {}, inner)
        assert isinstance(made, kind)
        assert made.layers == inner


def test_no_such_kind():
    with pytest.raises(
        ValueError, match=r"no built-in layer 'LSTM', there are .*build the net in code and read its weights"
    ):
        build("LSTM", {})


def test_arguments_that_do_not_fit():
    with pytest.raises(TypeError, match="n_hidden"):
        build("Linear", {"n_in": 1, "n_out": 2, "n_hidden": 3})


def own(value):
    return value


@pytest.mark.parametrize(
    "layer",
    [
        LIF(reset=lambda p, v, fired: v - fired),
        LIF(reset=reset.detached(lambda p, v, fired: v - fired)),
        LIF(reset=functools.wraps(reset.subtract)(lambda p, v, fired: v - 2.0 * fired)),
        LIF(surrogate=Surrogate("mine", "slope", 1.0, lambda u, slope: slope + 0.0 * u, lambda u, slope: slope * u)),
        LeakyRate(activation=own),
        LeakyRate(activation=functools.wraps(primitives.tanh)(lambda a: primitives.tanh(2.0 * a))),
    ],
    ids=repr,
)
def test_a_users_own_function_is_not_taken_for_one_of_ours(layer):
    """Code is not kept: its name is, so that a reader knows what is missing."""
    config = json.loads(json.dumps(layer.config()))
    with pytest.raises(ValueError, match=r"is no function of this package; build the net in code"):
        build(layer.kind, config)


def test_a_users_own_step_is_not_built_in():
    layer = Spiking(leaky_integrator.step, leak=0.5)
    assert layer.config() == {}
    with pytest.raises(ValueError, match="no built-in layer 'Spiking'"):
        build(layer.kind, layer.config())
