"""Who stands above whom in the columns of a layered drawing, so that few lines cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise
from typing import NamedTuple

SWEEPS = 8  # forth and back; small graphs settle in two or three


class Links(NamedTuple):
    """Per box, its neighbours in the column before and in the column after."""

    left: list[list[int]]
    right: list[list[int]]

    @classmethod
    def of(cls, n: int, chains: list[list[int]]) -> Links:
        links = cls([[] for _ in range(n)], [[] for _ in range(n)])
        for chain in chains:
            for a, b in pairwise(chain):
                links.left[b].append(a)
                links.right[a].append(b)
        return links


def ordered(columns: list[list[int]], links: Links) -> list[list[int]]:
    """The boxes of every column from top to bottom, by the barycentre of their neighbours; the best of a few sweeps."""
    order = as_written(columns, links)
    best, fewest = order, crossings(order, links)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forth = sweep % 2 == 0
        neighbours = links.left if forth else links.right
        order = [list(here) for here in order]
        for k in range(len(order)) if forth else reversed(range(len(order))):
            place = {box: (i + 0.5) / len(here) for here in order[max(k - 1, 0) : k + 2] for i, box in enumerate(here)}
            centre = {box: barycentre([place[other] for other in neighbours[box]], place[box]) for box in order[k]}
            order[k].sort(key=centre.__getitem__)
        count = crossings(order, links)
        if count < fewest:
            best, fewest = order, count
    return best


def as_written(columns: list[list[int]], links: Links) -> list[list[int]]:
    """The order in which one reads the formula: depth first from the last column, operands in turn."""
    where = {box: k for k, here in enumerate(columns) for box in here}
    met: dict[int, None] = {}
    stack = [
        box for here in columns for box in reversed(here)
    ]  # whatever the last column does not depend on comes last
    while stack:
        box = stack.pop()
        if box not in met:
            met[box] = None
            stack.extend(reversed(links.left[box]))
    order: list[list[int]] = [[] for _ in columns]
    for box in met:
        order[where[box]].append(box)
    return order


def barycentre(places: list[float], own: float) -> float:
    """The mean of the neighbours' places; a box without neighbours stays where it is."""
    return sum(places) / len(places) if places else own


def crossings(order: list[list[int]], links: Links) -> int:
    """How many pairs of lines between neighbouring columns cross."""
    total = 0
    for here, after in pairwise(order):
        rank = {box: i for i, box in enumerate(after)}
        passed: list[int] = []
        for box in here:
            ends = [rank[other] for other in links.right[box]]
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total
