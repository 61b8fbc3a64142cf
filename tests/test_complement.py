"""Events around the usual: the same events, the same products, and only where that pays."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikenet.graph import Tensor
from spikenet.kernels import complement, event_products, products
from spikenet.kernels.complement import Complement, around_usual
from spikenet.kernels.events import BLOCK, Events, found
from spikenet.layers import LIF, Linear, Sequential


def rated(rng, steps, samples, n, bright=0.3):
    """Spikes (steps * samples, n) of images with some bright pixels."""
    rates = np.where(
        rng.random((samples, n)) < bright, rng.uniform(0.6, 1, (samples, n)), rng.uniform(0, 0.1, (samples, n))
    )
    return (rng.random((steps, samples, n)) < rates).astype(np.float32).reshape(-1, n)


def coded(x, steps):
    """Around the usual, whether or not it pays."""
    before = complement.WORTH_SAVING
    complement.WORTH_SAVING = -np.inf
    try:
        made = around_usual(found(x), steps)
    finally:
        complement.WORTH_SAVING = before
    assert made is not None
    return made


@settings(max_examples=60, deadline=None)
@given(
    steps=st.integers(4, 9),
    samples=st.integers(1, 20),
    n=st.one_of(st.integers(1, 60), st.sampled_from([BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])),
    bright=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_tells_the_same_events(steps, samples, n, bright, seed):
    x = rated(np.random.default_rng(seed), steps, samples, n, bright)
    made = coded(x, steps)
    often = x.reshape(steps, samples, n).sum(axis=0) * 2 > steps
    np.testing.assert_array_equal(made.usual.written_out(np.float32), often)
    more = Events(made.columns, made.more, binary=True).written_out(np.float32)
    usual = np.tile(made.usual.written_out(np.float32), (steps, 1))
    np.testing.assert_array_equal(more, x > usual)
    np.testing.assert_array_equal(made.fewer.sum(axis=1), (usual > x).sum(axis=1))
    rows = len(x)
    assert made.density == pytest.approx(((x != usual).sum() + often.sum()) / (rows * n))


@settings(max_examples=60, deadline=None)
@given(
    steps=st.integers(4, 30),
    samples=st.integers(1, 20),
    n=st.one_of(st.integers(1, 60), st.sampled_from([BLOCK - 1, BLOCK + 1])),
    m=st.one_of(st.integers(1, 70), st.sampled_from([127, 128, 129])),
    start=st.sampled_from(["none", "row"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 99),
)
def test_products_are_those_of_the_events(steps, samples, n, m, start, dtype, seed):
    """With whole numbers every sum is exact, in whatever order."""
    rng = np.random.default_rng(seed)
    x = rated(rng, steps, samples, n).astype(dtype)
    w, g = (rng.integers(-8, 9, shape).astype(dtype) for shape in ((n, m), (len(x), m)))
    given_start = None if start == "none" else w[0]
    made = coded(x, steps)
    y = event_products.multiply(lambda: x, made, w, given_start)
    np.testing.assert_array_equal(y, x @ w + (0 if given_start is None else given_start))
    g_w, g_b = event_products.transposed_multiply_and_sum(lambda: x, made, g)
    np.testing.assert_array_equal(g_w, x.T @ g)
    np.testing.assert_array_equal(g_b, g.sum(axis=0))
    np.testing.assert_array_equal(event_products.transposed_multiply(lambda: x, made, g), x.T @ g)


def test_threads_change_no_bit(rng):
    x, w, g = rated(rng, 20, 50, 300), rng.normal(size=(300, 70)), rng.normal(size=(1000, 70))
    w, g = w.astype(np.float32), g.astype(np.float32)
    results, before = [], numba.get_num_threads()
    try:
        for threads in (1, before):
            numba.set_num_threads(threads)
            made = around_usual(found(x), 20)
            results.append(
                [event_products.multiply(lambda: x, made, w), event_products.transposed_multiply(lambda: x, made, g)]
            )
    finally:
        numba.set_num_threads(before)
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_where_it_pays(rng):
    assert isinstance(around_usual(found(rated(rng, 25, 40, 100)), 25), Complement)
    few = (rng.random((25 * 40, 100)) < 0.05).astype(np.float32)
    assert around_usual(found(few), 25) is None  # nothing is usual
    bright = rated(rng, 25, 40, 100)
    assert around_usual(found(bright), 3) is None  # too few steps
    assert around_usual(found(bright[:-1]), 25) is None  # not the same samples at every step
    assert around_usual(found(bright * 2), 25) is None  # values other than 1
    assert around_usual(found(np.zeros((0, 5), np.float32)), 0) is None


def test_a_net_takes_it_and_computes_the_same(rng, monkeypatch):
    """Weights of few bits: the sums are exact, so that the route changes no bit of output or gradients."""
    x = rated(rng, 12, 30, 400).reshape(12, 30, 400)
    net = Sequential(Linear(400, 90, seed=1), LIF(), Linear(90, 3, seed=2))
    for p in net.parameters().values():
        p.data = np.round(p.data * 256) / 256
    taken, results = [], []
    code = products.event_products.multiply

    def watched(values, events, w, start=None):
        taken.append(type(events))
        return code(values, events, w, start)

    monkeypatch.setattr(products.event_products, "multiply", watched)
    for steps in (complement.FEWEST_STEPS, 100):
        monkeypatch.setattr(complement, "FEWEST_STEPS", steps)
        y = net(x)
        (y * y).sum().backward()
        results.append([y.data, *(p.grad for p in net.parameters().values())])
        for p in net.parameters().values():
            p.grad = None
    assert taken[0] is Complement
    assert Complement not in taken[taken.index(Events) + 1 :]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    learnt = Tensor(x, requires_grad=True)
    assert net(learnt).shape == (12, 30, 3)
