"""Products by BLAS from compiled code: numpy's, whatever the sizes, the types and the number of threads."""

from __future__ import annotations

import numpy as np
import pytest

from spikenet.kernels import blas

ROWS = [1, 2, 63, 64, 65, 200, 600]  # around one share, and more than eight of them
SIZES = [(r, 5, 3) for r in ROWS] + [(3, r, 5) for r in ROWS] + [(5, 3, r) for r in ROWS] + [(130, 70, 90)]
TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def arrays(rows, k, m, dtype):
    rng = np.random.default_rng(rows + 10 * k + 100 * m)
    return (rng.normal(size=shape).astype(dtype) for shape in ((rows, k), (k, m), (rows, m)))


def close(ours, wanted, dtype):
    """Sums of products of order 1: the error grows with the number of terms, here at most 600."""
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=600 * np.finfo(dtype).eps)
    assert ours.dtype == dtype
    assert ours.flags.c_contiguous


@TYPES
@pytest.mark.parametrize(("rows", "k", "m"), SIZES)
def test_equals_numpy_in_double_precision(rows, k, m, dtype):
    x, w, g = arrays(rows, k, m, dtype)
    x8, w8, g8 = (a.astype(np.float64) for a in (x, w, g))
    close(blas.multiply(x, w), x8 @ w8, dtype)
    close(blas.multiply(x, w, g[0]), x8 @ w8 + g8[0], dtype)
    close(blas.multiply(x, w, g), x8 @ w8 + g8, dtype)
    close(blas.multiply_transposed(g, w), g8 @ w8.T, dtype)
    close(blas.transposed_multiply(x, g), x8.T @ g8, dtype)


@TYPES
def test_small_whole_numbers_are_exact(dtype):
    rng = np.random.default_rng(0)
    x, w, g = (rng.integers(-8, 9, shape).astype(dtype) for shape in ((150, 40), (40, 30), (150, 30)))
    np.testing.assert_array_equal(blas.multiply(x, w), (x.astype(int) @ w.astype(int)).astype(dtype))
    np.testing.assert_array_equal(blas.multiply_transposed(g, w), (g.astype(int) @ w.astype(int).T).astype(dtype))
    np.testing.assert_array_equal(blas.transposed_multiply(x, g), (x.astype(int).T @ g.astype(int)).astype(dtype))


@TYPES
@pytest.mark.parametrize(("rows", "k", "m"), [(0, 3, 4), (2, 0, 4), (2, 3, 0)])
def test_empty_sums_are_zero(rows, k, m, dtype):
    x, w, g = arrays(rows, k, m, dtype)
    close(blas.multiply(x, w), np.zeros((rows, m)), dtype)
    close(blas.multiply_transposed(g, w), np.zeros((rows, k)), dtype)
    close(blas.transposed_multiply(x, g), np.zeros((k, m)), dtype)
    start = np.full(m, 2, dtype)
    close(blas.multiply(x, w, start), np.full((rows, m), 2), dtype)


@TYPES
def test_one_thread_and_two_give_the_same_bits(dtype, one_thread_and_two):
    x, w, g = arrays(700, 90, 110, dtype)
    results = one_thread_and_two(
        lambda: (blas.multiply(x, w, g), blas.multiply_transposed(g, w), blas.transposed_multiply(x, g))
    )
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_inputs_are_only_read():
    x, w, g = arrays(70, 5, 6, np.float32)
    for a in (x, w, g):
        a.flags.writeable = False
    copies = [a.copy() for a in (x, w, g)]
    blas.multiply(x, w, g)
    blas.multiply_transposed(g, w)
    blas.transposed_multiply(x, g)
    for a, b in zip((x, w, g), copies, strict=True):
        np.testing.assert_array_equal(a, b)


def test_numpys_own_blas_keeps_its_threads():
    """The pools are held to one thread during our call only."""
    from threadpoolctl import threadpool_info

    before = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    x, w, _ = arrays(70, 5, 6, np.float32)
    blas.multiply(x, w)
    after = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert after[: len(before)] == before
