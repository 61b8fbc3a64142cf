"""At which height boxes stand in the columns of a layered drawing: near their neighbours, and never overlapping."""

from __future__ import annotations

from itertools import accumulate, pairwise

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
    y = [0.0] * len(tall)  # a list: single numbers are read and written more often than rows of them
    for here in columns:
        place(y, here, [0.0] * len(here), [1.0] * len(here), tall, gap)
    for _ in range(SWEEPS):
        for neighbours, sweep in ((links.right, columns[::-1]), (links.left, columns)):
            for here in sweep:
                wanted = [sum(y[k] for k in near) / len(near) if (near := neighbours[box]) else y[box] for box in here]
                weight = [FREE if not neighbours[box] else PASSING if not tall[box] else 1.0 for box in here]
                place(y, here, wanted, weight, tall, gap)
    return np.array(y) - min(centre - height / 2 for centre, height in zip(y, tall, strict=True))


def place(
    y: list[float], here: list[int], wanted: list[float], weight: list[float], tall: list[float], gap: float
) -> None:
    """Set the centres of the boxes of one column."""
    for box, centre in zip(here, spread(wanted, weight, [tall[box] for box in here], gap), strict=True):
        y[box] = centre


def spread(wanted: list[float], weight: list[float], tall: list[float], gap: float) -> list[float]:
    """The centres nearest to `wanted` (weighted least squares) that keep the order and the distances.

    Distances taken off, what remains is to be non-decreasing: isotonic regression by pooling adjacent violators
    (Best & Chakravarti 1990, Mathematical Programming 47:425-439).
    """
    offset = list(accumulate(((a + b) / 2 + gap for a, b in pairwise(tall)), initial=0.0))
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for target, off, total in zip(wanted, offset, weight, strict=True):
        mean, members = target - off, 1
        while pools and pools[-1][0] > mean:
            before, other, n = pools.pop()
            mean, total, members = (before * other + mean * total) / (other + total), other + total, members + n
        pools.append((mean, total, members))
    level = [mean for mean, _, members in pools for _ in range(members)]
    return [mean + off for mean, off in zip(level, offset, strict=True)]
