"""A matrix as tiles of a few columns, each end to end, and back: so a tile of all its rows fits a near cache."""

from __future__ import annotations

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array


@compiled(parallel=True)
def pack(w: Array, first: int, packed: Array) -> None:
    """The tiles of w from the one numbered `first`, each end to end."""
    tiles, n, lanes = packed.shape
    m = w.shape[1]
    for task in numba.prange(tiles):
        low = (first + np.int64(task)) * lanes
        tile = packed[task]
        width = min(lanes, m - low)
        for i in range(n):
            row = w[i, low : low + width]
            into = tile[i]
            for c in range(width):
                into[c] = row[c]
            for c in range(width, lanes):
                into[c] = 0


@compiled(parallel=True)
def unpack(parts: Array, first: int, w: Array) -> None:
    """w from its tiles, whose rows begin at `first`, the shares of the rows summed in their order."""
    shares, tiles, _, lanes = parts.shape
    n, m = w.shape
    some = 32
    for task in numba.prange((n + some - 1) // some):
        for i in range(task * some, min((task + 1) * some, n)):
            for t in range(tiles):
                into = w[i, t * lanes : min((t + 1) * lanes, m)]
                row = parts[0, t, first + i]
                for c in range(into.size):
                    into[c] = row[c]
                for share in range(1, shares):
                    row = parts[share, t, first + i]
                    for c in range(into.size):
                        into[c] += row[c]
