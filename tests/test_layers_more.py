"""Activations with parameters, embedding, norms within a sample, variants of dropout: values, properties, refusals."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import stats

import spikenet as sn
from spikenet.graph import Tensor, check_gradient
from spikenet.layers import Training


def training(seed=0, over_time=False):
    return Training(np.random.default_rng(seed), over_time=over_time)


# Gradients in the weights


@pytest.mark.parametrize(
    "layer",
    [
        sn.PReLU(4),
        sn.Swish(4),
        sn.Maxout(4, 3, 2, seed=0),
        sn.LayerNorm(4),
        sn.RMSNorm(4),
        sn.GroupNorm(2, 4, n_axes=0),
    ],
    ids=lambda layer: layer.kind,
)
def test_gradients_in_the_weights(layer, rng):
    x, names = rng.normal(0.3, 1, (3, 2, 4)), list(layer.weights)
    point = [rng.normal(size=layer.weights[n].shape) for n in names]
    check_gradient(
        lambda *values: layer.function(Tensor(x), dict(zip(names, values, strict=True)), None),
        *point,
    )


def test_a_layer_with_parameters_survives_pickling(rng):
    layer, x = sn.PReLU(4), rng.normal(size=(2, 4))
    assert np.array_equal(pickle.loads(pickle.dumps(layer))(x).data, layer(x).data)


# Norms


def test_layer_norm_gives_mean_0_and_variance_1(rng):
    y = sn.LayerNorm(50)(rng.normal(3, 5, (4, 7, 50))).data
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(axis=-1), 1, rtol=1e-4)


def test_equal_values_are_normalised_to_0_with_gradient_0():
    x = Tensor(np.full((2, 4), 3.0), requires_grad=True)
    y = sn.cast(sn.LayerNorm(4), np.float64)(x)
    y.backward(np.ones(y.shape))
    assert not y.data.any()
    np.testing.assert_allclose(x.grad, 0, atol=1e-9)


def test_instance_norm_does_not_see_other_samples_or_channels(rng):
    x = rng.normal(size=(3, 2, 4, 4))
    layer = sn.InstanceNorm2d(2)
    alone = layer(x[1:2]).data
    np.testing.assert_allclose(layer(x).data[1:2], alone, rtol=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (sn.LayerNorm(4), (2, 5), r"LayerNorm: expected input \(..., 4\), got \(2, 5\)"),
        (sn.RMSNorm(4), (2, 5), r"RMSNorm: expected input \(..., 4\), got \(2, 5\)"),
        (sn.GroupNorm(2, 4), (4, 5), r"GroupNorm: expected input \(..., 4, height, width\), got \(4, 5\)"),
        (sn.InstanceNorm1d(3), (3, 4, 5), r"InstanceNorm1d: expected input \(..., 3, length\), got \(3, 4, 5\)"),
        (sn.PReLU(3), (2, 5), r"PReLU: expected input \(..., 3\), got \(2, 5\)"),
        (sn.Maxout(3, 2, 2), (2, 5), r"Maxout: expected input \(..., 3\), got \(2, 5\)"),
        (sn.GLU(), (2, 5), r"glu: expected an axis of even length, got axis -1 of shape \(2, 5\)"),
        (sn.DropConnect(3, 2, 0.1), (2, 5), r"DropConnect: expected input \(..., 3\), got \(2, 5\)"),
        (sn.Dropout2d(0.1), (2, 5), r"Dropout2d: expected input \(..., channels, and 2 axes\), got \(2, 5\)"),
    ],
    ids=lambda v: getattr(v, "kind", ""),
)
def test_shapes_that_do_not_fit(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(np.ones(shape, np.float32))


def test_groups_must_divide():
    with pytest.raises(ValueError, match="GroupNorm: groups: expected a divisor of n 5, got 2"):
        sn.GroupNorm(2, 5)


# Embedding


@pytest.mark.parametrize("bad", [5.0, -1.0, 0.5])
def test_embedding_refuses_what_is_no_symbol(bad):
    with pytest.raises(ValueError, match=rf"Embedding: expected whole numbers in 0 .. 4, got {bad} at index \(1,\)"):
        sn.Embedding(5, 3)(np.array([0.0, bad]))


def test_an_embedding_is_a_one_hot_product(rng):
    layer, symbols = sn.Embedding(5, 3, seed=0), rng.integers(0, 5, (4, 2))
    expected = np.eye(5, dtype=np.float32)[symbols] @ layer.weights["weight"].data
    np.testing.assert_array_equal(layer(symbols).data, expected)


# Dropout variants


def test_channel_dropout_silences_whole_channels():
    y = sn.Dropout2d(0.4)(np.ones((200, 50, 3, 3), np.float32), training=training()).data
    flat = y.reshape(200, 50, 9)
    assert (flat == flat[..., :1]).all()
    silenced = int((flat[..., 0] == 0).sum())
    assert stats.binomtest(silenced, 200 * 50, 0.4).pvalue > 1e-3
    np.testing.assert_allclose(y[y != 0], 1 / 0.6, rtol=1e-6)


def test_gaussian_dropout_has_the_variance_of_dropout():
    y = sn.GaussianDropout(0.3)(np.ones((400, 500), np.float32), training=training()).data
    n, variance = y.size, 0.3 / 0.7
    assert abs(y.mean() - 1) < 4 * math.sqrt(variance / n)
    assert abs(y.var() - variance) < 4 * variance * math.sqrt(2 / n)


def test_alpha_dropout_keeps_mean_and_variance(rng):
    y = sn.AlphaDropout(0.2)(rng.normal(size=(500, 1000)).astype(np.float32), training=training()).data
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.02


def test_drop_path_takes_whole_samples():
    y = sn.DropPath(0.5)(np.ones((400, 3, 5), np.float32), training=training()).data
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y == y[:, :1, :1]).all()
    assert stats.binomtest(int((y[:, 0, 0] == 0).sum()), 400, 0.5).pvalue > 1e-3


def test_drop_connect_drops_weights_not_units():
    layer = sn.DropConnect(100, 80, 0.5, seed=0)
    layer.weights["bias"].data[...] = 0
    y = layer(np.eye(100, dtype=np.float32), training=training()).data  # the masked weights themselves
    kept = y != 0
    assert stats.binomtest(int(kept.sum()), kept.size, 0.5).pvalue > 1e-3
    np.testing.assert_allclose(y[kept], 2 * layer.weights["weight"].data[kept], rtol=1e-6)


@pytest.mark.parametrize("make", [sn.GaussianDropout, sn.AlphaDropout, sn.DropPath])
def test_what_is_drawn_holds_for_a_whole_sequence(make):
    x = np.ones((6, 5, 8), np.float32)
    y = make(0.5)(x, training=training(over_time=True)).data
    assert (y == y[0]).all()
    assert len(np.unique(y[0])) > 1
    held = make(0.5)(np.broadcast_to(x[0], x.shape), training=training(over_time=True))
    assert held.repeated is not None
    assert np.array_equal(held.data, y)


@pytest.mark.parametrize("make", [sn.Dropout1d, sn.Dropout2d, sn.GaussianDropout, sn.AlphaDropout, sn.DropPath])
def test_dropout_variants(make, rng):
    x = rng.normal(size=(6, 4, 3, 3))
    assert np.array_equal(make(0.9)(x).data, x)
    assert np.array_equal(make(0.0)(x, training=training()).data, x)
    check_gradient(lambda v: make(0.5)(v, training=training(3)), x[:3])
    with pytest.raises(ValueError, match=rf"{make.__name__}: p: expected a probability in \[0, 1\), got 1.0"):
        make(1.0)
