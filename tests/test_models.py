"""The conventional net and its spiking twin: which layers, which weights, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.layers import IF, LI, Tanh, Training
from spikenet.models import mlp, spiking_mlp

SIZES = (5, 7, 6, 3)


def kinds(net):
    return [layer.kind for layer in net.layers]


def weights(net):
    """The arrays of all parameters in order, whatever position their layers have."""
    return [p.data for p in net.parameters().values()]


def assert_same(first, second):
    for a, b in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dropout", [{}, {"dropout": 0.3}, {"dropout": 0.3, "input_dropout": 0.1}])
@pytest.mark.parametrize("seed", [0, 11])
def test_the_twins_share_their_weights(seed, dropout):
    """Same seed, same weights, whatever stands between them; their own arrays, so that training one moves one."""
    first, second = mlp(SIZES, seed=seed, **dropout), spiking_mlp(SIZES, seed=seed, readout=LI, **dropout)
    assert_same(first, second)
    assert_same(first, mlp(SIZES, seed=seed))
    for a, b in zip(weights(first), weights(second), strict=True):
        assert not np.shares_memory(a, b)


def test_another_seed_other_weights():
    for make in (mlp, spiking_mlp):
        assert not np.array_equal(weights(make(SIZES, seed=0))[0], weights(make(SIZES, seed=1))[0])
        assert not np.array_equal(weights(make(SIZES))[0], weights(make(SIZES))[0])


def test_layers_of_one_net_do_not_repeat_each_other():
    """One stream of random numbers runs through all of them."""
    first, _, second, _ = weights(mlp((4, 4, 4), seed=0))
    assert not np.array_equal(first, second)
    first, _, second, _ = weights(spiking_mlp((4, 4, 4), seed=np.random.default_rng(0)))
    assert not np.array_equal(first, second)


def test_a_generator_is_used_up():
    rng = np.random.default_rng(0)
    first, second = mlp(SIZES, seed=rng), mlp(SIZES, seed=rng)
    assert not np.array_equal(weights(first)[0], weights(second)[0])
    assert_same(first, mlp(SIZES, seed=0))


def test_sizes_of_every_layer():
    for net in (mlp(SIZES, seed=0), spiking_mlp(SIZES, seed=0)):
        assert [w.shape for w in weights(net)] == [(5, 7), (7,), (7, 6), (6,), (6, 3), (3,)]


def test_which_layers():
    assert kinds(mlp((2, 3))) == ["Linear"]
    assert kinds(mlp(SIZES)) == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert kinds(mlp(SIZES, activation=Tanh)) == ["Linear", "Tanh", "Linear", "Tanh", "Linear"]
    assert kinds(spiking_mlp((2, 3))) == ["Linear", "LIF"]
    assert kinds(spiking_mlp((2, 3, 4))) == ["Linear", "LIF", "Linear", "LIF"]
    assert kinds(spiking_mlp((2, 3, 4), neuron=IF)) == ["Linear", "IF", "Linear", "IF"]
    assert kinds(spiking_mlp((2, 3, 4), readout=LI)) == ["Linear", "LIF", "Linear", "LI"]


def test_dropout_follows_hidden_units_and_stands_before_the_input():
    more = {"input_dropout": 0.1, "dropout": 0.4}
    assert kinds(mlp((2, 3, 4), **more)) == ["Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    net = spiking_mlp((2, 3, 4), **more)
    assert kinds(net) == ["Dropout", "Linear", "LIF", "Dropout", "Linear", "LIF"]
    assert [layer.p for layer in net.layers if layer.kind == "Dropout"] == [0.1, 0.4]


def test_dropout_works_in_training_only(rng):
    x = rng.random((20, 5)).astype(np.float32)
    net, plain = mlp(SIZES, dropout=0.5, seed=0), mlp(SIZES, seed=0)
    np.testing.assert_array_equal(net(x).data, plain(x).data)
    assert not np.allclose(net(x, training=Training(rng)).data, plain(x).data)


def test_what_comes_out(rng):
    x = rng.random((9, 5)).astype(np.float32)
    assert mlp(SIZES, seed=0)(x).shape == (9, 3)
    y = spiking_mlp(SIZES, seed=0)(np.broadcast_to(10 * x, (25, 9, 5)))
    assert y.shape == (25, 9, 3)
    assert set(np.unique(y.data)) == {0.0, 1.0}


@pytest.mark.parametrize("make", [mlp, spiking_mlp])
@pytest.mark.parametrize(
    ("sizes", "error", "words"),
    [
        ((), ValueError, "at least two sizes"),
        ((5,), ValueError, r"at least two sizes .*got \(5,\)"),
        ((5, 0, 3), ValueError, "size 1.*>= 1, got 0"),
        ((5, -1), ValueError, "size 1.*>= 1, got -1"),
        ((5, 2.5, 3), TypeError, "size 1.*whole number, got 2.5"),
        ((5, True), TypeError, "size 1"),
    ],
)
def test_bad_sizes(make, sizes, error, words):
    with pytest.raises(error, match=f"^{make.__name__}: .*{words}"):
        make(sizes)


@pytest.mark.parametrize("make", [mlp, spiking_mlp])
@pytest.mark.parametrize("name", ["dropout", "input_dropout"])
@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_bad_dropout(make, name, p):
    with pytest.raises(ValueError, match="Dropout: p"):
        make(SIZES, **{name: p})
