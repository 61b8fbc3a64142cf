"""Sparse weights as rows that a spike adds: whole stretches of neighbouring targets where they lie close, else one by
one. Stretches that are equal are stored once, as those of a convolution are at every place of its window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.neurons.words import Integers

Array = npt.NDArray[Any]
LANES = 8  # targets side by side that take as long as one that is named
ROW = 6  # targets that are named while a stretch is looked up
GAP = 32  # zeros up to which two stretches are one: adding them takes less than another stretch


class WeightRows(NamedTuple):
    """Of each row its source, first target, where its weights begin, how many, and whether it names its targets.

    weights of all rows; targets the same long, of rows that name them, 0 elsewhere.
    """

    source: Integers
    at: Integers
    begin: Integers
    size: Integers
    named: Integers
    weights: Array
    targets: npt.NDArray[np.int32]

    def table(self, at: int = 0, late: int = 0, begin: int = 0) -> Integers:
        """(rows, 5) as `hw.kernels.row_sums` takes it, sums from `at` and weights from `begin` on."""
        each = np.full(len(self.source), late, np.int64)
        return np.stack([self.at + at, each, self.begin + begin, self.size, self.named], axis=1)


def weight_rows(weights: Any, kind: Any) -> WeightRows:
    """The rows of csr weights (sources, n), which hold no zeros, in integers of this kind."""
    weights.sort_indices()
    n_sources, width = weights.shape
    column, fan = weights.indices, np.diff(weights.indptr).astype(np.int64)
    starts = np.ones(len(column), np.bool_)
    starts[1:] = np.diff(column) > GAP
    starts[weights.indptr[:-1][fan > 0]] = True
    head = np.flatnonzero(starts)
    source = np.searchsorted(weights.indptr, head, "right") - 1
    length = column[np.append(head[1:], len(column))[: len(head)] - 1] + 1 - column[head]
    stretches, filled = (np.bincount(source, by, n_sources) for by in (None, length))
    form = np.argmin([ROW + fan, ROW * stretches + filled / LANES, np.full(n_sources, ROW + width / LANES)], axis=0)
    parts = [
        _named(weights, np.flatnonzero((form == 0) & (fan > 0)), kind),
        _stretched(weights, form == 1, head, source, length.astype(np.int64), kind),
        _whole(weights, np.flatnonzero((form == 2) & (fan > 0)), kind),
    ]
    begin = np.cumsum([0, *(part.weights.size for part in parts)])
    moved = [part._replace(begin=part.begin + b) for part, b in zip(parts, begin, strict=False)]
    return WeightRows(*(np.concatenate(columns) for columns in zip(*moved, strict=True)))


def by_delay(weights: Any, delays: Any) -> Iterator[tuple[int, Any]]:
    """(delay, the weights that have it), delays growing; delays broadcast to the weights, or None."""
    if delays is None or not weights.nnz:
        yield 0, weights
        return
    entries, each = weights.tocoo(), np.broadcast_to(delays, weights.shape)
    waits = each[entries.row, entries.col]
    for delay in np.unique(waits):
        has = waits == delay
        some = (entries.data[has], (entries.row[has], entries.col[has]))
        yield int(delay), sparse.csr_array(some, shape=weights.shape)


def _named(weights: Any, sources: Integers, kind: Any) -> WeightRows:
    kept = weights[sources]
    size = np.diff(kept.indptr).astype(np.int64)
    ones = np.ones(len(sources), np.int64)
    begin = kept.indptr[:-1].astype(np.int64)
    return WeightRows(sources, ones * 0, begin, size, ones, kept.data.astype(kind), kept.indices.astype(np.int32))


def _whole(weights: Any, sources: Integers, kind: Any) -> WeightRows:
    width, none = weights.shape[1], np.zeros(len(sources), np.int64)
    values = weights[sources].toarray().reshape(-1).astype(kind)
    begin = np.arange(len(sources), dtype=np.int64) * width
    return WeightRows(sources, none, begin, none + width, none, values, np.zeros(values.size, np.int32))


def _stretched(weights: Any, taken: Array, head: Integers, source: Integers, length: Integers, kind: Any) -> WeightRows:
    """Of the sources that are taken. head: the synapse at which each stretch begins;  length: its targets."""
    kept, synapses = taken[source], np.diff(np.append(head, weights.nnz))
    of_kept = np.repeat(kept, synapses)
    source, low, length = source[kept], weights.indices[head[kept]].astype(np.int64), length[kept]
    offset = np.cumsum(length) - length
    every = np.zeros(int(length.sum()), kind)  # of all stretches, side by side
    every[np.repeat(offset - low, synapses[kept]) + weights.indices[of_kept]] = weights.data[of_kept]
    begin, stored, n_stored = np.zeros(len(low), np.int64), [every[:0]], 0
    for size in np.unique(length):
        which = np.flatnonzero(length == size)
        there = np.ascontiguousarray(every[offset[which][:, None] + np.arange(size)])
        as_one = there.view(np.dtype((np.void, there.dtype.itemsize * int(size)))).reshape(-1)
        _, first, same = np.unique(as_one, return_index=True, return_inverse=True)
        begin[which] = n_stored + same.reshape(-1) * size
        stored.append(there[first].reshape(-1))
        n_stored += stored[-1].size
    none, values = np.zeros(len(low), np.int64), np.concatenate(stored)
    return WeightRows(source, low, begin, length, none, values, np.zeros(values.size, np.int32))
