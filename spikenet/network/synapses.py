"""The synapses of a projection, drawn by its rule: stretches of partners, by source or by target.

By source wherever the rule allows it, so that a stretch of sources can be drawn without the others. A fixed indegree
with multapses is drawn so, too: how many each source has, as of even draws, then places at the targets, of which each
has the same number, in a random order; without autapses or multapses it is drawn by target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np

from spikenet.errors import Array
from spikenet.kernels import connect, distance
from spikenet.kernels.partners import CHANCES, EVENLY, EVERYBODY, NONE, OPPOSITE, SHUFFLED
from spikenet.network import rules
from spikenet.network.rule_sizes import expected
from spikenet.network.rules import Rule

LARGEST = 2**32 - 2  # synapses that 32 bits number


@dataclass(frozen=True)
class Again:
    """How the partners of one source can be drawn alone: arguments of kernels.partners.draw_partners."""

    kind: int
    own: int
    stream: int
    scale: float = 0.0
    places: int = 0


@dataclass(frozen=True)
class Synapses:
    """by_source: whether the owners of the stretches are sources; degrees: (owners,) int64, how many each has;
    draw(first, last): uint32, the partners of owners first to last - 1, one after the other; again: None where they
    cannot be drawn source by source."""

    by_source: bool
    degrees: Array
    draw: Callable[[int, int], Array]
    again: Again | None = None

    @property
    def total(self) -> int:
        return int(self.degrees.sum())


def starts_of(degrees: Array) -> Array:
    """Where each owner's stretch begins, and the last one's ends."""
    starts = np.zeros(degrees.size + 1, np.int64)
    np.cumsum(degrees, out=starts[1:])
    return starts


def synapses(
    name: str, rule: Rule, n_source: int, n_target: int, one_population: bool, seed: int, stream: int
) -> Synapses:
    """What `rule` makes between n_source and n_target neurons.

    one_population: whether source and target are the same, so that a neuron may meet itself
    """
    if isinstance(rule, rules.Listed):
        return _listed(name, rule, n_source, n_target)
    if isinstance(rule, rules.OneToOne):
        if n_source != n_target:
            raise ValueError(f"{name}: one_to_one: expected populations of one size, got {n_source} and {n_target}")
        opposite = Again(OPPOSITE, NONE, stream)
        return Synapses(True, np.ones(n_source, np.int64), lambda a, b: np.arange(a, b, dtype=np.uint32), opposite)
    many = expected(rule, n_source, n_target)
    if many > LARGEST:
        raise ValueError(f"{name}: {many:.3g} synapses; one projection holds at most {LARGEST}; make it several")
    own = 0 if one_population and not rule.autapses else NONE
    if isinstance(rule, rules.ByDistance):
        return _by_distance(name, rule, n_source, n_target, own, seed, stream)
    by_source = not isinstance(rule, rules.FixedIndegree)
    owners, partners = (n_source, n_target) if by_source else (n_target, n_source)
    choices = partners - (own == 0)
    if isinstance(rule, rules.AllToAll):
        degrees = np.full(owners, choices, np.int64)
    elif isinstance(rule, rules.Pairwise):
        return _pairwise(rule.probability, owners, partners, own, seed, stream)
    elif isinstance(rule, rules.FixedTotal):
        return _fixed_total(name, rule, owners, partners, own, seed, stream)
    else:
        degrees = np.full(owners, rule.k, np.int64)
        if rule.k and not choices:
            raise ValueError(f"{name}: {type(rule).__name__}({rule.k}): a neuron has nobody but itself to connect to")
        if rule.k > choices and not rule.multapses:
            raise ValueError(
                f"{name}: {type(rule).__name__}({rule.k}): only {choices} different partners; allow multapses"
            )

    if isinstance(rule, rules.FixedIndegree) and rule.multapses and own == NONE:
        return _fixed_indegree(rule.k, n_source, n_target, seed, stream)

    def draw(first: int, last: int) -> Array:
        starts = starts_of(degrees[first:last])
        into = np.empty(int(starts[-1]), np.uint32)
        if isinstance(rule, rules.AllToAll):
            connect.everybody(last - first, first, starts, partners, own, into)
        elif rule.multapses:
            connect.draw_many(last - first, first, starts, partners, own, stream, seed, into)
        else:
            chunks = numba.get_num_threads()
            connect.draw_different(chunks, first, starts, partners, own, stream, seed, chunks, into)
        return into

    again: Again | None = None
    if isinstance(rule, rules.AllToAll):
        again = Again(EVERYBODY, own, stream)
    elif by_source and rule.multapses:
        again = Again(EVENLY, own, stream)
    return Synapses(by_source, degrees, draw, again)


def _pairwise(probability: float, owners: int, partners: int, own: int, seed: int, stream: int) -> Synapses:
    if probability == 1.0:
        return synapses("", rules.AllToAll(own != 0), owners, partners, own == 0, seed, stream)
    degrees = np.zeros(owners, np.int64)
    scale = 1.0 / math.log1p(-probability) if probability else -math.inf
    if probability:
        connect.pairwise_counts(owners, 0, partners, scale, own, stream, seed, degrees)

    def draw(first: int, last: int) -> Array:
        starts = starts_of(degrees[first:last])
        into = np.empty(int(starts[-1]), np.uint32)
        if into.size:
            connect.pairwise_partners(last - first, first, starts, partners, scale, own, stream, seed, into)
        return into

    return Synapses(True, degrees, draw, Again(CHANCES, own, stream, scale))


def _by_distance(
    name: str, rule: rules.ByDistance, n_source: int, n_target: int, own: int, seed: int, stream: int
) -> Synapses:
    given = len(rule.source), len(rule.target)
    if given != (n_source, n_target):
        raise ValueError(f"{name}: by_distance: expected {(n_source, n_target)} positions, got {given}")
    nowhere = np.empty(0, np.uint32)
    degrees = np.zeros(n_source, np.int64)

    def go(first: int, starts: Array, into: Array, counts: Array) -> None:
        distance.near_partners(
            counts.size, first, starts, rule.source, rule.target, rule.extent, rule.profile, rule.probability,
            rule.length, own, stream, seed, into, counts,
        )  # fmt: skip

    go(0, np.zeros(n_source + 1, np.int64), nowhere, degrees)

    def draw(first: int, last: int) -> Array:
        starts = starts_of(degrees[first:last])
        into = np.empty(int(starts[-1]), np.uint32)
        if into.size:
            go(first, starts, into, np.zeros(last - first, np.int64))
        return into

    return Synapses(True, degrees, draw)


def _fixed_total(
    name: str, rule: rules.FixedTotal, owners: int, partners: int, own: int, seed: int, stream: int
) -> Synapses:
    """First how many each source has, then their targets: the same law as pairs drawn one by one, but sorted."""
    room = partners - (own == 0)
    if rule.n and not owners * room:
        raise ValueError(f"{name}: FixedTotal({rule.n}): there is no pair to connect")
    if not rule.multapses:
        return _different_pairs(name, rule.n, owners, partners, own, seed, stream)
    degrees = _counts(rule.n, owners, seed, stream)

    def draw(first: int, last: int) -> Array:
        starts = starts_of(degrees[first:last])
        into = np.empty(int(starts[-1]), np.uint32)
        connect.draw_many(last - first, first, starts, partners, own, stream, seed, into)
        return into

    return Synapses(True, degrees, draw, Again(EVENLY, own, stream))


def _counts(draws: int, owners: int, seed: int, stream: int) -> Array:
    """(owners,) how many of even draws each has."""
    threads = numba.get_num_threads()
    counts = np.zeros((threads, owners), np.int64)
    connect.count_owners(threads, draws, owners, stream, seed, threads, counts)
    degrees: Array = counts.sum(axis=0)
    return degrees


def _fixed_indegree(k: int, n_source: int, n_target: int, seed: int, stream: int) -> Synapses:
    degrees = _counts(k * n_target, n_source, seed, stream)
    before = starts_of(degrees)

    def draw(first: int, last: int) -> Array:
        starts = before[first : last + 1] - before[first]
        into = np.empty(int(starts[-1]), np.uint32)
        if into.size:
            connect.draw_places(last - first, int(before[first]), starts, n_target, k, stream, seed, into)
        return into

    return Synapses(True, degrees, draw, Again(SHUFFLED, NONE, stream, places=k))


def _different_pairs(name: str, n: int, owners: int, partners: int, own: int, seed: int, stream: int) -> Synapses:
    room = partners - (own == 0)
    if n > owners * room:
        raise ValueError(f"{name}: FixedTotal({n}): only {owners * room} different pairs; allow multapses")
    random = np.random.Generator(np.random.Philox(key=[seed % 2**64, stream]))
    pairs = np.sort(random.choice(owners * room, n, replace=False, shuffle=False))
    source, target = np.divmod(pairs, room)
    target += (own == 0) & (target >= source)
    return _stretches(source, target, owners)


def _listed(name: str, rule: rules.Listed, n_source: int, n_target: int) -> Synapses:
    if rule.shape not in (None, (n_source, n_target)):
        raise ValueError(f"{name}: expected a matrix of shape {(n_source, n_target)}, got {rule.shape}")
    for what, places, n in (("source", rule.source, n_source), ("target", rule.target, n_target)):
        if places.size and int(places.max()) >= n:
            raise ValueError(f"{name}: {what}: expected neurons 0 to {n - 1}, got {int(places.max())}")
    order = listed_order(rule)
    return _stretches(rule.source[order], rule.target[order], n_source)


def listed_order(rule: rules.Listed) -> Array:
    """In which order the listed synapses stand: by source, else as they were given."""
    return np.argsort(rule.source, kind="stable")


def _stretches(source: Array, target: Array, owners: int) -> Synapses:
    degrees = np.bincount(source, minlength=owners).astype(np.int64)
    starts, kept = starts_of(degrees), target.astype(np.uint32)
    return Synapses(True, degrees, lambda first, last: kept[starts[first] : starts[last]])
