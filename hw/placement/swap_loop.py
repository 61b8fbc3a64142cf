"""The compiled search of `hw.placement.arrange`: exchanges of two places that make the whole trip shorter."""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled

Array = Any


@compiled()
def gain(flow: Array, distance: Array, at: Array, a: Array, b: Array) -> Array:
    """How much shorter everything is when items a and b change places; flow is symmetric, with 0 on the diagonal."""
    p, q = at[a], at[b]
    saved = 0.0
    for k in range(at.size):
        if k != a and k != b:
            saved += (flow[a, k] - flow[b, k]) * (distance[p, at[k]] - distance[q, at[k]])
    return saved


@compiled()
def descend(flow: Array, distance: Array, at: Array, pairs: Array, least: Array) -> Array:
    """One pass over `pairs` of items, exchanging whenever that saves more than `least`; how much was saved.

    Items beyond len(flow) are empty places: an exchange with one is a move.
    """
    n = flow.shape[0]
    saved = 0.0
    for i in range(pairs.shape[0]):
        a, b = pairs[i, 0], pairs[i, 1]
        if b < n:
            better = gain(flow, distance, at[:n], a, b)
        else:
            better, p, q = 0.0, at[a], at[b]
            for k in range(n):
                if k != a:
                    better += flow[a, k] * (distance[p, at[k]] - distance[q, at[k]])
        if better > least:
            at[a], at[b] = at[b], at[a]
            saved += better
    return saved
