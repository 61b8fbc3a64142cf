"""Where every neuron of a program stands and which axons its spikes take: a placement as tables to count with.

Neurons are numbered in the order in which they are placed: layer after layer, of each layer core after core. Sources
are the elements of the input, then the neurons. An axon leads from one source to the neurons of one layer on one core,
as in `hw.place`: a spike is one message for each of its axons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hw.placement.core_room import stored_bits
from hw.placement.record import Placement

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]
DENSE, SPARSE, CONVOLUTION = range(3)


class Projection(NamedTuple):
    """Synapses onto the neurons of layer `target`.

    source  : number of the layer the spikes come from, -1 for the input
    weights : (sources, n) scipy csr_array of integers, zeros being no synapses
    exponent: sums are multiplied by 2^exponent, downward where negative
    late    : steps a spike takes at least;  delays: steps of each synapse on top, broadcast to (sources, n), or None
    windows : whether the synapses are those of a window that moves over a map
    operations: (sources,) of an event, where they are not as many as its synapses (of all of which, under a pooling,
                the largest is taken), on a chip of one core; else None
    synapse_bits: of a weight and its delay, on a chip of which is known how it stores them; else None
    """

    source: int
    target: int
    weights: Any
    exponent: int
    late: int
    delays: Any
    windows: bool = False
    operations: Any = None
    synapse_bits: int | None = None


@dataclass(frozen=True, eq=False)
class Axons:
    """What is counted: an entry for each axon, sorted by source.

    neurons : of each layer, the neuron at each of its places;  begins: place of the first neuron of each layer, and end
    core    : (neurons,) the core of each place;  copies: how many of the neuron there are on it, on a chip whose
              neurons reach one axon of one core each: one for each of its axons, at least one; 1 on others
    first   : (sources + 1,) number of the first axon of each source
    to_core, synapses: (axons,) the core it leads to, its synapses
    form    : (axons,) how these are stored: CONVOLUTION behind a window; else DENSE where a weight for every neuron of
              the layer on that core, 0 without a synapse, takes no more room than an index a synapse (where the room
              is not known: where none is missing); else SPARSE. What is stored as 0 is no synapse and is not counted
    within, east_west, north_south, crosses: (axons,) 1 where it stays in its tile, hops, 1 where it leaves the chip;
                                   0 for the input, of which only the arrival is known
    """

    neurons: tuple[Integers, ...]
    begins: Integers
    core: Integers
    copies: Integers
    n_cores: int
    n_inputs: int
    first: Integers
    to_core: Integers
    synapses: Integers
    form: Integers
    within: Integers
    east_west: Integers
    north_south: Integers
    crosses: Integers

    @property
    def source_core(self) -> Integers:
        """(axons,) the core each begins on, -1 for those of the input."""
        cores = np.concatenate([np.full(self.n_inputs, -1), self.core])
        found: Integers = np.repeat(cores, np.diff(self.first))
        return found


def axons(placement: Placement, n_inputs: int, projections: Sequence[Projection], *, copied: bool = False) -> Axons:
    """All axons of a placed program; copied: whether a neuron has a copy of itself for each of its axons.

    Copies hear what the neuron hears: an axon has synapses onto each.
    """
    parts: list[list[tuple[int, Integers]]] = [[] for _ in placement.layers]
    for c, core in enumerate(placement.cores):
        for part in core.parts:
            parts[placement.layers.index(part.layer)].append((c, part.neurons))
    neurons = tuple(np.concatenate([n for _, n in layer]) for layer in parts)
    begins = np.concatenate([[0], np.cumsum([n.size for n in neurons])]).astype(np.int64)
    core_of = np.concatenate([np.full(n.size, c, np.int64) for layer in parts for c, n in layer])
    columns: list[tuple[Array, ...]] = []
    wired = [placed_weights(projection, neurons) for projection in projections]
    copies = np.ones(len(core_of), np.int64)
    if copied:
        copies = np.maximum(_axons_out(projections, wired, parts, begins), 1)
    for projection, weights in zip(projections, wired, strict=True):
        low, worth = 0, copies[begins[projection.target] : begins[projection.target + 1]]
        begin = 0 if projection.source < 0 else n_inputs + int(begins[projection.source])
        for number, own in parts[projection.target]:
            here = sparse.csr_array(weights[:, low : low + own.size])
            here.data = worth[low : low + own.size][here.indices]
            synapses = np.asarray(here.sum(axis=1)).reshape(-1)
            if projection.operations is not None:
                operations = np.asarray(projection.operations)
                synapses = operations if projection.source < 0 else operations[neurons[projection.source]]
            counts = np.diff(here.indptr)[sources := np.flatnonzero(synapses)].astype(np.int64)
            low += own.size
            dense = _stores_dense(projection, counts, own.size)
            stored = CONVOLUTION if projection.windows else DENSE if dense else SPARSE
            each = np.ones(len(sources), np.int64)
            columns.append((sources + begin, each * number, synapses[sources], each * stored))
    table = [np.concatenate(column).astype(np.int64) for column in zip(*columns, strict=True)]
    source, to_core, synapses, form = (column[np.argsort(table[0], kind="stable")] for column in table)
    first = np.searchsorted(source, np.arange(n_inputs + begins[-1] + 1)).astype(np.int64)
    from_core = np.concatenate([np.full(n_inputs, -1), core_of])[source]
    ways = _ways(placement, from_core, to_core)
    return Axons(
        neurons, begins, core_of, copies, len(placement.cores), n_inputs, first, to_core, synapses, form, *ways
    )


def _stores_dense(projection: Projection, counts: Integers, neurons: int) -> bool:
    """counts: synapses of each axon onto some of the neurons of a core; as `hw.place` counts their room."""
    if projection.synapse_bits is None:
        return bool((counts == neurons).all())
    return stored_bits(counts, neurons, projection.synapse_bits)[1]


def _axons_out(
    projections: Sequence[Projection], wired: Sequence[Any], parts: Sequence[Sequence[tuple[int, Integers]]],
    begins: Integers,
) -> Integers:  # fmt: skip
    """(neurons,) axons of each neuron."""
    found = np.zeros(begins[-1], np.int64)
    for projection, weights in zip(projections, wired, strict=True):
        low = 0
        for _, own in parts[projection.target] if projection.source >= 0 else ():
            reaches = np.diff(sparse.csr_array(weights[:, low : low + own.size]).indptr) > 0
            found[begins[projection.source] : begins[projection.source + 1]] += reaches
            low += own.size
    return found


def placed_weights(projection: Projection, neurons: tuple[Integers, ...]) -> Any:
    """The weights with rows and columns in the order in which neurons are placed; no zeros among them."""
    weights = sparse.csr_array(projection.weights)[:, neurons[projection.target]]
    if projection.source >= 0:
        weights = weights[neurons[projection.source]]
    weights.eliminate_zeros()
    return weights


def _ways(placement: Placement, from_core: Integers, to_core: Integers) -> tuple[Integers, ...]:
    """Of each axon: 1 within a tile, hops east-west, hops north-south, 1 from chip to chip; 0 for the input's."""
    places = np.array([(core.chip, core.x, core.y) for core in placement.cores], np.int64)
    a, b = places[np.maximum(from_core, 0)], places[to_core]
    inside = np.asarray(from_core >= 0, np.int64)
    across, down = np.abs(a[:, 1] - b[:, 1]), np.abs(a[:, 2] - b[:, 2])
    return (across + down == 0) * inside, across * inside, down * inside, (a[:, 0] != b[:, 0]) * inside
