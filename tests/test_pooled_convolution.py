"""A convolution computed with the max pooling behind it: exact against loops over windows, and as the two layers."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_windows import convolution as naive
from naive_windows import convolution_gradients as naive_gradients
from naive_windows import max_pool as naive_pool
from test_convolution_kernels import geometry, pair, shapes

from spikenet.graph import Tensor, check_gradient
from spikenet.kernels import conv_events, conv_placed, conv_routes, conv_scatter, conv_wanted, convolution
from spikenet.kernels.events import found
from spikenet.kernels.filters import Filters
from spikenet.kernels.placed import Placed
from spikenet.kernels.window import Window
from spikenet.layers import LIF, Conv1d, Conv2d, Flatten, Linear, MaxPool1d, MaxPool2d, Sequential, SumPool2d, cast
from spikenet.neurons import surrogate


@st.composite
def pooled_shapes(draw):
    """A convolution, and a pooling that fits on its output."""
    shape = draw(shapes(most=5))  # more filters make wider tiles, each compiled anew: the examples have them
    kernel = tuple(min(k, n) for k, n in zip(draw(pair(1, 3)), shape.window.out, strict=True))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    return shape, Window(shape.window.out, kernel, draw(pair(1, 3)), padding)


def whole_numbers(shape, window, rows, density, dtype, seed):
    """x, w, bias, g: no product or sum of them is rounded."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (rows, shape.n_x)) * (rng.random((rows, shape.n_x)) < density)
    arrays = (
        x, rng.integers(-4, 5, (shape.n_out, shape.depth)), rng.integers(-9, 9, shape.n_out),
        rng.integers(-4, 5, (rows, shape.n_out * window.n_out)),
    )  # fmt: skip
    return tuple(a.astype(dtype) for a in arrays)


@settings(max_examples=50, deadline=None)
@given(
    both=pooled_shapes(), rows=st.integers(0, 18), density=st.sampled_from([0.0, 0.2, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]), seed=st.integers(0, 99),
)  # fmt: skip
@example((Filters(3, 70, 1, Window((20, 20), (5, 5))), Window((16, 16), (2, 2), (2, 2))), 2, 0.1, np.float32, 0)
@example((Filters(24, 4, 2, Window((7, 6), (3, 3))), Window((5, 4), (3, 2), (1, 2), (1, 1))), 33, 0.3, np.float32, 0)
@example((Filters(2, 33, 1, Window((1, 40), (1, 5))), Window((1, 36), (1, 4), (1, 4))), 3, 0.5, np.float64, 0)
def test_equals_loops_over_windows(both, rows, density, dtype, seed):
    """Exactly: ties go to the first place, and every gradient is a sum of whole numbers."""
    shape, window = both
    x, w, bias, g = whole_numbers(shape, window, rows, density, dtype, seed)
    maps = x.reshape(rows, shape.n_in, *shape.window.size)
    filters = w.reshape(shape.n_out, shape.channels, *shape.window.kernel)
    between = naive(maps, filters, bias, geometry(shape.window), shape.groups)
    y, g_between = naive_pool(between, g.reshape(rows, shape.n_out, *window.out), geometry(window))
    g_x, g_w, g_bias = naive_gradients(maps, filters, g_between, geometry(shape.window), shape.groups)
    events = found(x)
    for largest, place in (
        convolution.largest(x, w, bias, shape, window), conv_events.largest(x, events, w, bias, shape, window),
        conv_scatter.largest(x, events, w, bias, shape, window),
    ):  # fmt: skip
        np.testing.assert_array_equal(largest, y.reshape(largest.shape))
        placed = Placed(g, place, window)
        for ours in (
            conv_events.weight_gradient(x, events, placed, shape), conv_placed.weight_gradient(x, placed, shape)
        ):  # fmt: skip
            np.testing.assert_array_equal(ours[0], g_w.reshape(shape.n_out, -1))
            np.testing.assert_array_equal(ours[1], g_bias)
        np.testing.assert_array_equal(conv_placed.input_gradient(placed, w, shape), g_x.reshape(x.shape))
        wanted = conv_wanted.input_gradient(placed, w, events, shape)
        np.testing.assert_array_equal(wanted, g_x.reshape(x.shape) * (x != 0))


SHAPE, WINDOW = Filters(3, 20, 1, Window((9, 8), (3, 3), padding=(1, 1))), Window((9, 8), (2, 2), (2, 2))


def everything(x, w, bias, g):
    events = replace(found((x != 0).astype(x.dtype)), binary=True)
    results = []
    for largest, place in (
        convolution.largest(x, w, bias, SHAPE, WINDOW), conv_events.largest(None, events, w, bias, SHAPE, WINDOW),
        conv_scatter.largest(None, events, w, bias, SHAPE, WINDOW),
    ):  # fmt: skip
        placed = Placed(g, place, WINDOW)
        results += [
            largest, place, *conv_events.weight_gradient(None, events, placed, SHAPE),
            *conv_placed.weight_gradient(x, placed, SHAPE), conv_placed.input_gradient(placed, w, SHAPE),
            conv_wanted.input_gradient(placed, w, events, SHAPE),
        ]  # fmt: skip
    return results


