"""Events: where an array is not zero, by row, so that products touch only that.

Each row is cut into blocks of BLOCK columns. A block's events stand at the front of its own stretch of `columns`,
counted in `counts`: whoever computes a block of a row can list its events at once, without knowing what other threads
found, and no thread writes what another does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import read_only
from spikenet.kernels.vector import fired_bits, lowest_bit

BLOCK = 1024  # columns of a block: as many neurons as a thread carries through time at once


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

    @property
    def density(self) -> float:
        """Share of the entries that are events."""
        return float(self.counts.sum(dtype=np.int64)) / max(self.columns.size, 1)


def blocks(n: int) -> int:
    """How many blocks n columns are cut into."""
    return -(-n // BLOCK)


def found(values: Array) -> Events:
    """The events of a C-contiguous (rows, n) array, looked for entry by entry; taken as not binary."""
    rows, n = values.shape
    columns = np.empty((rows, n), np.uint16)
    counts = np.zeros((rows, blocks(n)), np.int32)
    _find(read_only(values), columns, counts, BLOCK)
    return Events(columns, counts, False)


@compiled(parallel=True)
def _find(values: Array, columns: Array, counts: Array, width: int) -> None:
    rows = values.shape[0]
    for r in numba.prange(rows):
        for block in range(counts.shape[1]):
            low = block * width
            row = values[r, low : low + width]
            listed = columns[r, low : low + width]
            count = 0
            for j in range(row.size):
                listed[count] = j
                count += row[j] != 0
            counts[r, block] = count


@compiled()
def list_fired(output: Array, columns: Array) -> int:
    """Lists the places where a row is > 0 at the front of `columns`; how many there are."""
    count = 0
    whole = output.size - output.size % 32
    for low in range(0, whole, 32):
        bits = fired_bits(output, low)
        while bits != 0:
            columns[count] = low + lowest_bit(bits)
            count += 1
            bits &= bits - 1
    for j in range(whole, output.size):
        if output[j] > 0:
            columns[count] = j
            count += 1
    return count
