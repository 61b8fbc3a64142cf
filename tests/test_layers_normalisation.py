"""Batch normalisation: numpy's numbers, gradients, running statistics that only training moves, and folding."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.graph import Tensor, check_gradient, repeat
from spikenet.layers import (
    BatchNorm,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Linear,
    ReLU,
    Sequential,
    Training,
    cast,
    fold,
)
from spikenet.train import fit, load, loss, optim, save

SHAPES = {BatchNorm: (5, 3, 4), BatchNorm1d: (5, 3, 4, 6), BatchNorm2d: (5, 3, 4, 3, 2)}
EVERY = pytest.mark.parametrize("make", SHAPES, ids=lambda m: m.__name__)


def by_numpy(x, make, scale=1.0, eps=1e-5):
    axes = tuple(k for k in range(x.ndim) if k != 2)
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return scale * (x - mean) / np.sqrt(var + eps), mean.ravel(), var.ravel()


def training():
    return Training(np.random.default_rng(0))


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_numpy(make, dtype, rng):
    layer, x = cast(make(4, scale=0.7), dtype), rng.normal(3, 2, SHAPES[make]).astype(dtype)
    y, *_ = by_numpy(x.astype(np.float64), make, 0.7)
    ours = layer(x, training=training())
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours.data, y, atol=1e-5 if dtype == np.float32 else 1e-12)
    np.testing.assert_allclose(layer(x).data, 0.7 * x / np.sqrt(1 + 1e-5), rtol=1e-5)  # nothing has been learnt


@EVERY
@pytest.mark.parametrize("learning", [True, False])
def test_gradients(make, learning, rng):
    layer = cast(make(4, scale=0.7), np.float64)
    layer.running_mean.data[...], layer.running_var.data[...] = 0.3, 2.0

    def f(x, weight, bias):
        layer.weight, layer.bias = weight, bias
        return layer(x, training=training() if learning else None)

    x, weight, bias = rng.normal(2, 3, SHAPES[make]), rng.random(4) + 0.5, rng.random(4)
    check_gradient(f, x, weight, bias, relative=1e-5)
    check_gradient(lambda x, *p: f(repeat(x, 3), *p), x[0], weight, bias, relative=1e-5)


@EVERY
def test_running_statistics_move_after_the_step_only(make, rng):
    layer, x, one = make(4, momentum=0.25), rng.normal(3, 2, SHAPES[make]).astype(np.float32), training()
    _, mean, var = by_numpy(x.astype(np.float64), make)
    count = x.size / 4
    layer(x, training=one)
    layer(x, training=one)  # looked at twice, still one step
    assert not layer.running_mean.data.any()
    one.settle()
    np.testing.assert_allclose(layer.running_mean.data, 0.25 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.data, 0.75 + 0.25 * var * count / (count - 1), rtol=1e-5)
    assert not one.pending


def test_held_input_has_the_statistics_of_its_copy(rng):
    x = rng.normal(1, 2, (6, 4)).astype(np.float32)
    held, copied = np.broadcast_to(x, (3, 6, 4)), np.stack([x] * 3)
    a, b = (BatchNorm(4)(v, training=training()) for v in (held, copied))
    np.testing.assert_allclose(a.data, b.data, atol=1e-5)
    assert a.data.strides[0] == 0


def test_training_moves_them_and_checkpoints_keep_them(rng, tmp_path):
    net = Sequential(Linear(3, 4, seed=0), BatchNorm(4), ReLU(), Linear(4, 2, seed=1))
    x, targets = rng.normal(2, 1, (64, 3)).astype(np.float32), rng.integers(0, 2, 64)
    fit(net, (x, targets), loss=loss.cross_entropy, optimiser=optim.SGD(1e-2), epochs=2, progress=False)
    moved = net.parameters()["1.running_mean"].data
    assert np.abs(moved).min() > 0
    save(tmp_path / "net.npz", net)
    again = load(tmp_path / "net.npz")
    np.testing.assert_array_equal(again.parameters()["1.running_mean"].data, moved)
    np.testing.assert_array_equal(again(x).data, net(x).data)


@pytest.mark.parametrize(
    ("layer", "make", "shape"),
    [
        (Linear(3, 4, seed=0), BatchNorm, (7, 3)),
        (Linear(3, 4, bias=False, seed=0), BatchNorm, (7, 3)),
        (Conv1d(2, 4, 3, padding=1, seed=0), BatchNorm1d, (5, 2, 8)),
        (Conv2d(2, 4, 3, groups=2, bias=False, seed=0), BatchNorm2d, (5, 2, 6, 7)),
    ],
    ids=repr,
)
def test_folding(layer, make, shape, rng):
    norm, x, one = make(4, scale=0.8), rng.normal(1, 2, shape).astype(np.float32), training()
    norm.weight.data, norm.bias.data = rng.random(4).astype(np.float32) + 0.5, rng.random(4).astype(np.float32)
    norm(layer(x), training=one)
    one.settle()
    before = layer.weight.data.copy()
    np.testing.assert_allclose(fold(layer, norm)(x).data, norm(layer(x)).data, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.weight.data, before)


def test_what_is_refused(rng):
    with pytest.raises(ValueError, match=r"BatchNorm2d: expected input \(\.\.\., 4, height, width\), got"):
        BatchNorm2d(4)(np.zeros((2, 3, 5, 5)))
    with pytest.raises(ValueError, match="BatchNorm: expected at least two numbers a channel while training"):
        BatchNorm(4)(np.zeros((1, 4)), training=training())
    with pytest.raises(TypeError, match="BatchNorm: expected float32 as the weights are"):
        BatchNorm(4)(Tensor(np.zeros((2, 4))))
    with pytest.raises(TypeError, match="fold: expected a Linear"):
        fold(ReLU(), BatchNorm(3))
    with pytest.raises(ValueError, match="fold: expected a normalisation of the 4 outputs"):
        fold(Linear(3, 4, seed=0), BatchNorm(3))
    with pytest.raises(ValueError, match="BatchNorm: momentum: expected a number in"):
        BatchNorm(3, momentum=2)
