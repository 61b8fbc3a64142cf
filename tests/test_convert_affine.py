"""Products of affine weights are the integers they should be: beside int64 sums in plain numpy, with equality."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import spikenet as sn
from spikenet import convert

LAYERS = {
    "Linear": (lambda: sn.Linear(7, 20, seed=0), (7,)),
    "Conv1d": (lambda: sn.Conv1d(3, 5, 3, seed=0), (3, 9)),
    "Conv2d": (lambda: sn.Conv2d(1, 5, 3, padding=1, seed=0), (1, 6, 5)),
}


def sums_of(layer, x_grid, levels, x):
    """(q_x q_w summed) - z_w (q_x summed) - z_x (q_w - z_w summed), one term after the other, in int64."""
    scale, zero = np.float32(x_grid[0]), int(x_grid[1])
    q = np.clip(np.rint(x * (np.float32(1) / scale)) + np.float32(zero), 0, 255).astype(np.int64)
    w, z = levels.integers.astype(np.int64), np.asarray(levels.zero).astype(np.int64).reshape(-1)
    if q.ndim == 4:
        q = np.pad(q, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=zero)
    axes = tuple(range(2, q.ndim))
    if axes:  # windows (batch, places, inputs of a place)
        under = sliding_window_view(q, (3,) * len(axes), axis=axes)
        under = np.moveaxis(under, 1, 1 + len(axes))
        q = under.reshape(len(q), -1, len(w))
    sums = q @ w - z * q.sum(axis=-1, keepdims=True)
    return sums, -zero * (w.sum(axis=0) - len(w) * z)


@pytest.mark.parametrize("static", [True, False], ids=["static", "dynamic"])
@pytest.mark.parametrize("per_channel", [True, False], ids=["per channel", "per tensor"])
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("name", LAYERS)
def test_products_of_affine_weights_are_exact(name, bits, per_channel, static, rng):
    make, shape = LAYERS[name]
    layer, x = make(), rng.normal(0.5, 1, (6, *shape)).astype(np.float32)
    layer.weight.data += np.float32(0.3)  # more to one side
    options = {"weight_bits": bits, "per_channel": per_channel, "symmetric_weights": False}
    made = convert.quantise(sn.Sequential(layer), x if static else None, **options)
    grid = tuple(float(v) for v in convert.grid_of(x.min(), x.max(), 8, False))
    step = made.steps[0]
    assert (step.levels.low, step.levels.high) == (0, 2**bits - 1)
    assert np.any(step.levels.zero != 0)
    assert np.size(step.levels.zero) == (layer.n_out if per_channel else 1)
    sums, constant = sums_of(layer, grid, step.levels, x)
    scales = grid[0] * step.scale
    start = (layer.bias.data.astype(np.float64) + scales * constant).astype(np.float32)
    wanted = scales.astype(np.float32) * sums.astype(np.float32) + start
    wanted = np.moveaxis(wanted, -1, 1) if wanted.ndim == 3 else wanted
    np.testing.assert_array_equal(made(x), wanted.reshape(layer(x).data.shape))


@pytest.fixture(scope="module")
def trained():
    train, test = sn.data.digits(0)
    net = sn.Sequential(sn.Linear(64, 32, seed=0), sn.ReLU(), sn.Linear(32, 10, seed=1))
    adam = sn.optim.Adam(5e-3)
    sn.fit(net, train, loss=sn.loss.cross_entropy, optimiser=adam, epochs=6, progress=False)
    return net, train, test


def test_affine_weights_of_eight_bits_cost_no_accuracy(trained):
    """Of 4 bits they do on digits, about a point: weights lie to both sides of 0, and a zero rounded cuts one end."""
    net, train, test = trained
    right = {
        symmetric: (convert.quantise(net, train.inputs[:200], symmetric_weights=symmetric)(test.inputs)).argmax(axis=1)
        == test.labels
        for symmetric in (True, False)
    }
    assert right[False].mean() >= right[True].mean() - 0.005


@pytest.mark.parametrize("options", [{}, {"per_channel": False}, {"weight_bits": 4}])
def test_a_net_trained_on_affine_grids_keeps_them(options, rng):
    net = sn.Sequential(sn.Linear(6, 8, seed=0), sn.BatchNorm(8), sn.ReLU(), sn.Linear(8, 3, seed=1))
    net.layers[1].weight.data[...] = [4, -1, 0.1, 0, 2, -3, 1, 0.5]
    x = rng.random((50, 6)).astype(np.float32)
    rounded = convert.with_qdq(net, symmetric_weights=False, **options)
    now = x
    for layer in rounded.layers:  # the ranges of this batch, which the dynamic grids are too
        if layer.kind == "QdqActivation":
            layer.range.data[...] = now.min(), now.max()
        now = layer(now).data
    made = convert.quantise(rounded)
    assert [s.levels.high for s in made.steps] == [2 ** options.get("weight_bits", 8) - 1] * 2
    np.testing.assert_allclose(made(x), rounded(x).data, rtol=1e-4, atol=1e-4)
    asked = convert.quantise(rounded, weight_bits=3, per_channel=False, symmetric_weights=True)
    assert [(s.levels.low, np.size(s.levels.scale)) for s in asked.steps] == [(-3, 1)] * 2


def test_affine_refuses():
    with pytest.raises(TypeError, match="quantise: symmetric_weights: expected True or False, got 'no'"):
        convert.quantise(sn.Sequential(sn.Linear(2, 2)), symmetric_weights="no")
    with pytest.raises(TypeError, match="QdqConnection: symmetric: expected True or False, got 1"):
        convert.with_qdq(sn.Sequential(sn.Linear(2, 2)), symmetric_weights=1)
