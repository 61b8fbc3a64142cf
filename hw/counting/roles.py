"""What a layer is to its neighbours: what comes to it, where its results go, and which poolings only hand spikes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw.counting.observe import Observed
from hw.lowering.kinds import BRANCHES, has_weights, is_join, is_neurons, is_pooling, is_sum, mean_places


@dataclass(frozen=True)
class Role:
    """Of a layer of weights, a pooling or what joins two branches.

    source   : itself, or the first of the poolings that hand it spikes
    places   : what its inputs are multiplied by to be whole numbers of spikes: a mean's window has so many places
    is_events: what comes to the source is spikes
    once     : its input never changes and is taken in one step only
    neurons  : how many neurons the results go to, through poolings too; 0 if they go elsewhere
    is_first, is_last: of the net's layers of weights and poolings
    hands_on : a pooling that adds up spikes for a connection: no sum is formed, they are counted where they arrive
    waits    : of a join, whether both branches compute something: what the first gives waits in memory
    """

    source: Observed
    places: int
    is_events: bool
    once: bool
    neurons: int
    is_first: bool
    is_last: bool
    hands_on: bool
    waits: bool = False

    @property
    def is_written(self) -> bool:
        """Whether its input is in memory anyway: the net's own, or written for a layer beside it."""
        return self.is_first or self.source.is_shared


def roles(counted: Sequence[Observed], has_neurons: bool, repeated_input_once: bool) -> dict[int, Role]:
    """Of each layer of weights, pooling and join among the counted layers, by its place there."""
    own = [k for k, o in enumerate(counted) if has_weights(o.layer) or is_pooling(o.layer)]
    joins = [k for k, o in enumerate(counted) if is_join(o.layer)]
    handing = {k: _handing(counted, k) if has_neurons and has_weights(counted[k].layer) else () for k in own}
    handed_on = {k for chain in handing.values() for k in chain}
    found = {}
    for k in own + joins:
        o, chain = counted[k], handing.get(k, ())
        source, places = counted[chain[0] if chain else k], 1
        for at in chain:
            places *= mean_places(counted[at].layer)
        found[k] = Role(
            source=source,
            places=places,
            is_events=has_neurons and source.is_binary,
            once=repeated_input_once and o.is_constant,
            neurons=_neurons_behind(counted, k),
            is_first=(chain[0] if chain else k) == own[0],
            is_last=k == own[-1],
            hands_on=k in handed_on,
            waits=all(_has_branch(counted, o.name, branch) for branch in BRANCHES),
        )
    return found


def _has_branch(counted: Sequence[Observed], join: str, branch: str) -> bool:
    return any(o.name.startswith(f"{join}.{branch}.") for o in counted)


def _follow(a: str, b: str) -> bool:
    """Whether a layer named b is behind the one named a, not beside it on another branch."""
    differ = ((one, other) for one, other in zip(a.split("."), b.split("."), strict=False) if one != other)
    return next(differ, None) not in (BRANCHES, BRANCHES[::-1])


def _before(counted: Sequence[Observed], k: int) -> int:
    """The layer in front of layer k, -1 without."""
    return next((j for j in range(k - 1, -1, -1) if _follow(counted[j].name, counted[k].name)), -1)


def _handing(counted: Sequence[Observed], k: int) -> tuple[int, ...]:
    """Places of the poolings in front of layer k that add up spikes for it, the one that sees them first."""
    chain = [k]
    while (at := _before(counted, chain[0])) >= 0 and is_sum(counted[at].layer):
        chain.insert(0, at)
    return tuple(chain[:-1]) if counted[chain[0]].is_binary else ()


def _neurons_behind(counted: Sequence[Observed], k: int) -> int:
    """Neurons that layer k feeds, directly or through poolings."""
    name = counted[k].name
    behind = next((o for o in counted[k + 1 :] if _follow(name, o.name) and not is_pooling(o.layer)), None)
    return behind.inputs if behind is not None and is_neurons(behind.layer) else 0
