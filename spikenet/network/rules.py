"""Who connects to whom: records that `Network.connect` takes.

autapses : whether a neuron may connect to itself (within one population)
multapses: whether two neurons may have more than one synapse
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, array_of, positive, positive_values, real_values, whole, within


@dataclass(frozen=True)
class AllToAll:
    """Every source with every target."""

    autapses: bool = True


@dataclass(frozen=True)
class OneToOne:
    """Source k with target k; both populations are of one size."""


@dataclass(frozen=True)
class Pairwise:
    """Each pair with the same probability, independently."""

    probability: float
    autapses: bool = True


@dataclass(frozen=True)
class FixedIndegree:
    """Each target has `k` synapses, from sources drawn evenly."""

    k: int
    autapses: bool = True
    multapses: bool = True


@dataclass(frozen=True)
class FixedOutdegree:
    """Each source has `k` synapses, to targets drawn evenly."""

    k: int
    autapses: bool = True
    multapses: bool = True


@dataclass(frozen=True)
class FixedTotal:
    """`n` synapses, each between a source and a target drawn evenly."""

    n: int
    autapses: bool = True
    multapses: bool = True


@dataclass(frozen=True, eq=False)
class Listed:
    """The synapses themselves: source[k] with target[k], in this order; shape: of the matrix, where they come from
    one."""

    source: Array
    target: Array
    weight: Array | None = None
    shape: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class ByDistance:
    """Each pair with a probability that falls with its distance.

    source, target: (n, dimensions) positions; extent: (dimensions,) of the space that closes on itself, inf where not
    """

    profile: int
    probability: float
    length: float
    source: Array
    target: Array
    extent: Array
    autapses: bool = True


Rule = ByDistance | AllToAll | OneToOne | Pairwise | FixedIndegree | FixedOutdegree | FixedTotal | Listed


def all_to_all(*, autapses: bool = True) -> AllToAll:
    return AllToAll(bool(autapses))


def one_to_one() -> OneToOne:
    return OneToOne()


def pairwise(probability: float, *, autapses: bool = True) -> Pairwise:
    """probability: 0 to 1, of each pair (pairwise Bernoulli)."""
    return Pairwise(within("rules.pairwise: probability", probability, 0.0, 1.0), bool(autapses))


def fixed_indegree(k: int, *, autapses: bool = True, multapses: bool = True) -> FixedIndegree:
    """k: synapses of each target, >= 0."""
    return FixedIndegree(whole("rules.fixed_indegree: k", k, 0), bool(autapses), bool(multapses))


def fixed_outdegree(k: int, *, autapses: bool = True, multapses: bool = True) -> FixedOutdegree:
    """k: synapses of each source, >= 0."""
    return FixedOutdegree(whole("rules.fixed_outdegree: k", k, 0), bool(autapses), bool(multapses))


def fixed_total(n: int, *, autapses: bool = True, multapses: bool = True) -> FixedTotal:
    """n: synapses in all, >= 0."""
    return FixedTotal(whole("rules.fixed_total: n", n, 0), bool(autapses), bool(multapses))


GAUSSIAN, EXPONENTIAL, DISC = PROFILES = range(3)
"""exp(-d^2 / 2 length^2), exp(-d / length), and 1 up to d = length, each times the probability."""


def by_distance(
    profile: int,
    probability: float,
    length: float,
    source: Any,
    target: Any,
    *,
    periodic: Any = None,
    autapses: bool = True,
) -> ByDistance:
    """A probability that falls with distance, in one, two or three dimensions.

    profile       : rules.GAUSSIAN, EXPONENTIAL or DISC
    probability   : at distance 0; length: of the profile, in the unit of the positions, > 0
    source, target: (n,) or (n, dimensions) positions of all neurons
    periodic      : (dimensions,) extent of a space that closes on itself; None for one with borders
    """
    places = [_positions(f"rules.by_distance: {w}", p) for w, p in (("source", source), ("target", target))]
    dimensions = places[0].shape[1]
    if places[1].shape[1] != dimensions or not 1 <= dimensions <= 3:
        raise ValueError(f"rules.by_distance: expected 1 to 3 dimensions, got {dimensions} and {places[1].shape[1]}")
    if profile not in PROFILES:
        raise ValueError(f"rules.by_distance: profile: expected GAUSSIAN, EXPONENTIAL or DISC, got {profile!r}")
    extent = np.full(dimensions, np.inf)
    if periodic is not None:
        extent = np.array(np.broadcast_to(positive_values("rules.by_distance: periodic", periodic), (dimensions,)))
    chance = within("rules.by_distance: probability", probability, 0.0, 1.0)
    reach = positive("rules.by_distance: length", length)
    return ByDistance(profile, chance, reach, places[0], places[1], extent.astype(np.float64), bool(autapses))


def _positions(name: str, values: Any) -> Array:
    array = real_values(name, values)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name}: expected positions (n, dimensions), got shape {array.shape}")
    return np.ascontiguousarray(array.reshape(len(array), -1))


def listed(source: Any, target: Any) -> Listed:
    """source, target: numbers of neurons, as long as each other; weights and delays may be arrays of that length."""
    source, target = _places("rules.listed: source", source), _places("rules.listed: target", target)
    if source.shape != target.shape:
        raise ValueError(f"rules.listed: expected as many sources as targets, got {source.size} and {target.size}")
    return Listed(source, target)


def matrix(weights: Any) -> Listed:
    """One synapse for every element that a matrix (sources, targets) holds: of a scipy sparse matrix all that are
    stored, of a dense one all that are not 0. The elements are the weights."""
    if hasattr(weights, "tocoo"):
        coo = weights.tocoo()
        source, target, values = coo.row, coo.col, real_values("rules.matrix: weights", coo.data)
        shape = coo.shape
    else:
        dense = real_values("rules.matrix: weights", weights)
        if dense.ndim != 2:
            raise ValueError(f"rules.matrix: expected a matrix (sources, targets), got shape {dense.shape}")
        source, target = np.nonzero(dense)
        values, shape = dense[source, target], dense.shape
    return Listed(_places("rules.matrix", source), _places("rules.matrix", target), values, shape)


def _places(name: str, values: Any) -> Array:
    array = array_of(name, values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{name}: expected a list of whole numbers, got {array.dtype} of shape {array.shape}")
    if array.size and int(array.min()) < 0:
        raise ValueError(f"{name}: expected numbers >= 0, got {int(array.min())}")
    return array.astype(np.int64)
