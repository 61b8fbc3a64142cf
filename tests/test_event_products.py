"""Products by events: numpy's, for every width of rows, blocks and tiles; and the choice between events and BLAS."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikenet.graph import Tensor
from spikenet.kernels import blas, event_products, products
from spikenet.kernels.crossovers import Crossovers
from spikenet.kernels.events import BLOCK, found
from spikenet.layers import LIF, Dropout, Flatten, Linear, Training, cast

ACROSS_BLOCKS = [511, 512, 513, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3]
ACROSS_TILES = [1, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 128, 129]
ERROR = {np.float32: 1e-5, np.float64: 1e-12}  # of a sum, relative to the sum of its terms' sizes
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def sparse(rng, rows, n, density, binary, dtype):
    """An array that is not zero in about a share `density` of places, and its events."""
    x = (rng.random((rows, n)) < density).astype(dtype)
    if not binary:
        x *= rng.normal(size=x.shape).astype(dtype)
    return x, replace(found(x), binary=binary)


def assert_product(ours, x, w, start=0.0):
    """ours = x @ w + start, each sum judged by the size of its terms."""
    x8, w8, start8 = (np.asarray(a, np.float64) for a in (x, w, start))
    size = np.abs(x8) @ np.abs(w8) + np.abs(start8)
    wrong = np.abs(ours - (x8 @ w8 + start8)) > ERROR[ours.dtype.type] * size
    assert not wrong.any(), np.argwhere(wrong)[:5]
    assert ours.dtype == x.dtype
    assert ours.shape == (len(x), np.shape(w)[1])


@settings(max_examples=120, deadline=None)
@given(
    rows=st.integers(0, 40),
    n=st.one_of(st.integers(1, 70), st.sampled_from(ACROSS_BLOCKS)),
    m=st.one_of(st.integers(1, 140), st.sampled_from(ACROSS_TILES)),
    density=st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)),
    binary=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    start=st.sampled_from(["none", "row", "whole"]),
    seed=st.integers(0, 1000),
)
@example(rows=33, n=BLOCK + 1, m=65, density=0.1, binary=True, dtype=np.float32, start="row", seed=0)
@example(rows=33, n=BLOCK + 1, m=17, density=0.1, binary=False, dtype=np.float64, start="whole", seed=0)
def test_equals_numpy(rows, n, m, density, binary, dtype, start, seed):
    rng = np.random.default_rng(seed)
    x, events = sparse(rng, rows, n, density, binary, dtype)
    w, g = (rng.normal(size=shape).astype(dtype) for shape in ((n, m), (rows, m)))
    given_start = {"none": None, "row": g.sum(axis=0), "whole": g}[start]
    y = event_products.multiply(lambda: x, events, w, given_start)
    assert_product(y, x, w, 0.0 if given_start is None else given_start)
    assert_product(event_products.transposed_multiply(lambda: x, events, g), np.ascontiguousarray(x.T), g)


@TYPES
@pytest.mark.parametrize("m", [1, 16, 17, 65])
def test_whole_numbers_are_exact(m, dtype):
    """Every event once, none twice, none of a neighbour's: with whole numbers a sum has no rounding to hide in."""
    rng = np.random.default_rng(m)
    x = rng.integers(-3, 4, (37, BLOCK + 37)) * (rng.random((37, BLOCK + 37)) < 0.2)
    w, g = rng.integers(-9, 10, (BLOCK + 37, m)), rng.integers(-9, 10, (37, m))
    floats = x.astype(dtype)
    events = found(floats)
    np.testing.assert_array_equal(event_products.multiply(lambda: floats, events, w.astype(dtype)), x @ w)
    np.testing.assert_array_equal(event_products.transposed_multiply(lambda: floats, events, g.astype(dtype)), x.T @ g)


def test_binary_events_do_not_read_the_values():
    """That is what makes them quick, and what `binary` promises: they are not even asked for."""
    rng = np.random.default_rng(0)
    x, events = sparse(rng, 20, 150, 0.2, True, np.float32)
    w, g = rng.normal(size=(150, 20)).astype(np.float32), rng.normal(size=(20, 20)).astype(np.float32)
    for product, other in ((event_products.multiply, w), (event_products.transposed_multiply, g)):
        valued = replace(events, binary=False)
        np.testing.assert_array_equal(product(None, events, other), product(lambda: x, valued, other))


