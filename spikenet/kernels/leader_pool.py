"""The maximum of rates: of each window of neurons, the spikes of the one that has fired most so far."""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array


@compiled(parallel=True)
def leaders(spikes: Array, counts: Array, size: int, out: Array) -> None:
    """Fills out (steps, maps, rows, columns) from spikes (steps, maps, height, width), windows of size x size.

    counts: (maps, height, width), spikes so far; those of all steps are added. The first of equals leads.
    """
    steps, maps, _, _ = spikes.shape
    rows, columns = out.shape[2:]
    for m in numba.prange(maps):
        so_far = counts[np.int64(m)]
        for t in range(steps):
            now, into = spikes[t, np.int64(m)], out[t, np.int64(m)]
            for y in range(now.shape[0]):
                for x in range(now.shape[1]):
                    so_far[y, x] += now[y, x]
            for r in range(rows):
                for c in range(columns):
                    y, x = r * size, c * size
                    for i in range(size):
                        for j in range(size):
                            if so_far[r * size + i, c * size + j] > so_far[y, x]:
                                y, x = r * size + i, c * size + j
                    into[r, c] = now[y, x]
