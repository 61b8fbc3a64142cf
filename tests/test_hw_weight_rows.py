"""Sparse integer weights as rows of neighbouring targets: the same sums as of the matrix, and little to store."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from hw.programs.arriving import SparseSums, Synapses
from hw.programs.weight_rows import weight_rows


def matrix(rng, kind):
    weights = rng.integers(-99, 99, (40, 600))
    if kind == "scattered":
        return weights * (rng.random(weights.shape) < 0.01)
    if kind == "stretches":  # with holes and alike from source to source
        kept = np.zeros_like(weights)
        for row in range(40):
            kept[row, 7 * row : 7 * row + 90] = weights[0, :90]
            kept[row, 400 + row : 460 + row] = weights[1, :60]
        return kept
    return weights * (rng.random(weights.shape) < (0.7 if kind == "dense" else 0.0))


KINDS = ("scattered", "stretches", "dense", "nothing")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_the_matrix(rng, kind):
    wanted = matrix(rng, kind)
    rows = weight_rows(sparse.csr_array(wanted), np.int16)
    got = np.zeros_like(wanted)
    for k, source in enumerate(rows.source):
        begin, size = rows.begin[k], rows.size[k]
        where = rows.targets[begin : begin + size] if rows.named[k] else np.arange(rows.at[k], rows.at[k] + size)
        np.add.at(got[source], where, rows.weights[begin : begin + size])
    assert np.array_equal(got, wanted)


def test_equal_stretches_are_stored_once(rng):
    rows = weight_rows(sparse.csr_array(matrix(rng, "stretches")), np.int16)
    assert rows.weights.size < 6000 / 40 * 4  # one of each of the 40, zeros at the ends being cut
    assert not rows.named.any()


@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_those_of_the_matrix(rng, kind):
    weights = matrix(rng, kind)
    spikes = rng.integers(0, 4, (5, 3, 40)) * (rng.random((5, 3, 40)) < 0.3)
    for channels in (1, 12):
        got = SparseSums(sparse.csr_array(weights), channels)(spikes.astype(np.int8))
        assert np.array_equal(got, spikes @ weights)
    delays = rng.integers(0, 3, weights.shape)
    wanted = np.zeros((5, 3, 600), np.int64)
    for t in range(5):
        for d in range(3):
            if t + d + 1 < 5:
                wanted[t + d + 1] += spikes[t] @ (weights * (delays == d))
    for given in (weights, sparse.csr_array(weights)):
        assert np.array_equal(np.broadcast_to(Synapses(given, delays).delivered(spikes, 1), wanted.shape), wanted)


def test_more_spikes_than_16_bits_hold_are_summed_in_64():
    got = SparseSums(sparse.csr_array(np.full((3, 2), 100_000)), 1)(np.full((1, 1, 3), 40_000))
    assert (got.dtype, got.tolist()) == (np.int64, [[[12_000_000_000] * 2]])