@TYPES
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("m", [10, 100])
def test_one_thread_and_two_give_the_same_bits(m, binary, dtype, one_thread_and_two):
    rng = np.random.default_rng(m)
    x, events = sparse(rng, 200, 2 * BLOCK + 3, 0.1, binary, dtype)
    w, g = (rng.normal(size=shape).astype(dtype) for shape in ((x.shape[1], m), (200, m)))
    results = one_thread_and_two(
        lambda: (
            event_products.multiply(lambda: x, events, w, g),
            event_products.transposed_multiply(lambda: x, events, g),
        )
    )
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_row_does_not_depend_on_its_neighbours():
    """Bit by bit, whatever share of rows a thread takes it in."""
    rng = np.random.default_rng(0)
    x, _ = sparse(rng, 50, 200, 0.2, False, np.float32)
    w = rng.normal(size=(200, 70)).astype(np.float32)
    whole = event_products.multiply(lambda: x, found(x), w)
    for rows in (x[0:1], x[17:18], x[5:45]):
        part = event_products.multiply(lambda rows=rows: rows, found(rows), w)
        first = int(np.flatnonzero((x == rows[0]).all(axis=1))[0])
        np.testing.assert_array_equal(part, whole[first : first + len(rows)])


def test_inputs_are_only_read():
    rng = np.random.default_rng(0)
    x, events = sparse(rng, 20, 150, 0.2, True, np.float32)
    w, g = rng.normal(size=(150, 20)).astype(np.float32), rng.normal(size=(20, 20)).astype(np.float32)
    wanted = event_products.multiply(lambda: x, events, w, g), event_products.transposed_multiply(lambda: x, events, g)
    for a in (x, w, g, events.columns, events.counts):
        a.flags.writeable = False
    np.testing.assert_array_equal(event_products.multiply(lambda: x, events, w, g), wanted[0])
    np.testing.assert_array_equal(event_products.transposed_multiply(lambda: x, events, g), wanted[1])


@pytest.fixture
def routes(monkeypatch):
    """The routes that products took since, in order: (module, function); they part at a density of 20 %."""
    taken = []
    monkeypatch.setattr(products, "limits", lambda n_out: Crossovers(0.2, 0.2, 0.2))

    def watch(module, name):
        function = getattr(module, name)

        def watched(*arguments):
            taken.append((module.__name__.rsplit(".", 1)[1], name))
            return function(*arguments)

        monkeypatch.setattr(module, name, watched)

    for module in (blas, event_products):
        watch(module, "multiply")
        watch(module, "transposed_multiply")
    watch(event_products, "transposed_multiply_and_sum")
    return taken


@pytest.mark.parametrize(("events_of_100", "route"), [(0, "event_products"), (20, "event_products"), (21, "blas")])
def test_many_events_are_left_to_blas(events_of_100, route, routes, rng):
    x = np.zeros((6, 100), np.float32)
    x[:, rng.permutation(100)[:events_of_100]] = 1
    w, g = rng.normal(size=(100, 9)).astype(np.float32), rng.normal(size=(6, 9)).astype(np.float32)
    events = replace(found(x), binary=True)
    assert_product(products.multiply(lambda: x, w, g, events), x, w, g)
    assert_product(products.transposed_multiply(lambda: x, g, events), np.ascontiguousarray(x.T), g)
    assert routes == [(route, "multiply"), (route, "transposed_multiply")]
    weights, biases = products.transposed_multiply_and_sum(lambda: x, g, events)
    assert_product(weights, np.ascontiguousarray(x.T), g)
    np.testing.assert_allclose(biases, g.sum(axis=0), rtol=1e-5, atol=1e-5 * len(g))
    assert routes[2:] == [
        ("event_products", "transposed_multiply_and_sum")
        if route == "event_products"
        else ("blas", "transposed_multiply")
    ]


def test_without_events_it_is_blas(routes, rng):
    x, w = rng.normal(size=(6, 100)).astype(np.float32), rng.normal(size=(100, 9)).astype(np.float32)
    assert_product(products.multiply(lambda: x, w, None, None), x, w)
    assert_product(
        products.transposed_multiply(lambda: x, np.ones((6, 9), np.float32), None), x.T.copy(), np.ones((6, 9))
    )
    assert routes == [("blas", "multiply"), ("blas", "transposed_multiply")]


