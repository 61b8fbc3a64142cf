"""A layer described as plain values, through JSON and back, and cast; what cannot be described says so."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
from layer_cases import COMPLEX, FILMS, IMAGES, LAYERS, NEURONS, SYMBOLS, TOKENS

from spikenet.layers import LIF, LeakyRate, Linear, ReLU, Residual, Sequential, Spiking, build
from spikenet.layers.build import _MAKERS
from spikenet.neurons import leaky_integrator, primitives, reset
from spikenet.neurons.surrogate import Surrogate

pytestmark = pytest.mark.usefixtures("interpreted")


@pytest.mark.parametrize("name", LAYERS | IMAGES | SYMBOLS | TOKENS | COMPLEX | FILMS)
def test_a_layer_made_again_is_the_same(name):
    layer = (LAYERS | IMAGES | SYMBOLS | TOKENS | COMPLEX | FILMS)[name]()
    config = json.loads(json.dumps(layer.config(), allow_nan=False))
    again = build(layer.kind, config, getattr(layer, "layers", ()))
    assert again.config() == layer.config()
    assert repr(again) == repr(layer)
    assert list(again.parameters()) == list(layer.parameters())
    for key, parameter in layer.parameters().items():
        assert again.parameters()[key].shape == parameter.shape
        again.parameters()[key].data[...] = parameter.data
    rng = np.random.default_rng(0)
    shape = (3, 2, 2, 4, 4) if name in FILMS else (12, 2, 2, 4) if name in TOKENS else (12, 2, 4)
    x = rng.integers(0, 5, (12, 2)) if name in SYMBOLS else rng.normal(0.5, 1, shape).astype(np.float32)
    x = x.astype(np.complex64) * (1 + 2j) if name in COMPLEX and name != "QuaternionLinear" else x
    np.testing.assert_array_equal(again(x).data, layer(x).data)


@pytest.mark.parametrize("name", NEURONS)
def test_a_neuron_made_again_is_the_same_model(name):
    layer = NEURONS[name]()
    again = build(layer.kind, json.loads(json.dumps(layer.config())))
    assert again.model == layer.model
    assert again.surrogate == layer.surrogate
    assert again.learn == layer.learn
    for key, value in layer.values.items():
        np.testing.assert_array_equal(again.values[key].data, value.data)
        assert again.values[key].dtype == value.dtype


def test_every_kind_of_layer_is_among_the_cases():
    assert {make().kind for make in (LAYERS | IMAGES | SYMBOLS | TOKENS | COMPLEX | FILMS).values()} == _MAKERS.keys()


def test_containers_hold_what_they_are_given():
    inner = (Linear(3, 3, seed=0), ReLU())
    for kind in (Sequential, Residual):
        made = build(kind.__name__, {}, inner)
        assert isinstance(made, kind)
        assert made.layers == inner


def test_no_such_kind():
    with pytest.raises(
        ValueError, match=r"no built-in layer 'Hopfield', there are .*build the net in code and read its weights"
    ):
        build("Hopfield", {})


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
