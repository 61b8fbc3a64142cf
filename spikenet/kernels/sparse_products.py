"""Products with a weight of which most is 0: rows of it listed (CSR), or blocks of it.

Inputs come as columns, one row of (n, batch) for each feature, so that the inner loop runs along the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from spikenet.derive.compile import compiled


@compiled(parallel=True)
def by_rows(starts: Any, columns: Any, values: Any, x: Any, bias: Any, out: Any) -> None:
    """out (m, batch) = W x + bias, row j of W at starts[j] .. starts[j + 1] of columns and values; x (n, batch)."""
    for j in prange(out.shape[0]):
        row = out[j]
        row[:] = bias[j]
        for k in range(starts[j], starts[j + 1]):
            value, seen = values[k], x[columns[k]]
            for b in range(row.size):
                row[b] += value * seen[b]


@compiled(parallel=True)
def by_blocks(starts: Any, columns: Any, blocks: Any, x: Any, bias: Any, out: Any) -> None:
    """The same with W in blocks (rows, columns) of one size: block k covers columns[k] * width and so on."""
    height, width = blocks.shape[1], blocks.shape[2]
    for i in prange(starts.size - 1):
        first = np.int64(i) * height
        for r in range(height):
            out[first + r][:] = bias[first + r]
        for k in range(starts[i], starts[i + 1]):
            place = columns[k] * width
            for r in range(height):
                row = out[first + r]
                for c in range(width):
                    value, seen = blocks[k, r, c], x[place + c]
                    for b in range(row.size):
                        row[b] += value * seen[b]
