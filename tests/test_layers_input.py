"""What every layer does alike with its input: float types, read-only arrays, lists, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from layer_cases import CONTAINERS, FIRING
from layer_cases import LAYERS as ALL

from spikenet.graph import Tensor, check_gradient
from spikenet.layers import Training, cast

pytestmark = pytest.mark.usefixtures("interpreted")

LAYERS = {name: make for name, make in ALL.items() if name != "Flatten-2"}  # that one mixes the rows of a batch
EVERY = pytest.mark.parametrize("name", LAYERS)
STRAIGHT_THROUGH = {"QCFS"}  # rounds forward and is differentiated as if it did not: tested in test_convert
GRADED = [name for name in LAYERS if name not in {*FIRING, *CONTAINERS, *STRAIGHT_THROUGH}]


def signal(dtype=np.float32):
    return np.random.default_rng(5).normal(0.6, 1, (3, 2, 4)).astype(dtype)


@EVERY
@pytest.mark.parametrize("training", [None, Training(np.random.default_rng(0))], ids=["evaluation", "training"])
def test_float32_in_float32_out(name, training):
    """Output, state and gradients, in evaluation and in training."""
    layer, x = LAYERS[name](), Tensor(signal(), requires_grad=True)
    y, state = layer.run(x, training=training)
    y.backward(np.ones(y.shape))
    assert y.dtype == x.grad.dtype == np.float32
    assert all(p.grad.dtype == np.float32 for p in layer.parameters().values())
    assert all(part.dtype == np.float32 for part in leaves(state))


@EVERY
def test_float64_on_request(name):
    layer = cast(LAYERS[name](), np.float64)
    y, state = layer.run(signal(np.float64))
    assert y.dtype == np.float64
    assert all(part.dtype == np.float64 for part in leaves(state))


def leaves(state):
    return [leaf for part in state for leaf in (leaves(part) if isinstance(part, tuple) else [part])]


@EVERY
def test_input_is_left_alone_and_may_be_read_only(name):
    layer, x = LAYERS[name](), signal()
    wanted = layer(x.copy()).data
    x.flags.writeable = False
    before = x.copy()
    y, _ = layer.run(Tensor(x, requires_grad=True))
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(y.data, wanted)


@EVERY
def test_other_numbers_become_float32(name):
    layer = LAYERS[name]()
    wanted = layer(np.round(signal())).data
    for kind in (np.int64, np.int8, np.float16, ">f4"):
        y = layer(np.round(signal()).astype(kind))
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y.data, wanted)
    np.testing.assert_array_equal(layer(np.round(signal()).tolist()).data, wanted)
    assert layer(signal() > 0).dtype == np.float32


@EVERY
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(name, bad):
    x = signal()
    x[1, 0, 2] = bad
    with pytest.raises(ValueError, match=rf"expected finite input, got {bad} at index \(1, 0, 2\)"):
        LAYERS[name]()(x)
    x = np.broadcast_to(x[1], x.shape)
    with pytest.raises(ValueError, match=rf"expected finite input, got {bad} at index \(0, 2\)"):
        LAYERS[name]()(x)


@EVERY
@pytest.mark.parametrize("bad", ["text", ["a", "b"], [["1", "2"]], None, {"x": 1}, [[1.0], [1.0, 2.0]]], ids=str)
def test_what_is_no_array_of_numbers(name, bad):
    with pytest.raises(TypeError, match="expected an array of numbers, got"):
        LAYERS[name]()(bad)


@pytest.mark.parametrize("name", ["IF", "LIF", "CubaLIF", "LI", "LIFRate", "LeakyRate"])
def test_neurons_take_real_currents_only(name):
    with pytest.raises(TypeError, match="expected float32 or float64, got complex"):
        LAYERS[name]()(signal() + 1j)


@EVERY
def test_held_input_gives_what_its_copy_gives(name):
    x = np.broadcast_to(signal()[0], (5, 2, 4))
    layer = LAYERS[name]()
    np.testing.assert_array_equal(layer(x).data, layer(x.copy()).data)


@pytest.mark.parametrize("name", GRADED)
def test_gradients_in_the_input(name):
    x = signal(np.float64)
    x[np.abs(x - 1) < 0.1] += 0.3  # the rheobase of LIFRate
    x[np.abs(x) < 0.05] += 0.2  # the corner of relu
    check_gradient(cast(LAYERS[name](), np.float64), x)


@EVERY
def test_nothing_is_remembered(name):
    """The same call gives the same result, whatever happened between."""
    layer, x = LAYERS[name](), signal()
    first = layer(x).data.copy()
    layer.run(2 * x)
    layer(x, training=Training(np.random.default_rng(0)))
    np.testing.assert_array_equal(layer(x).data, first)
