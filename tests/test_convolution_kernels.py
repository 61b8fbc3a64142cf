"""Convolution by every route against loops over windows: forward and all gradients, any geometry, any groups."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_windows import convolution as naive
from naive_windows import convolution_gradients as naive_gradients

from spikenet.kernels import conv_costs, conv_events, conv_routes, conv_scatter, conv_wanted, convolution
from spikenet.kernels.events import BLOCK, found
from spikenet.kernels.filters import Filters, packed, unpacked
from spikenet.kernels.window import Window

ERROR = {np.float32: 2e-5, np.float64: 1e-12}


def pair(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def shapes(draw, most=17):
    """Sizes of a convolution that fits; `most` filters a group."""
    kernel, dilation, padding = draw(pair(1, 3)), draw(pair(1, 2)), draw(pair(0, 2))
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    size = tuple(n + draw(st.integers(0, 4)) for n in least)
    groups = draw(st.integers(1, 3))
    window = Window(size, kernel, draw(pair(1, 3)), padding, dilation)
    n_out = groups * draw(st.sampled_from([1, 2, most]))
    return Filters(groups * draw(st.integers(1, 3)), n_out, groups, window)


def geometry(window):
    return window.size, window.kernel, window.stride, window.padding, window.dilation


def case(shape, rows, density, dtype, seed=0):
    """x, w, bias, g as the kernels take them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, shape.n_x)) * (rng.random((rows, shape.n_x)) < density)
    arrays = (
        x,
        rng.normal(size=(shape.n_out, shape.depth)),
        rng.normal(size=shape.n_out),
        rng.normal(size=(rows, shape.n_y)),
    )
    return tuple(a.astype(dtype) for a in arrays)


def pictures(shape, x, w, g):
    """The same with all axes."""
    window = shape.window
    return (
        x.reshape(len(x), shape.n_in, *window.size),
        w.reshape(shape.n_out, shape.channels, *window.kernel),
        g.reshape(len(g), shape.n_out, *window.out),
    )


def assert_close(ours, wanted, dtype):
    wanted = wanted.reshape(ours.shape)
    assert ours.dtype == dtype
    np.testing.assert_allclose(
        ours, wanted, rtol=ERROR[dtype], atol=ERROR[dtype] * max(1, np.abs(wanted).max(initial=0))
    )


