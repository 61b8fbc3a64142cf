"""Cores onto places so that messages travel few hops: a quadratic assignment.

Starts from the order of the filling, which keeps layers together, and where there are few places from scipy's FAQ
relaxation and from arrangements by chance as well; each is improved by exchanging two cores, or moving one to an empty
place, until nothing helps any more or the budget is spent. The best is taken. All chance comes from the seed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import quadratic_assignment

from hw.placement.mesh import Floats, Integers

RELAXED = 160  # places up to which FAQ and other starts are tried: FAQ's steps cost the third power
RESTARTS = 12  # arrangements by chance that are improved as well
BUDGET = 400_000_000  # terms of gains to evaluate at most, a second or so
ROUNDING = 1e-9  # of the whole cost: what is saved below it may be a rounding error


def arranged(traffic: Floats, distance: Floats, seed: int) -> Integers:
    """(cores,) the place of each core among `distance` (places, places), at least as many as cores.

    traffic: (cores, cores) messages; what a core sends to itself costs nothing
    """
    n, places = len(traffic), len(distance)
    flow = traffic + traffic.T  # distances are symmetric, so both directions cost the same
    np.fill_diagonal(flow, 0)
    starts = [np.arange(places, dtype=np.int64)]
    rng = np.random.default_rng(seed)
    starts += [rng.permutation(places) for _ in range(RESTARTS if places <= RELAXED else 0)]
    if 3 < places <= RELAXED and flow.any():
        padded = np.zeros((places, places))
        padded[:n, :n] = flow
        relaxed = quadratic_assignment(padded, distance, options={"rng": np.random.default_rng(seed)})
        starts.append(np.asarray(relaxed.col_ind, np.int64))
    found = [_improved(flow, distance, at, seed) for at in starts]
    return min(found, key=lambda at: cost(traffic, distance, at[:n]))[:n]


def cost(traffic: Floats, distance: Floats, at: Integers) -> float:
    """Hops of all messages, cores standing at places `at`."""
    return float((traffic * distance[np.ix_(at, at)]).sum())


def _improved(flow: Floats, distance: Floats, at: Integers, seed: int) -> Integers:
    from hw.placement import swap_loop  # when first used: a kernel costs milliseconds to import

    n, places = len(flow), len(distance)
    rng, at = np.random.default_rng(seed), at.copy()
    least = ROUNDING * max(cost(flow, distance, at[:n]), 1.0)
    every = n * (places - 1) - n * (n - 1) // 2
    budget = BUDGET // max(n, 1)
    while budget > 0:
        pairs = _all_pairs(n, places, rng) if every <= budget else _some_pairs(n, places, budget, rng)
        budget -= len(pairs)
        saved = swap_loop.descend(flow, distance, at, pairs, least)
        if saved <= least or not len(pairs):
            break
    return at


def _all_pairs(n: int, places: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    a, b = np.triu_indices(n, 1, places)
    return np.stack([a, b], axis=1)[rng.permutation(len(a))].astype(np.int64)


def _some_pairs(n: int, places: int, most: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    a = rng.integers(0, n, most)
    b = rng.integers(0, places - 1, most)
    b += b >= a
    return np.stack([np.where(b < n, np.minimum(a, b), a), np.where(b < n, np.maximum(a, b), b)], axis=1)
