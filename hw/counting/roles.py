"""What a layer is to its neighbours: what comes to it, where its results go, and which poolings only hand spikes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw.counting.observe import Observed
from hw.lowering.kinds import is_connection, is_neurons, is_pooling, is_sum, mean_places


@dataclass(frozen=True)
class Role:
    """Of a connection or a pooling.

    source   : itself, or the first of the poolings that hand it spikes
    places   : what its inputs are multiplied by to be whole numbers of spikes: a mean's window has so many places
    is_events: what comes to the source is spikes
    once     : its input never changes and is taken in one step only
    neurons  : how many neurons the results go to, through poolings too; 0 if they go elsewhere
    is_first, is_last: of the net's connections and poolings
    hands_on : a pooling that adds up spikes for a connection: no sum is formed, they are counted where they arrive
    """

    source: Observed
    places: int
    is_events: bool
    once: bool
    neurons: int
    is_first: bool
    is_last: bool
    hands_on: bool


def roles(counted: Sequence[Observed], has_neurons: bool, repeated_input_once: bool) -> dict[int, Role]:
    """Of each connection and pooling among the counted layers, by its place there."""
    own = [k for k, o in enumerate(counted) if is_connection(o.layer) or is_pooling(o.layer)]
    handing = {k: _handing(counted, k) if has_neurons and is_connection(counted[k].layer) else () for k in own}
    handed_on = {k for chain in handing.values() for k in chain}
    found = {}
    for k in own:
        o, chain = counted[k], handing[k]
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
        )
    return found


def _handing(counted: Sequence[Observed], k: int) -> tuple[int, ...]:
    """Places of the poolings in front of layer k that add up spikes for it, the one that sees them first."""
    first = k
    while first > 0 and is_sum(counted[first - 1].layer):
        first -= 1
    return tuple(range(first, k)) if counted[first].is_binary else ()


def _neurons_behind(counted: Sequence[Observed], k: int) -> int:
    """Neurons that layer k feeds, directly or through poolings."""
    behind = next((o for o in counted[k + 1 :] if not is_pooling(o.layer)), None)
    return behind.inputs if behind is not None and is_neurons(behind.layer) else 0
