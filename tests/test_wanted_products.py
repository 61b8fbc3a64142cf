"""Scalar products at wanted places only, against numpy's whole product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikenet.graph import Tensor, edge_gradients
from spikenet.kernels import products, wanted_products
from spikenet.kernels.crossovers import Crossovers
from spikenet.kernels.events import BLOCK, found
from spikenet.layers import LIF, Linear
from spikenet.neurons import surrogate

TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 70),
    n=st.integers(1, 90),
    m=st.integers(1, 50),
    density=st.floats(0, 1),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
@example(rows=33, n=BLOCK + 1, m=65, density=0.1, dtype=np.float32, seed=0)
@example(rows=9, n=2 * BLOCK + 5, m=8, density=1.0, dtype=np.float64, seed=0)
def test_equals_numpy(rows, n, m, density, dtype, seed):
    rng = np.random.default_rng(seed)
    g, w = rng.normal(size=(rows, m)).astype(dtype), rng.normal(size=(n, m)).astype(dtype)
    mask = rng.random((rows, n)) < density
    y = wanted_products.multiply_transposed(g, w, found(mask.astype(dtype)))
    assert (y[~mask] == 0).all()
    bound = (np.abs(g) @ np.abs(w).T) * np.finfo(dtype).eps * (m + 2)
    assert (np.abs(y - np.where(mask, g.astype(np.float64) @ w.T.astype(np.float64), 0)) <= bound).all()


@TYPES
def test_whole_numbers_are_exact_for_any_share_of_rows(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    g, w = rng.integers(-9, 9, (41, 19)).astype(dtype), rng.integers(-9, 9, (30, 19)).astype(dtype)
    mask = (rng.random((41, 30)) < 0.4).astype(dtype)
    for size in (1, 7, 64):
        monkeypatch.setattr(wanted_products, "SHARE", size)
        np.testing.assert_array_equal(wanted_products.multiply_transposed(g, w, found(mask)), (g @ w.T) * mask)


@pytest.mark.parametrize("curve", [surrogate.triangle(0.2), surrogate.box(0.3)], ids=lambda c: c.name)
def test_a_compact_surrogate_gives_the_same_gradients_by_either_route(curve, rng, monkeypatch):
    """Where the surrogate is 0 the error is not computed, and nothing that depends on it changes."""
    x = rng.normal(0.1, 0.7, (7, 3, 20)).astype(np.float32)
    first, second = Linear(20, 150, seed=0), Linear(150, 40, seed=1)
    taken = []
    whole = wanted_products.multiply_transposed
    monkeypatch.setattr(wanted_products, "multiply_transposed", lambda *a: taken.append(a[2].density) or whole(*a))

    def gradients(error):
        monkeypatch.setattr(products, "limits", lambda n_out: Crossovers(1.0, 1.0, error))
        leaf = Tensor(x, requires_grad=True)
        first.weight.grad = second.weight.grad = None
        spikes = LIF(tau_mem_s=5e-3, surrogate=curve)(first(leaf))
        out = second(spikes)
        (out * out).sum().backward()
        return leaf.grad, first.weight.grad, second.weight.grad

    sparse, dense = gradients(1.0), gradients(-1.0)
    assert len(taken) == 1
    assert 0.02 < taken[0] < 0.6
    assert np.abs(dense[0]).max() > 1e-3
    for a, b in zip(sparse, dense, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(b).max())


def test_a_curve_with_tails_wants_every_place(rng):
    x = Tensor(rng.normal(0.1, 0.7, (7, 3, 150)).astype(np.float32), requires_grad=True)
    assert LIF(surrogate=surrogate.fast_sigmoid)(x).wanted is None
    assert LIF(surrogate=surrogate.triangle)(x).wanted is not None
    assert LIF(surrogate=surrogate.triangle)(x.data).wanted is None, "nobody will ask for a gradient"


def test_wanted_places_are_where_the_surrogate_is_not_zero(rng):
    """One step from rest: the membrane is the current itself."""
    current = rng.normal(0.8, 0.5, (1, 2, 1100)).astype(np.float32)
    wanted = LIF(surrogate=surrogate.triangle(0.25))(Tensor(current, requires_grad=True)).wanted
    mask = np.zeros((2, 1100))
    for r in range(2):
        for block in range(2):
            mask[r, block * BLOCK + wanted.columns[r, block * BLOCK :][: wanted.counts[r, block]].astype(int)] = 1
    np.testing.assert_array_equal(mask, np.abs(current[0] - 1) < 0.25)


def test_drawing_a_graph_shows_the_whole_gradient(rng):
    """Also where a surrogate of compact support makes it needless."""
    x = Tensor(rng.normal(0.1, 0.7, (4, 3, 150)).astype(np.float32), requires_grad=True)
    spikes = LIF(surrogate=surrogate.box(0.2))(x)
    out = (Linear(150, 40, seed=0)(spikes) ** 2).sum()
    assert np.count_nonzero(edge_gradients(out).gradients[spikes]) == spikes.size
