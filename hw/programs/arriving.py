"""Spikes through integer weights, exactly: of sparse ones the work follows the spikes and their synapses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.kernels.row_sums import sum_loop
from hw.neurons.integer_windows import EXACT_SINGLE, product
from hw.neurons.words import Integers
from hw.programs.weight_rows import by_delay, weight_rows
from spikenet.kernels.memory import read_only

Array = npt.NDArray[Any]
AT_ONCE = 1 << 24  # spikes, or none, that are looked at at a time
MOST_SPIKES = (1 << 15) - 1  # of a source in a step, or payload of one, up to which sums are narrow
NARROW = (1 << 31) - 1  # sums


class SparseSums:
    """Sums of spikes through csr weights (sources, n), whose columns are `channels` maps one after the other.

    Rows are kept by place and then channel, in which order what a window reaches is next to each other.
    """

    def __init__(self, weights: Any, channels: int) -> None:
        n = weights.shape[1]
        order = np.arange(n).reshape(channels, -1).T.reshape(-1)
        placed = sparse.csr_array(weights)[:, order]
        placed.eliminate_zeros()
        made = weight_rows(placed, np.int32)
        by_source = np.argsort(made.source, kind="stable")
        first = np.searchsorted(made.source[by_source], np.arange(weights.shape[0] + 1)).astype(np.int64)
        table = np.ascontiguousarray(made.table()[by_source])
        self._tables = tuple(map(read_only, (first, table, made.weights, made.targets, np.argsort(order))))
        self._n, self._most = n, int(abs(placed).sum(axis=0).max(initial=0)) if placed.nnz else 0

    def __call__(self, spikes: Array) -> Array:
        """(steps, batch, n) of spikes (steps, batch, sources), counts or payloads: int32 where that holds every sum,
        else int64."""
        rows = spikes.reshape(-1, spikes.shape[2])
        wide = rows.dtype.itemsize > 2 and _is_wide(rows, self._most)
        total = np.empty((len(rows), self._n), np.int64 if wide else np.int32)
        at_once = max(AT_ONCE // max(rows.shape[1], 1), 1)
        for first in range(0, len(rows), at_once):
            some, into = rows[first : first + at_once], total[first : first + at_once]
            given = read_only(np.ascontiguousarray(some, np.int32 if wide else np.int16))
            sum_loop(wide=wide)(len(some), given, *self._tables, into)
        return total.reshape(*spikes.shape[:2], -1)


def _is_wide(spikes: Array, most: int) -> bool:
    """Whether spikes leave 16 bits, or sums of them through weights of at most this size in all leave 32."""
    largest = max(int(spikes.max(initial=0)), -int(spikes.min(initial=0)))
    return largest > MOST_SPIKES or largest * most > NARROW


class DenseSums:
    """The same through an array of weights, int64, or int32 where float32 holds every sum exactly."""

    def __init__(self, weights: Array) -> None:
        self._weights, self._single = weights, weights.astype(np.float32)
        self._most = int(np.abs(weights).sum(axis=0).max(initial=0))

    def __call__(self, spikes: Array) -> Array:
        if self._most * max(int(spikes.max(initial=0)), -int(spikes.min(initial=0))) >= EXACT_SINGLE:
            return product(spikes.astype(np.int64), self._weights)
        flat = spikes.reshape(-1, spikes.shape[-1]).astype(np.float32)
        found: Array = (flat @ self._single).astype(np.int32).reshape(*spikes.shape[:-1], -1)
        return found


@dataclass(frozen=True, eq=False)
class Synapses:
    """Integer weights (sources, n), an array or csr_array, as they are summed through.

    delays: steps of each synapse, broadcast to the weights, or None;  channels: of `SparseSums`
    """

    weights: Any
    delays: Integers | None = None
    channels: int = 1

    @cached_property
    def _by_delay(self) -> tuple[tuple[int, SparseSums | DenseSums], ...]:
        if sparse.issparse(self.weights):
            parts = by_delay(self.weights, self.delays)
            return tuple((delay, SparseSums(some, self.channels)) for delay, some in parts)
        if self.delays is None:
            return ((0, DenseSums(self.weights)),)
        each = np.broadcast_to(self.delays, self.weights.shape)
        return tuple((int(delay), DenseSums(self.weights * (each == delay))) for delay in np.unique(each))

    def sums(self, spikes: Array) -> Iterator[tuple[int, Array]]:
        """(delay, (steps, batch, n) exact sums of spikes (steps, batch, sources) through the synapses that have it)."""
        for delay, through in self._by_delay:
            yield delay, through(spikes)

    def delivered(self, spikes: Array, late: int = 0) -> Array:
        """All sums, `late` steps and each synapse's delay later."""
        return sum(later(sums, late + delay) for delay, sums in self.sums(spikes))  # type: ignore[return-value]


class Loop:
    """What neurons send comes back to them: in stretches as long as the shortest way, each heard before it is run.

    own     : synapses among the neurons, one for each array of sums
    exponent: sums of one delay are multiplied by 2^exponent, downward where negative
    """

    def __init__(self, own: tuple[Synapses, ...], exponent: int) -> None:
        self._own, self._exponent = own, exponent
        delays = own[0].delays
        self._shortest = 1 + (0 if delays is None else int(np.min(delays, initial=MOST_SPIKES)))

    def run(self, arriving: tuple[Array, ...], run: Callable[[tuple[Array, ...], Any], Any]) -> Iterator[Any]:
        """What `run` gives for each stretch. arriving: (steps, batch, n) sums from elsewhere.

        run: (sums of a stretch, `after` of what it gave for the one before or None) -> a record with spikes and after
        """
        total, steps, before = tuple(sums.astype(np.int64) for sums in arriving), len(arriving[0]), None
        for first in range(0, steps, self._shortest):
            got = run(tuple(sums[first : first + self._shortest] for sums in total), before)
            before = got.after
            for sums, own in zip(total, self._own, strict=True):
                for delay, back in own.sums(got.spikes):
                    at = first + 1 + delay
                    there = sums[at : at + len(back)]
                    there += shifted(back, self._exponent)[: len(there)]
            yield got


def shifted(sums: Array, exponent: int) -> Array:
    """sums times 2^exponent, rounded down where that is negative."""
    found: Array = sums.astype(np.int64) << exponent if exponent >= 0 else sums >> -exponent
    return found


def shifted_and_delivered(synapses: Synapses, spikes: Array, exponent: int, late: int) -> Array:
    """What arrives at each neuron, as `loihi.deliver` gives it: sums of one delay shifted by the exponent at once."""
    total: Any = 0
    for delay, sums in synapses.sums(spikes):
        if exponent > 0 and int(np.abs(sums).max(initial=0)) << exponent >= 1 << 31:
            sums = sums.astype(np.int64)
        total = total + later(sums << exponent if exponent >= 0 else sums >> -exponent, late + delay)
    found: Array = total
    return found


def later(values: Array, steps: int) -> Array:
    """(steps, ...) the same some steps later, as far as there are steps, 0 before."""
    if steps == 0:
        return values
    moved = np.zeros_like(values)
    moved[steps:] = values[: max(len(values) - steps, 0)]
    return moved
