"""Conv1d and Conv2d: naive loops, gradients, input that repeats, spikes by any route, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive_windows import convolution as naive

import spikenet as sn
from spikenet.graph import Tensor, check_gradient, repeat
from spikenet.kernels import conv_routes
from spikenet.layers import LIF, Conv1d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential, cast
from spikenet.neurons import surrogate

CASES = {
    "plain": (Conv2d(2, 3, 3, seed=0), (4, 2, 2, 5, 6)),
    "all at once": (
        Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2, seed=0),
        (3, 4, 7, 6),
    ),
    "depthwise": (Conv2d(3, 3, 2, groups=3, bias=False, seed=0), (2, 1, 3, 4, 4)),
    "a line": (Conv1d(2, 3, 3, stride=2, padding=1, dilation=2, seed=0), (2, 3, 2, 9)),
}
EVERY = pytest.mark.parametrize("name", CASES)


@EVERY
def test_equals_loops_over_windows(name, rng):
    layer, shape = CASES[name]
    x = rng.normal(size=shape).astype(np.float32)
    line = layer.n_axes == 1

    def two(numbers, missing):
        return (missing, *numbers) if line else numbers

    geometry = (
        two(shape[-layer.n_axes :], 1), two(layer.kernel_size, 1), two(layer.stride, 1), two(layer.padding, 0),
        two(layer.dilation, 1),
    )  # fmt: skip
    maps = x.reshape(-1, layer.n_in, *geometry[0])
    w = layer.weight.data.reshape(layer.n_out, -1, *geometry[1])
    bias = np.zeros(layer.n_out) if layer.bias is None else layer.bias.data
    y = layer(x)
    wanted = naive(maps, w, bias, geometry, layer.groups)
    assert y.shape == (*shape[: -layer.n_axes - 1], layer.n_out, *wanted.shape[4 - layer.n_axes :])
    np.testing.assert_allclose(y.data.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)


def as_function(layer):
    """The layer as a function of its input, weight and bias."""

    def f(x, *parameters):
        layer.weight = parameters[0]
        layer.bias = parameters[1] if len(parameters) > 1 else None
        return layer(x)

    return f, [p.data for p in layer.parameters().values()]


@EVERY
def test_gradients(name, rng):
    layer, shape = CASES[name]
    again = type(layer)(
        layer.kind, layer.n_axes, layer.n_in, layer.n_out, layer.kernel_size, layer.stride, layer.padding,
        layer.dilation, layer.groups, layer.bias is not None, 1,
    )  # fmt: skip
    f, parameters = as_function(cast(again, np.float64))
    x = rng.normal(size=shape)
    check_gradient(f, x, *parameters)
    check_gradient(lambda x, *p: f(repeat(x, 3), *p), x[0], *parameters)


def test_input_that_repeats_is_computed_once(rng):
    y = Conv2d(1, 2, 3, seed=0)(np.broadcast_to(rng.random((2, 1, 5, 5), np.float32), (7, 2, 1, 5, 5)))
    assert y.data.strides[0] == 0
    assert y.repeated is not None


def test_no_gradient_of_data_and_only_wanted_ones(rng, monkeypatch):
    layer = Conv2d(1, 2, 3, seed=0)
    monkeypatch.setattr(conv_routes, "input_gradient", lambda *a: pytest.fail("nobody asked"))
    x = Tensor(rng.random((4, 1, 5, 5), np.float32))
    layer(x).sum().backward()
    assert x.grad is None
    assert layer.bias.grad.tolist() == [36, 36]


@pytest.mark.parametrize("kind", [surrogate.triangle(0.3), surrogate.fast_sigmoid])
def test_spikes_by_events_or_densely(kind, rng, monkeypatch):
    """A net of both convolutions, pooling between: all gradients the same whichever route is taken."""
    x = rng.random((3, 1, 14, 14), np.float32)
    net = Sequential(
        Conv2d(1, 4, 3, seed=0), MaxPool2d(2), LIF(tau_mem_s=5e-3, threshold=0.3, surrogate=kind),
        Conv2d(4, 5, 3, padding=1, seed=1), LIF(tau_mem_s=5e-3, threshold=0.2, surrogate=kind), MaxPool2d(2),
        Conv2d(5, 3, 2, seed=2), Flatten(3), Linear(12, 2, seed=3),
    )  # fmt: skip
    results = []
    for most in (math.inf, 0.0):
        monkeypatch.setattr(conv_routes, "EVENTS_BELOW", most)
        for p in net.parameters().values():
            p.grad = None
        y = net(np.broadcast_to(x, (6, *x.shape)))
        (y * y).sum().backward()
        results.append([y.data, *(p.grad for p in net.parameters().values())])
    for a, b in zip(*results, strict=True):
        assert np.abs(b).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


def test_conventional_net(rng):
    net = Sequential(Conv2d(1, 2, 3, seed=0), ReLU(), MaxPool2d(2), Flatten(3), Linear(18, 2, seed=0))
    assert net(rng.random((5, 1, 8, 8))).shape == (5, 2)


def test_weights_start_as_promised():
    layer, bound = Conv2d(40, 60, 5, groups=2, seed=0), 1 / math.sqrt(20 * 25)
    w = layer.weight.data.astype(np.float64)
    assert w.shape == (60, 20, 5, 5)
    assert np.abs(w).max() <= bound
    assert w.var() == pytest.approx(bound**2 / 3, rel=0.02)
    assert np.abs(layer.bias.data).max() <= bound


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 2, 3), ValueError, "Conv2d: n_in: expected a whole number >= 1"),
        ((1, 2, 0), ValueError, "Conv2d: kernel_size: expected a whole number >= 1"),
        ((1, 2, (3, 3, 3)), ValueError, "Conv2d: kernel_size: expected a whole number or 2 of them"),
        ((1, 2, "33"), TypeError, "Conv2d: kernel_size: expected a whole number"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Conv2d(*arguments)


def test_groups_that_do_not_divide():
    with pytest.raises(ValueError, match="Conv2d: groups: expected a divisor of n_in 3 and of n_out 4, got 2"):
        Conv2d(3, 4, 3, groups=2)


@pytest.mark.parametrize("shape", [(), (5, 5), (2, 3, 5, 5), (3, 5)])
def test_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"Conv2d: expected input \(\.\.\., 2, height, width\), got"):
        Conv2d(2, 1, 3)(np.zeros(shape))


def test_a_window_that_does_not_fit():
    with pytest.raises(ValueError, match=r"expected height, width at least as large as the window, \(5, 5\)"):
        Conv2d(1, 1, 3, dilation=2, padding=(0, 1))(np.zeros((1, 1, 4, 9)))


def test_another_float_type(rng):
    with pytest.raises(TypeError, match="Conv2d: expected float32 as the weights are, got float64"):
        Conv2d(1, 1, 3)(Tensor(rng.random((1, 1, 4, 4))))


@pytest.mark.parametrize("make", [sn.Conv1d, sn.Conv2d, sn.ConvTranspose1d, sn.ConvTranspose2d])
def test_whether_there_is_a_bias_is_said_by_a_bool(make):
    with pytest.raises(TypeError, match=f"{make.__name__}: bias: expected True or False, got 'no'"):
        make(1, 1, 3, bias="no")
