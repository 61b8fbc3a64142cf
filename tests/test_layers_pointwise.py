"""Activations, Flatten and Dropout."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from spikenet.graph import Tensor, check_gradient, repeat
from spikenet.layers import (
    GELU,
    LI,
    Dropout,
    Flatten,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    Training,
)

ACTIVATIONS = {  # the layer, and the same by the standard library, one number at a time
    ReLU: lambda x: max(x, 0.0),
    Sigmoid: lambda x: 1 / (1 + math.exp(-x)),
    Tanh: math.tanh,
    Softplus: lambda x: math.log(1 + math.exp(x)),
    GELU: lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
}


@pytest.mark.parametrize("make", ACTIVATIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 4), (0, 3)], ids=str)
def test_activation(make, shape, rng):
    x = rng.normal(size=shape)
    wanted = np.array([ACTIVATIONS[make](v) for v in x.ravel()]).reshape(shape)
    np.testing.assert_allclose(make()(x).data, wanted, rtol=1e-12)


def test_softmax(rng):
    x = rng.normal(size=(2, 3, 4))
    y = Softmax()(x).data
    np.testing.assert_allclose(y, np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(Softmax()(1e4 + x).data, y, rtol=1e-9)


@pytest.mark.parametrize("make", [*ACTIVATIONS, Softmax, lambda: Flatten(2)])
def test_gradients(make, rng):
    x = rng.normal(size=(2, 3, 4))
    x[np.abs(x) < 0.01] = 0.5  # the corner of relu
    check_gradient(make(), x)
    check_gradient(lambda v: make()(repeat(v, 3)), x[0])


def test_flatten(rng):
    x = rng.normal(size=(5, 2, 3, 4))
    assert np.array_equal(Flatten(2)(x).data, x.reshape(5, 2, 12))
    assert np.array_equal(Flatten(1)(x).data, x)
    assert np.array_equal(Flatten(4)(x).data, x.ravel())
    assert Flatten(2)(repeat(Tensor(x[0]), 5)).repeated.shape == (2, 12)


@pytest.mark.parametrize("n_axes", [1, 2, 3])
def test_flatten_of_held_input_is_that_of_its_copy(n_axes, rng):
    """Time may be among the axes that are flattened."""
    x = np.broadcast_to(rng.normal(size=(2, 3)), (4, 2, 3))
    assert np.array_equal(Flatten(n_axes)(x).data, Flatten(n_axes)(x.copy()).data)


def test_flatten_refuses():
    with pytest.raises(ValueError, match=r"Flatten: expected at least 3 axes, got shape \(2, 3\)"):
        Flatten(3)(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="Flatten: n_axes: expected a whole number >= 1, got 0"):
        Flatten(0)
    with pytest.raises(TypeError, match="Flatten: n_axes: expected a whole number"):
        Flatten(2.0)


@pytest.mark.parametrize("make", [*ACTIVATIONS, Softmax, lambda: Flatten(2), lambda: Dropout(0.5)])
def test_a_layer_without_memory_has_an_empty_state(make, rng):
    layer, x = make(), rng.normal(size=(2, 3, 4))
    y, state = layer.run(x)
    assert state == ()
    assert np.array_equal(layer.run(x, ())[0].data, y.data)
    assert layer.parameters() == {}
    with pytest.raises(ValueError, match=f"{layer.kind}: expected no state, None or \\(\\), got 1 parts"):
        layer.run(x, (x,))
    with pytest.raises(
        TypeError, match=f"{layer.kind}: expected a state as run\\(\\) returns it, a tuple, got ndarray"
    ):
        layer.run(x, x)


# Dropout


def training(seed=0):
    return Training(np.random.default_rng(seed))


def test_dropout_does_nothing_in_evaluation(rng):
    x = rng.normal(size=(4, 3))
    assert np.array_equal(Dropout(0.9)(x).data, x)
    assert np.array_equal(Dropout(0.0)(x, training=training()).data, x)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_silences_the_right_part_and_keeps_the_mean(p):
    """Two-sided binomial test at p-value 1e-3 on 100,000 units."""
    y = Dropout(p)(np.ones((100, 1000)), training=training()).data
    silenced = int((y == 0).sum())
    assert stats.binomtest(silenced, y.size, p).pvalue > 1e-3
    np.testing.assert_allclose(y[y != 0], 1 / (1 - p), rtol=1e-6)


def test_dropout_draws_anew_for_every_entry_of_a_conventional_net():
    y = Dropout(0.5)(np.ones((50, 40)), training=training()).data
    assert len(np.unique(y, axis=0)) == 50


def test_dropout_holds_one_mask_for_a_whole_sequence_in_a_net_with_memory():
    x = np.ones((20, 6, 50), np.float32)
    seen = []

    class Spy:
        kind = "Spy"

        def __call__(self, x, *, training=None):
            seen.append(x.data)
            return x

        def run(self, x, state=None, *, training=None):
            return self(x), ()

        def parameters(self):
            return {}

        def config(self):
            return {}

    for net in (
        Sequential(Dropout(0.5), Spy(), LI()),
        Sequential(Sequential(Dropout(0.5), Spy()), LI()),
        Sequential(Residual(Dropout(0.5), Spy()), LI()),
        Sequential(Dropout(0.5), Spy(), Residual(LI())),
    ):
        net(x, training=training())
        masked = seen.pop()
        assert (masked == masked[0]).all()
        assert len(np.unique(masked[0], axis=0)) == 6, "every sample of the batch has its own mask"
        net(x)
        assert np.array_equal(seen.pop(), x)
    Sequential(Dropout(0.5), Spy(), ReLU())(x, training=training())
    assert not (seen[0] == seen[0][0]).all()


def test_dropout_called_on_its_own_is_told_whether_there_is_time():
    """Layer by layer nobody sees the whole net: over_time=True does what a Sequential does."""
    x, layers = np.random.default_rng(0).random((20, 6, 50), np.float32), (Dropout(0.5), LI())
    y = x
    for layer in layers:
        y = layer(y, training=Training(np.random.default_rng(0), over_time=True))
    np.testing.assert_array_equal(y.data, Sequential(*layers)(x, training=training()).data)
    masked = Dropout(0.5)(x, training=training()).data != 0
    assert not (masked == masked[0]).all()


def test_dropout_of_held_input_stays_held():
    x = np.broadcast_to(np.ones((3, 50), np.float32), (10, 3, 50))
    y = Dropout(0.5)(x, training=training().with_time())
    assert y.repeated is not None
    full = Dropout(0.5)(x.copy(), training=training().with_time())
    assert np.array_equal(y.data, full.data)


def test_dropout_gradient(rng):
    check_gradient(lambda v: Dropout(0.5)(v, training=training(3)), rng.normal(size=(4, 5)))


def test_dropout_depends_on_the_generator_alone(rng):
    x = rng.normal(size=(4, 5))
    first, again, other = (Dropout(0.5)(x, training=training(seed)).data for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, math.nan, math.inf])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="Dropout: p: expected a"):
        Dropout(p)


@pytest.mark.parametrize("p", ["half", None])
def test_dropout_refuses_what_is_no_number(p):
    with pytest.raises(TypeError, match="Dropout: p: expected a number"):
        Dropout(p)