def test_events_are_looked_for_only_where_they_can_pay(monkeypatch):
    monkeypatch.setattr(products, "limits", lambda n_out: Crossovers(0.2, 0.2, 0.2))
    rows = products.WORTH_LOOKING // (100 * 64)
    x = np.zeros((rows + 1, 100), np.float32)
    x[:, :20] = 3
    assert products.events_in(x, 64).density == 0.2
    assert products.events_in(x[:rows], 64) is None  # too small a product
    x[0, 20] = 3
    assert products.events_in(x, 64) is None  # too many


class Forgetful:
    """A layer that passes its input on without its events."""

    def __call__(self, x, training):
        x.events = None
        return x


PATHS = {
    "straight": (),
    "flatten": (Flatten(2),),
    "dropout": (Dropout(0.4),),
    "flatten, dropout": (Flatten(2), Dropout(0.4)),
    "dropout, flatten": (Dropout(0.4), Flatten(2)),
}


def through(path, current, g, dtype, forget):
    """Output of LIF, the layers of `path` in training, and a Linear; gradients in current, weight and bias."""
    training = Training(np.random.default_rng(3), over_time=True)
    linear = cast(Linear(260, g.shape[-1], seed=0), dtype)
    leaf = Tensor(current.astype(dtype), requires_grad=True)
    x = LIF(tau_mem_s=5e-3)(leaf)
    for layer in path:
        x = layer(x, training=training)
    y = linear(Forgetful()(x, training) if forget else x)
    y.backward(g)
    return y.data, leaf.grad, linear.weight.grad, linear.bias.grad


@TYPES
@pytest.mark.parametrize("m", [10, 40])
@pytest.mark.parametrize("path", PATHS)
def test_linear_after_spikes_with_events_or_without(path, m, dtype, routes, rng):
    """Same results to rounding; events travel through what only moves or silences spikes."""
    current = rng.normal(-0.1, 0.6, (6, 3, 260))
    current = current.reshape(6, 3, 26, 10) if "flatten" in path else current
    g = rng.normal(size=(6, 3, m)).astype(dtype)
    with_events = through(PATHS[path], current, g, dtype, forget=False)
    assert routes == [("event_products", "multiply"), ("event_products", "transposed_multiply_and_sum")]
    without = through(PATHS[path], current, g, dtype, forget=True)
    assert routes[2:] == [("blas", "multiply"), ("blas", "transposed_multiply")]
    for a, b in zip(with_events, without, strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=ERROR[dtype], atol=ERROR[dtype] * np.abs(b).max())
        assert np.abs(b).max() > 0


def test_a_net_that_fires_all_the_time_multiplies_by_blas(routes, rng):
    current = np.full((4, 2, 150), 3, np.float32)
    y = Linear(150, 5, seed=0)(LIF()(Tensor(current, requires_grad=True)))
    y.backward(np.ones(y.shape))
    assert routes == [("blas", "multiply"), ("blas", "transposed_multiply")]


def test_events_do_not_travel_where_rows_change(rng):
    """Flatten over the batch, part of the neurons, other values: their zeros are elsewhere."""
    spikes = LIF(tau_mem_s=5e-3)(rng.normal(0, 0.7, (4, 2, 150)).astype(np.float32))
    assert Flatten(2)(spikes).events is None
    for other in (spikes[..., ::-1], spikes * 2.0, spikes + 1.0, spikes.reshape(4, 300), spikes.swapaxes(0, 1)):
        assert other.events is None
    assert spikes.detach().events is None
    assert Flatten(1)(spikes).events is spikes.events
    assert not Dropout(0.5)(spikes, training=Training(rng, over_time=True)).events.binary
    assert Dropout(0.5)(spikes).events.binary


def test_the_size_of_a_share_changes_sums_by_rounding_alone(rng, monkeypatch):
    x = (rng.random((1000, 70)) < 0.02).astype(np.float32)
    g, events = rng.normal(size=(1000, 70)).astype(np.float32), found(x)
    results = []
    for most in (1, 2, 4):
        monkeypatch.setattr(event_products, "MOST_SHARES", most)
        results.append(np.vstack(event_products.transposed_multiply_and_sum(lambda: x, events, g)))
    assert event_products._share(events.density) == 4 * event_products.ROWS_A_SHARE
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], rtol=1e-4, atol=1e-4)
