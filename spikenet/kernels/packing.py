"""A matrix as tiles of a few columns, each end to end, and back: so a tile of all its rows fits a near cache."""

from __future__ import annotations

from spikenet.errors import Array
from spikenet.kernels.tasks import shared

SOME = 32  # rows a task unpacks


@shared
def pack(task: int, w: Array, first: int, packed: Array) -> None:
    """The tiles of w from the one numbered `first`, each end to end; a task for each."""
    n, lanes = packed.shape[1:]
    m = w.shape[1]
    low = (first + task) * lanes
    tile = packed[task]
    width = min(lanes, m - low)
    for i in range(n):
        row = w[i, low : low + width]
        into = tile[i]
        for c in range(width):
            into[c] = row[c]
        for c in range(width, lanes):
            into[c] = 0


def unpack_tasks(n: int) -> int:
    """Of how many tasks `unpack` consists for n rows."""
    return -(-n // SOME)


@shared
def unpack(task: int, parts: Array, first: int, w: Array) -> None:
    """w from its tiles, whose rows begin at `first`, the shares of the rows summed in their order."""
    shares, tiles, _, lanes = parts.shape
    n, m = w.shape
    for i in range(task * SOME, min((task + 1) * SOME, n)):
        for t in range(tiles):
            into = w[i, t * lanes : min((t + 1) * lanes, m)]
            row = parts[0, t, first + i]
            for c in range(into.size):
                into[c] = row[c]
            for share in range(1, shares):
                row = parts[share, t, first + i]
                for c in range(into.size):
                    into[c] += row[c]
