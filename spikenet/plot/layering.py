"""Where the boxes of a directed graph go, left to right, so that nothing overlaps: a layered drawing.

Every box has its column; ordering.py settles who stands above whom, spacing.py at which height. Edge labels are boxes
too, so the same rules keep them apart. An edge over several columns passes each at a height of its own, and lines bend
only in the gaps between columns, so that no line runs through a box. Knows sizes and edges, nothing of drawing.
Source: Sugiyama, Tagawa & Toda 1981, IEEE Trans. SMC 11(2):109-125.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from spikenet.errors import Array
from spikenet.plot.ordering import Links, ordered
from spikenet.plot.spacing import heights

SLOPE = 0.15  # a gap is at least this part of the tallest climb in it, so that no line is upright
WIDEST_GAP = 4.0  # in units of gap_x

Size = tuple[float, float]


class Layout(NamedTuple):
    """centres (n, 2) of the boxes, y downwards; per edge the corners (k, 2) of its way; width and height of it all."""

    centres: Array
    routes: list[Array]
    size: Size


def layered(
    sizes: Sequence[Size], edges: Sequence[tuple[int, int]], column: Sequence[int], *, gap_x: float, gap_y: float
) -> Layout:
    """Places for boxes in their columns. Of the boxes that lead to one box, the first in `edges` tends to be on top.

    sizes  : (width, height) of each box, n >= 1
    edges  : (from, to), each to a later column
    column : of each box, 0 is leftmost, none empty
    gap_*  : least distance between columns, and between the boxes of one column
    """
    boxes = list(sizes)
    columns: list[list[int]] = [[] for _ in range(max(column) + 1)]
    for box, k in enumerate(column):
        columns[k].append(box)
    chains = []
    for start, end in edges:
        passed = range(column[start] + 1, column[end])
        chain = [start, *range(len(boxes), len(boxes) + len(passed)), end]
        for k, box in zip(passed, chain[1:-1], strict=True):
            columns[k].append(box)
            boxes.append((0.0, 0.0))
        chains.append(chain)
    links = Links.of(len(boxes), chains)
    columns = ordered(columns, links)
    y = heights(columns, [height for _, height in boxes], links, gap_y)

    left, right = column_edges(columns, boxes, y, links, gap_x)
    where = {box: k for k, here in enumerate(columns) for box in here}
    routes = [route(chain, [where[box] for box in chain], boxes, y, left, right) for chain in chains]
    n = len(sizes)
    x = [(left[where[box]] + right[where[box]]) / 2 for box in range(n)]
    height = max(y[box] + boxes[box][1] / 2 for box in range(len(boxes)))
    return Layout(np.stack([x, y[:n]], axis=1), routes, (right[-1], float(height)))


def column_edges(
    columns: list[list[int]], boxes: list[Size], y: Array, links: Links, gap_x: float
) -> tuple[list[float], list[float]]:
    """Left and right end of every column; the gaps grow with the climbs in them."""
    left, right = [0.0], []
    for k, here in enumerate(columns):
        right.append(left[k] + max(boxes[box][0] for box in here))
        climbs = [abs(y[box] - y[after]) for box in here for after in links.right[box]]
        left.append(right[k] + float(np.clip(SLOPE * max(climbs, default=0.0), gap_x, WIDEST_GAP * gap_x)))
    return left[:-1], right


def route(
    chain: list[int], where: list[int], boxes: list[Size], y: Array, left: list[float], right: list[float]
) -> Array:
    """The corners of an edge: level from one end of a column to the other, climbing only between columns."""
    corners = [
        corner for box, k in zip(chain, where, strict=True) for corner in ((left[k], y[box]), (right[k], y[box]))
    ]
    for end, side in ((0, 1), (-1, -1)):  # the edge begins and ends at a box, not at the end of its column
        k = where[end]
        corners[end] = ((left[k] + right[k]) / 2 + side * boxes[chain[end]][0] / 2, y[chain[end]])
    return np.array(corners)