@settings(max_examples=60, deadline=None)
@given(
    shape=shapes(),
    rows=st.integers(0, 20),
    density=st.sampled_from([0.0, 0.2, 1.0]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 99),
)
@example(Filters(3, 70, 1, Window((20, 20), (5, 5))), 3, 0.1, np.float32, 0)  # across blocks of events and tiles
@example(Filters(2, 40, 1, Window((1, 40), (1, 5), padding=(0, 2))), 3, 0.1, np.float64, 0)
@example(Filters(4, 4, 4, Window((6, 5), (3, 3), (2, 2), (1, 1))), 33, 0.3, np.float32, 0)
def test_equals_loops_over_windows(shape, rows, density, dtype, seed):
    x, w, bias, g = case(shape, rows, density, dtype, seed)
    maps, filters, g_maps = pictures(shape, x, w, g)
    y = naive(maps, filters, bias, geometry(shape.window), shape.groups)
    g_x, g_w, g_bias = naive_gradients(maps, filters, g_maps, geometry(shape.window), shape.groups)
    events = found(x)
    assert_close(convolution.forward(x, w, bias, shape), y, dtype)
    assert_close(conv_events.forward(x, events, w, bias, shape), y, dtype)
    assert_close(conv_scatter.forward(x, events, w, bias, shape), y, dtype)
    for ours, wanted in zip(convolution.weight_gradient(x, g, shape), (g_w, g_bias), strict=True):
        assert_close(ours, wanted, dtype)
    for ours, wanted in zip(conv_events.weight_gradient(x, events, g, shape), (g_w, g_bias), strict=True):
        assert_close(ours, wanted, dtype)
    assert_close(convolution.input_gradient(g, w, shape), g_x, dtype)
    assert_close(conv_wanted.input_gradient(g, w, events, shape), g_x.reshape(x.shape) * (x != 0), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whole_numbers_are_exact(dtype):
    """Every product once and none of a neighbour's: whole numbers leave no rounding to hide in."""
    shape = Filters(8, 36, 2, Window((13, 12), (3, 4), (1, 2), (1, 0)))
    assert shape.n_x > BLOCK
    rng = np.random.default_rng(0)
    x = (rng.integers(-3, 4, (21, shape.n_x)) * (rng.random((21, shape.n_x)) < 0.2)).astype(dtype)
    w, g = (rng.integers(-4, 5, s).astype(dtype) for s in ((shape.n_out, shape.depth), (21, shape.n_y)))
    bias, events = np.arange(shape.n_out).astype(dtype), found(x)
    maps, filters, g_maps = pictures(shape, x, w, g)
    y = naive(maps, filters, bias, geometry(shape.window), 2).reshape(21, -1)
    _, g_w, g_bias = naive_gradients(maps, filters, g_maps, geometry(shape.window), 2)
    np.testing.assert_array_equal(convolution.forward(x, w, bias, shape), y)
    np.testing.assert_array_equal(conv_events.forward(x, events, w, bias, shape), y)
    np.testing.assert_array_equal(conv_scatter.forward(x, events, w, bias, shape), y)
    for ours in (convolution.weight_gradient(x, g, shape), conv_events.weight_gradient(x, events, g, shape)):
        np.testing.assert_array_equal(ours[0], g_w.reshape(shape.n_out, -1))
        np.testing.assert_array_equal(ours[1], g_bias)
    np.testing.assert_array_equal(
        conv_wanted.input_gradient(g, w, events, shape), convolution.input_gradient(g, w, shape) * (x != 0)
    )


def spikes(shape, rows, seed=0):
    x, w, bias, g = case(shape, rows, 0.1, np.float32, seed)
    x = (x != 0).astype(np.float32)
    return x, replace(found(x), binary=True), w, bias, g


SHAPE = Filters(3, 20, 1, Window((9, 8), (3, 3), padding=(1, 1)))


def test_binary_events_do_not_need_the_array():
    x, events, w, bias, g = spikes(SHAPE, 19)
    valued = replace(events, binary=False)
    for route in (conv_events, conv_scatter):
        np.testing.assert_array_equal(
            route.forward(None, events, w, bias, SHAPE), route.forward(x, valued, w, bias, SHAPE)
        )
    for a, b in zip(
        conv_events.weight_gradient(None, events, g, SHAPE),
        conv_events.weight_gradient(x, valued, g, SHAPE),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def everything(x, events, w, bias, g):
    return (
        convolution.forward(x, w, bias, SHAPE), *convolution.weight_gradient(x, g, SHAPE),
        convolution.input_gradient(g, w, SHAPE), conv_events.forward(x, events, w, bias, SHAPE),
        *conv_events.weight_gradient(x, events, g, SHAPE), conv_wanted.input_gradient(g, w, events, SHAPE),
        conv_scatter.forward(x, events, w, bias, SHAPE),
    )  # fmt: skip


def test_one_thread_and_two_give_the_same_bits():
    arrays, before, results = spikes(SHAPE, 200), numba.get_num_threads(), []
    try:
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            results.append(everything(*arrays))
    finally:
        numba.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_inputs_are_only_read():
    x, events, w, bias, g = spikes(SHAPE, 40)
    wanted = everything(x, events, w, bias, g)
    for a in (x, w, bias, g, events.columns, events.counts):
        a.flags.writeable = False
    for a, b in zip(everything(x, events, w, bias, g), wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_picture_does_not_depend_on_its_neighbours():
    x, _, w, bias, _ = spikes(SHAPE, 50)
    for forward in (
        lambda x: convolution.forward(x, w, bias, SHAPE), lambda x: conv_events.forward(x, found(x), w, bias, SHAPE)
    ):  # fmt: skip
        whole = forward(x)
        for part in (slice(0, 1), slice(17, 18), slice(5, 45)):
            np.testing.assert_array_equal(forward(x[part]), whole[part])


def test_tiles_and_back(rng):
    w = rng.normal(size=(12, 5, 2))
    tiled = packed(w, 3, 16)
    assert tiled.shape == (3, 5, 2, 16)
    assert not tiled[..., 4:].any()
    np.testing.assert_array_equal(unpacked(tiled, 3, 4), w)


@pytest.fixture
def routes(monkeypatch):
    """The routes taken since, in order."""
    taken = []

    def watch(module, name):
        function = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a: (taken.append(module.__name__.rsplit(".", 1)[1]), function(*a))[1])

    for module, names in (
        (convolution, ("forward", "weight_gradient", "input_gradient")),
        (conv_events, ("forward", "weight_gradient")), (conv_wanted, ("input_gradient",)), (conv_scatter, ("forward",)),
    ):  # fmt: skip
        for name in names:
            watch(module, name)
    return taken


@pytest.mark.parametrize("dense", [False, True])
def test_routes_agree(dense, routes, monkeypatch):
    """Each is taken when the density says so, and gives what the other gives."""
    x, events, w, bias, g = spikes(SHAPE, 30)
    monkeypatch.setattr(conv_routes, "EVENTS_BELOW", 0.0 if dense else np.inf)
    results = (
        conv_routes.forward(lambda: x, events, w, bias, SHAPE),
        *conv_routes.weight_gradient(lambda: x, events, g, SHAPE),
        conv_routes.input_gradient(g, w, events, SHAPE) * x,
    )
    assert routes == (["convolution"] * 3 if dense else ["conv_scatter", "conv_events", "conv_wanted"])
    wanted = everything(x, events, w, bias, g)
    for ours, other in zip(results, (*wanted[4:7], wanted[7]), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-4)


def test_zeros_are_looked_for_only_where_it_can_pay(monkeypatch):
    x, *_ = spikes(SHAPE, 30)
    assert conv_routes.events_in(x, SHAPE) is None
    monkeypatch.setattr(conv_routes, "WORTH_LOOKING", 0)
    assert conv_routes.events_in(x * (np.arange(len(x)) < 5)[:, None], SHAPE).counts[5:].sum() == 0
    assert conv_routes.events_in(np.ones_like(x), SHAPE) is None


W3 = Filters(12, 64, 1, Window((12, 12), (5, 5)))
POOLING = Window((8, 8), (2, 2), (2, 2))


@pytest.mark.parametrize("shape", [SHAPE, W3, Filters(1, 12, 1, Window((28, 28), (5, 5)))])
def test_costs_choose_events_when_few(shape):
    """No event is cheaper than a dense product, all are dearer, and each adds to the cost."""
    by_events = (
        (conv_costs.scattered, conv_costs.dense(shape)), (conv_costs.gathered, np.inf),
        (conv_costs.weights_by_events, conv_costs.weights_densely(shape)),
        (conv_costs.input_where_wanted, conv_costs.input_densely(shape)),
    )  # fmt: skip
    for cost, dense in by_events:
        few, some, all_of_them = (cost(shape, density * shape.n_x) for density in (0, 0.1, 1))
        assert few < some < all_of_them
        assert few < conv_routes.EVENTS_BELOW * dense
    assert conv_costs.weights_by_events(W3, W3.n_x) > conv_costs.weights_densely(W3)


def test_the_routes_of_a_known_net():
    """12 maps of 12 x 12, 64 filters of 5 x 5: as measured, scattered below 3 %, gathered to 25 %, then densely."""
    routes = [conv_routes._forward_by(density * W3.n_x, W3) for density in (0.01, 0.05, 0.2, 0.4)]
    assert routes == [conv_scatter, conv_events, conv_events, convolution]
    assert conv_costs.input_placed(W3, POOLING) < conv_costs.input_densely(W3)
    assert conv_costs.weights_placed(W3, POOLING) < conv_costs.weights_densely(W3)
