"""At which height boxes stand in the columns of a layered drawing: near their neighbours, and never overlapping."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.plot.ordering import Links

SWEEPS = 12
FREE = 0.05  # weight of a box that no line pulls this way: it gives way
PASSING = 4.0  # weight of the place where a line passes a column: long lines are straight rather than short ones


def heights(columns: list[list[int]], tall: list[float], links: Links, gap: float) -> Array:
    """Centre of every box, growing downwards from 0 at the topmost edge.

    columns : boxes from top to bottom
    tall    : height of every box
    gap     : least distance between two boxes of a column
    """
    y = np.zeros(len(tall))
    for here in columns:
        y[here] = spread(np.zeros(len(here)), [1.0] * len(here), [tall[box] for box in here], gap)
    for _ in range(SWEEPS):
        for neighbours, sweep in ((links.right, columns[::-1]), (links.left, columns)):
            for here in sweep:
                wanted = [np.mean(y[neighbours[box]]) if neighbours[box] else y[box] for box in here]
                weight = [FREE if not neighbours[box] else PASSING if not tall[box] else 1.0 for box in here]
                y[here] = spread(np.array(wanted), weight, [tall[box] for box in here], gap)
    y -= min(y[box] - tall[box] / 2 for box in range(len(tall)))
    return y


def spread(wanted: Array, weight: list[float], tall: list[float], gap: float) -> Array:
    """The places nearest to `wanted` (weighted least squares) that keep the order and the distances.

    Distances taken off, what remains is to be non-decreasing: isotonic regression by pooling adjacent violators
    (Best & Chakravarti 1990, Mathematical Programming 47:425-439).
    """
    half = np.asarray(tall) / 2
    offset: Array = np.concatenate([[0.0], np.cumsum(half[:-1] + half[1:] + gap)])
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for value, heavy in zip(wanted - offset, weight, strict=True):
        mean, total, members = float(value), heavy, 1
        while pools and pools[-1][0] > mean:
            before, other, n = pools.pop()
            mean, total, members = (before * other + mean * total) / (other + total), other + total, members + n
        pools.append((mean, total, members))
    offset += np.repeat([mean for mean, _, _ in pools], [members for _, _, members in pools])
    return offset
