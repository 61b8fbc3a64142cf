"""Events: where an array is not zero, by row, so that products touch only that.

Each row is cut into blocks of BLOCK columns. A block's events stand at the front of its own stretch of `columns`,
counted in `counts`: whoever computes a block of a row can list its events at once, without knowing what other threads
found, and no thread writes what another does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.tasks import shared
from spikenet.kernels.vector import fired_bits, nonzero_bits, one_bits, put_word

BLOCK = 1024  # columns of a block: as many neurons as a thread carries through time at once
SAMPLE = 64  # rows from which the share of events is judged


@dataclass(frozen=True)
class Events:
    """The non-zero entries of a (rows, n) array.

    columns: (rows, n) uint16; of each block's stretch, the first counts[row, block] are columns within the block
    counts : (rows, blocks) int32
    binary : whether every event has the value 1
    """

    columns: Array
    counts: Array
    binary: bool

    def written_out(self, dtype: Any) -> Array:
        """The (rows, n) array of zeros and ones; binary events only."""
        values = memory.zeros(self.columns.shape, dtype)
        _write_ones(len(values), self.columns, self.counts, values, BLOCK)
        return values

    @cached_property
    def density(self) -> float:
        """Share of the entries that are events."""
        return float(self.counts.sum(dtype=np.int64)) / max(self.columns.size, 1)


def blocks(n: int) -> int:
    """How many blocks n columns are cut into."""
    return -(-n // BLOCK)


def sampled_density(values: Array) -> float:
    """The share of (rows, n) that is not 0, from some of the rows: all of a large array cost as much as listing it."""
    sample = values[:: max(1, len(values) // SAMPLE)]
    return int(np.count_nonzero(sample != 0)) / max(sample.size, 1)  # numpy counts booleans ten times as fast


def found(values: Array) -> Events:
    """The events of a C-contiguous (rows, n) array, looked for entry by entry; binary when all of them are 1."""
    return searched(values)[0]


def searched(values: Array) -> tuple[Events, bool]:
    """The events as `found` lists them, and whether all values are finite."""
    rows, n = values.shape
    columns = memory.empty((rows, n), np.uint16)
    counts = memory.empty((rows, blocks(n)), np.int32)
    others = memory.empty((rows,), np.uint8)
    _find(rows, values, columns, counts, others, BLOCK)
    kinds = int(np.bitwise_or.reduce(others, initial=0))
    return Events(columns, counts, kinds == 0), kinds < NOT_FINITE


@shared
def _write_ones(r: int, columns: Array, counts: Array, values: Array, width: int) -> None:
    for block in range(counts.shape[1]):
        low = block * width
        row = values[r, low:]
        listed = columns[r, low:]
        for k in range(counts[r, block]):
            row[listed[k]] = 1


PLACES = np.array(
    [([k for k in range(8) if byte >> k & 1] + [0] * 8)[:8] for byte in range(256)], dtype=np.uint16
).ravel()  # of each byte's set bits, eight numbers a byte: listing takes no branch that depends on the spikes


GRADED, NOT_FINITE = 1, 2  # what a row may hold besides zeros and ones


@compiled()
def kind_of(value: float) -> int:
    """0 for 0 and 1, else GRADED, with NOT_FINITE added for NaN and infinity."""
    return (value != 0 and value != 1) * GRADED + (value - value != 0) * NOT_FINITE


@shared
def _find(r: int, values: Array, columns: Array, counts: Array, others: Array, width: int) -> None:
    """Lists what is not 0; `others` says of each row what is in it that is neither 0 nor 1."""
    kinds = 0
    for block in range(counts.shape[1]):
        row = values[r, block * width :][:width]
        listed = columns[r, block * width :][:width]
        count = 0
        whole = row.size - row.size % 32
        for low in range(0, whole, 32):
            bits = nonzero_bits(row, low)
            if bits != 0:
                if bits != one_bits(row, low):
                    for j in range(low, low + 32):
                        kinds |= kind_of(row[j])
                count += put_word(listed, count, PLACES, bits, low)
        for j in range(whole, row.size):
            if row[j] != 0:
                listed[count] = j
                count += 1
                kinds |= kind_of(row[j])
        counts[r, block] = count
    others[r] = kinds


@compiled()
def list_fired(output: Array, columns: Array) -> int:
    """Lists the places where a row is > 0 at the front of `columns`; how many there are."""
    count = 0
    whole = output.size - output.size % 32
    for low in range(0, whole, 32):
        bits = fired_bits(output, low)
        if bits != 0:  # writes up to eight places past the count, never past the places looked at
            count += put_word(columns, count, PLACES, bits, low)
    for j in range(whole, output.size):
        if output[j] > 0:
            columns[count] = j
            count += 1
    return count