def real_numbers(rows=200):
    rng = np.random.default_rng(0)
    x = (rng.random((rows, SHAPE.n_x)) < 0.1).astype(np.float32)
    sizes = (SHAPE.n_out, SHAPE.depth), (SHAPE.n_out,), (rows, SHAPE.n_out * WINDOW.n_out)
    return x, *(rng.normal(size=s).astype(np.float32) for s in sizes)


def test_one_thread_and_two_give_the_same_bits():
    arrays, before, results = real_numbers(), numba.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            results.append(everything(*arrays))
    finally:
        numba.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_inputs_are_only_read():
    arrays = real_numbers(40)
    wanted = everything(*arrays)
    for a in arrays:
        a.flags.writeable = False
    for a, b in zip(everything(*arrays), wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_not_a_number_is_passed_on():
    x, w, bias, _ = real_numbers(5)
    bias[3] = np.nan
    for largest, _ in (
        convolution.largest(x, w, bias, SHAPE, WINDOW), conv_events.largest(x, found(x), w, bias, SHAPE, WINDOW)
    ):  # fmt: skip
        assert np.isnan(largest.reshape(5, SHAPE.n_out, -1)).all(axis=(0, 2)).tolist() == [k == 3 for k in range(20)]


NETS = {
    "plain": (lambda: (Conv2d(2, 3, 3, seed=0), MaxPool2d(2)), (4, 2, 2, 7, 8)),
    "all at once": (
        lambda: (
            Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2, seed=0),
            MaxPool2d((2, 3), stride=(1, 2), padding=(1, 1)),
        ),
        (3, 4, 9, 12),
    ),
    "no bias": (lambda: (Conv2d(3, 3, 2, bias=False, seed=0), MaxPool2d(2, stride=1)), (2, 1, 3, 4, 4)),
    "a line": (lambda: (Conv1d(2, 3, 3, padding=1, seed=0), MaxPool1d(2)), (2, 3, 2, 9)),
}


@pytest.mark.parametrize("name", NETS)
def test_as_the_two_layers_one_after_the_other(name, rng):
    make, shape = NETS[name]
    conv, pool = layers = tuple(cast(layer, np.float64) for layer in make())
    x, results = rng.normal(size=shape), []
    for f in (Sequential(*layers), lambda x: pool(conv(x))):
        given = Tensor(x, requires_grad=True)
        for p in conv.parameters().values():
            p.grad = None
        y = f(given)
        (y * y).sum().backward()
        results.append([y.data, given.grad, *(p.grad for p in conv.parameters().values())])
    for a, b in zip(*results, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_gradient_by_finite_differences(rng):
    make, shape = NETS["all at once"]
    conv, pool = (cast(layer, np.float64) for layer in make())

    def f(x, weight, bias):
        conv.weight, conv.bias = weight, bias
        return Sequential(conv, pool)(x)

    check_gradient(f, rng.normal(size=shape), conv.weight.data, conv.bias.data)


def test_nothing_lies_between(rng, monkeypatch):
    monkeypatch.setattr(conv_routes, "forward", lambda *a: pytest.fail("written out"))
    x = np.broadcast_to(rng.random((2, 1, 6, 6), np.float32), (5, 2, 1, 6, 6))
    y = Sequential(Conv2d(1, 2, 3, seed=0), MaxPool2d(2))(x)
    assert y.shape == (5, 2, 2, 2, 2)
    assert y.repeated is not None
    monkeypatch.undo()
    assert Sequential(Conv2d(1, 2, 3, seed=0), SumPool2d(2))(x).shape == y.shape


def test_routes_agree(rng, monkeypatch):
    x = rng.random((3, 1, 14, 14), np.float32)
    net = Sequential(
        Conv2d(1, 4, 3, seed=0), MaxPool2d(2), LIF(tau_mem_s=5e-3, threshold=0.3, surrogate=surrogate.triangle(0.3)),
        Conv2d(4, 5, 3, padding=1, seed=1), MaxPool2d(2), Flatten(3), Linear(45, 2, seed=3),
    )  # fmt: skip
    results = []
    for most in (np.inf, 0.0):
        monkeypatch.setattr(conv_routes, "EVENTS_BELOW", most)
        for p in net.parameters().values():
            p.grad = None
        y = net(np.broadcast_to(x, (6, *x.shape)))
        (y * y).sum().backward()
        results.append([y.data, *(p.grad for p in net.parameters().values())])
    for a, b in zip(*results, strict=True):
        assert np.abs(b).max() > 0
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


def test_errors_name_the_layer():
    net = Sequential(Conv2d(1, 2, 3, seed=0), MaxPool2d(5))
    with pytest.raises(ValueError, match="MaxPool2d: expected height, width") as error:
        net(np.zeros((2, 1, 6, 6), np.float32))
    assert "in layer 1 of Sequential" in error.value.__notes__[0]
    with pytest.raises(ValueError, match="Conv2d: expected input") as error:
        net(np.zeros((2, 3, 6, 6), np.float32))
    assert "in layer 0 of Sequential" in error.value.__notes__[0]
    for k in range(2):
        state = [(), ()]
        state[k] = (np.zeros(3),)
        with pytest.raises(ValueError, match="state"):
            net.run(np.zeros((2, 1, 9, 9), np.float32), tuple(state))
