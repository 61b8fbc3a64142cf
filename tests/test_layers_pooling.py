"""Pooling: naive loops, gradients, spikes by their events, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_windows import max_pool as naive_max
from naive_windows import sum_pool as naive_sum

from spikenet.graph import Tensor, check_gradient, repeat
from spikenet.kernels import pool, pool_events
from spikenet.kernels.events import found
from spikenet.kernels.window import Window
from spikenet.layers import LIF, AvgPool1d, AvgPool2d, Conv2d, MaxPool1d, MaxPool2d, SumPool1d, SumPool2d

POOLS = (AvgPool2d, MaxPool2d, SumPool2d)


def pair(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


@settings(max_examples=60, deadline=None)
@given(
    size=pair(2, 9),
    kernel=pair(1, 3),
    stride=pair(1, 3),
    padded=st.booleans(),
    channels=st.integers(1, 5),
    rows=st.integers(0, 20),
    whole=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_equals_loops_over_windows(size, kernel, stride, padded, channels, rows, whole, dtype):
    """Also where many numbers of a window are the largest, as among spikes."""
    padding = tuple(k // 2 for k in kernel) if padded else (0, 0)
    window = Window(size, kernel, stride, padding)
    if min(window.out) < 1:
        return
    rng = np.random.default_rng(rows)
    x = rng.normal(size=(rows, channels, *size)).astype(dtype)
    x = np.sign(x) if whole else x
    g = rng.integers(-9, 10, (rows, channels, *window.out)).astype(dtype)
    geometry = size, kernel, stride, padding, (1, 1)
    flat, flat_g = x.reshape(rows, channels * window.n_in), g.reshape(rows, channels * window.n_out)
    y, place = pool.largest(flat, channels, window)
    largest, g_x = naive_max(x, g, geometry)
    np.testing.assert_array_equal(y, largest.reshape(y.shape))
    np.testing.assert_array_equal(pool.back(flat_g, place, channels, window), g_x.reshape(flat.shape))
    sums, g_x = naive_sum(x, g, geometry)
    np.testing.assert_allclose(pool.sums(flat, channels, window), sums.reshape(y.shape), atol=1e-5)
    np.testing.assert_array_equal(pool.back(flat_g, None, channels, window), g_x.reshape(flat.shape))


@pytest.mark.parametrize("window", [Window((8, 9), (2, 2), (2, 2)), Window((7, 30), (3, 3), (2, 1), (1, 1))])
def test_spikes_by_their_events(window, rng):
    spikes = (rng.random((20, 5 * window.n_in)) < 0.1).astype(np.float32)
    y, place, events = pool_events.fired(replace(found(spikes), binary=True), window, np.float32)
    wanted, wanted_place = pool.largest(spikes, 5, window)
    np.testing.assert_array_equal(y, wanted)
    np.testing.assert_array_equal(place, wanted_place)
    np.testing.assert_array_equal(events.written_out(np.float32), wanted)
    assert events.binary


def test_not_a_number_goes_on():
    x = np.zeros((1, 1, 4, 4), np.float32)
    x[0, 0, 1, 1] = np.nan
    assert np.isnan(MaxPool2d(2)(Tensor(x)).data).sum() == 1


@pytest.mark.parametrize("make", POOLS)
@pytest.mark.parametrize("arguments", [{"kernel_size": 2}, {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1}])
def test_gradients(make, arguments, rng):
    layer, x = make(**arguments), rng.normal(size=(2, 3, 2, 5, 6))
    check_gradient(layer, x)
    check_gradient(lambda x: layer(repeat(x, 3)), x[0])
    assert layer(np.broadcast_to(x[0], (4, *x.shape[1:]))).data.strides[0] == 0


@pytest.mark.parametrize(("one", "two"), [(AvgPool1d, AvgPool2d), (MaxPool1d, MaxPool2d), (SumPool1d, SumPool2d)])
def test_along_a_line(one, two, rng):
    x = rng.normal(size=(3, 2, 4, 11)).astype(np.float32)
    ours = one(3, stride=2, padding=1)(x)
    wanted = two((1, 3), stride=(1, 2), padding=(0, 1))(x[..., None, :])
    np.testing.assert_array_equal(ours.data, wanted.data[..., 0, :])


def test_average_is_sum_by_places():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    np.testing.assert_array_equal(SumPool2d(2)(x).data.ravel(), [10, 18, 42, 50])
    np.testing.assert_array_equal(AvgPool2d(2)(x).data.ravel(), [2.5, 4.5, 10.5, 12.5])
    assert AvgPool2d(2, padding=1)(x).data.ravel()[0] == 0  # the border counts


@pytest.mark.parametrize("make", POOLS)
def test_events_travel(make, rng):
    """What follows can work from events, with what was pooled as its values."""
    spikes = LIF(tau_mem_s=5e-3)(rng.normal(0, 0.7, (5, 2, 3, 8, 8)).astype(np.float32))
    assert spikes.data.mean() > 0.02
    y = make(2)(spikes)
    assert y.events.binary == (make is MaxPool2d)
    assert y.events.counts.sum() == np.count_nonzero(y.data)
    layer = Conv2d(3, 2, 3, seed=0)
    np.testing.assert_allclose(layer(y).data, layer(Tensor(y.data)).data, rtol=1e-5, atol=1e-5)


def test_input_is_only_read(rng):
    x = rng.normal(size=(3, 2, 6, 6)).astype(np.float32)
    x.flags.writeable = False
    leaf = Tensor(x, requires_grad=True)
    for make in POOLS:
        make(2)(leaf).sum().backward()


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"MaxPool2d: padding: expected at most half the window \(2, 2\)"):
        MaxPool2d(2, padding=2)
    with pytest.raises(ValueError, match=r"MaxPool2d: expected height, width at least as large as the window"):
        MaxPool2d(3)(np.zeros((1, 2, 2, 5)))
    with pytest.raises(ValueError, match=r"AvgPool1d: expected input \(\.\.\., channels, length\)"):
        AvgPool1d(3)(np.zeros(5))
    with pytest.raises(ValueError, match="SumPool1d: stride: expected a whole number >= 1"):
        SumPool1d(3, stride=0)
