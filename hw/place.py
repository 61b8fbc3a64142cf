"""Neurons onto cores, cores onto the mesh: few hops, even load, several chips when one is full."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hw.limits.cores import cores as cores_broken
from hw.limits.smaller import too_many_cores
from hw.limits.whole_cores import on_whole_cores
from hw.lowering.connectivity import order
from hw.lowering.layout import layout
from hw.lowering.stages import Layout
from hw.placement.arrange import arranged, cost
from hw.placement.core_room import Wiring, room_of, wirings
from hw.placement.fill import Core, Filled, destinations, fill
from hw.placement.laid import Laid
from hw.placement.mesh import Floats, Integers, distances, link_traffic, mesh_of
from hw.placement.profiles import for_chip
from hw.placement.record import Part, PlacedCore, Placement
from hw.placement.used import used
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip
from spikenet.errors import finite_number, finite_values, whole

MANY = 1 << 40  # chips: what is broken then is not their number
HALVINGS = 12  # of the interval in which the least load of the busiest core lies
TINY = 1e-300  # so that no traffic makes no hops
SPARE = 16  # empty places at least that cores may move to
EQUAL_RATES = "every source sends one spike a step: give rates to weigh them"
ENTRANCE = "spikes from outside enter each core directly: where a chip's input arrives is not modelled"
NO_MESH = "the shape of the mesh is not published: the squarest one is taken"


def place(
    network: Any,
    chip: Chip,
    input_shape: Any = None,
    *,
    rates: Sequence[Any] | None = None,
    n_chips: int | None = None,
    crossing_hops: float = 4.0,
    seed: int = 0,
) -> Placement:
    """Lays a Sequential, or a Network, onto the cores of one or several chips; the same for the same seed.

    input_shape  : (features,) or (channels, height, width); may be left out when a Linear comes first
    rates        : spikes a step of the input's elements and of each layer's neurons, a number or an array each;
                   None: all 1
    n_chips      : how many there are; None: as many as it takes
    crossing_hops: how many hops a step from chip to chip counts for in the search, on top of the step itself; >= 0

    On chips of alike cores: first a greedy filling, core by core within every limit of the chip; then, on as many
    cores, the cuts between them are moved so that the busiest core has as little to do as possible; then the cores are
    arranged on the mesh so that messages take few hops (`hw.placement.arrange`). On Speck a layer takes a core: all
    find one, and the smaller cores are taken first. Xylo and BrainScaleS-2 are one core.

    Raises DoesNotFit with every limit broken, TypeError for a chip whose mapping is not published.
    """
    if not isinstance(chip, Chip):
        raise TypeError(f"place: expected a chip of hw.chips, got {chip!r:.60}")
    found = layout(network, input_shape, seed)
    if found.obstacles:
        raise DoesNotFit([Breach(chip.name, o.what, o.where, None, None, "", o.change) for o in found.obstacles])
    found, wired = for_chip(found, wirings(found), chip)
    if wired is None:
        change = "place it in parts"
        raise DoesNotFit([Breach(chip.name, "more synapses than are listed", "the net", None, None, "", change)])
    return laid_onto(found, wired, chip, rates=rates, n_chips=n_chips, crossing_hops=crossing_hops, seed=seed)


def laid_onto(
    found: Layout,
    wired: tuple[Wiring, ...],
    chip: Chip,
    *,
    rates: Sequence[Any] | None = None,
    n_chips: int | None = None,
    crossing_hops: float = 4.0,
    seed: int = 0,
    made: Filled | None = None,
) -> Placement:
    """As `place`, of stages whose synapses are listed already; made: cores to be arranged as they are."""
    spikes = _rates(found, rates)
    load = [_loads(wiring, k, spikes) for k, wiring in enumerate(wired)]
    whole("place: seed", seed, least=0)
    if finite_number("place: crossing_hops", crossing_hops) < 0:
        raise ValueError(f"place: crossing_hops: expected a number >= 0, got {crossing_hops}")
    if room_of(chip) is None:
        laid = on_whole_cores(found, wired, chip, n_chips)
    else:
        laid = _on_alike_cores(found, wired, chip, n_chips, load, spikes, crossing_hops, seed, made)
    filled, greedy, slots, mesh = laid.filled, laid.greedy, laid.slots, laid.mesh
    traffic, incoming = _traffic(filled, spikes)
    before, _ = _traffic(greedy, spikes)
    in_rows = mesh.slots(laid.n_chips)[: len(greedy.cores)]
    said = ((EQUAL_RATES,) if rates is None else (), (ENTRANCE,), laid.assumptions)
    return Placement(
        chip=chip.name,
        n_chips=laid.n_chips,
        mesh=mesh,
        layers=tuple(stage.name for stage in found.stages),
        cores=tuple(
            PlacedCore(number, x, y, core_number, _parts(found, core), room, _load(core, filled, load))
            for core, room, (number, x, y, core_number) in zip(filled.cores, laid.used, slots.tolist(), strict=True)
        ),
        traffic=traffic,
        incoming=incoming,
        links=link_traffic(mesh, slots[:, 1:3], traffic),
        hops=_mean_hops(traffic, slots),
        hops_greedy=_mean_hops(before, in_rows),
        load_most_greedy=max(_load(core, greedy, load) for core in greedy.cores),
        seed=seed,
        assumptions=tuple(text for texts in said for text in texts),
    )


def _on_alike_cores(
    found: Layout,
    wired: tuple[Wiring, ...],
    chip: Chip,
    n_chips: int | None,
    load: list[Floats],
    spikes: list[Floats],
    crossing_hops: float,
    seed: int,
    made: Filled | None,
) -> Laid:
    try:
        greedy = fill(wired, chip) if made is None else made
    except DoesNotFit:
        raise DoesNotFit(cores_broken(found, wired, chip, MANY)) from None
    chips = _chips(chip, greedy, n_chips)
    even = _balanced(wired, chip, greedy, load) if made is None else made
    mesh = mesh_of(chip, chips)
    slots = mesh.nearest(chips, len(even.cores) + max(SPARE, len(even.cores) // 4))
    at = arranged(_traffic(even, spikes)[0], distances(slots, crossing_hops), seed)
    return Laid(even, greedy, slots[at], mesh, chips, used(even, chip), (NO_MESH,) if mesh.assumed else ())


def _mean_hops(traffic: Floats, slots: Integers) -> float:
    every = np.arange(len(slots))
    return cost(traffic, distances(slots, 0.0), every) / max(float(traffic.sum()), TINY)


def _parts(found: Layout, core: Core) -> tuple[Part, ...]:
    """What is on a core, in the layers' own numbers."""
    stages = found.stages
    return tuple(Part(stages[p.stage].name, order(stages[p.stage])[p.low : p.high]) for p in core)


def _rates(found: Layout, rates: Sequence[Any] | None) -> list[Floats]:
    """Spikes a step of the input's elements, then of each stage's neurons, in the layers' own order."""
    sizes = [found.stages[0].n_sources, *(stage.n_neurons for stage in found.stages)]
    given = [1.0] * len(sizes) if rates is None else list(rates)
    if len(given) != len(sizes):
        wanted = f"{len(sizes)}, of the input and of {len(sizes) - 1} layers"
        raise ValueError(f"place: rates: expected {wanted}, got {len(given)}")
    spikes = []
    for k, (rate, n) in enumerate(zip(given, sizes, strict=True)):
        values = finite_values(f"place: rates[{k}]", rate).astype(np.float64).reshape(-1)
        if values.size not in (1, n) or (values < 0).any():
            got = f"{values.size} numbers, the least {values.min(initial=0):g}"
            raise ValueError(f"place: rates[{k}]: expected one number >= 0, or {n}, got {got}")
        spikes.append(np.broadcast_to(values, (n,)))
    return spikes


def _loads(wiring: Wiring, k: int, spikes: list[Floats]) -> Floats:
    """(neurons,) operations a step: each neuron's update and the synaptic events that reach it, in placed order."""
    load: Floats = np.ones(wiring.stage.n_neurons)
    senders = (spikes[k], spikes[k + 1][order(wiring.stage)])  # the stage before; the stage itself, as it is placed
    for matrix, sent in zip(wiring.columns, senders, strict=False):
        load += matrix.T.astype(np.float64) @ sent
    return load


def _load(core: Core, filled: Filled, load: list[Floats]) -> float:
    """Operations of a core; copies of a neuron do what it does."""
    total = 0.0
    for piece in core:
        each, copies = load[piece.stage][piece.low : piece.high], filled.wired[piece.stage].copies
        total += float((each if copies is None else each * copies[piece.low : piece.high]).sum())
    return total


def _balanced(wired: tuple[Wiring, ...], chip: Chip, greedy: Filled, load: list[Floats]) -> Filled:
    """As many cores as the greedy filling, cut where the busiest has least to do: bisection of what one may have."""
    n = len(greedy.cores)
    high = max(_load(core, greedy, load) for core in greedy.cores)
    worth = [part if w.copies is None else part * w.copies for part, w in zip(load, greedy.wired, strict=True)]
    low = max(sum(float(part.sum()) for part in worth) / n, max(float(part.max()) for part in worth))
    best = greedy
    for _ in range(HALVINGS):
        if high - low <= 1e-9 * high:
            break
        middle = (low + high) / 2
        filled = fill(wired, chip, worth, middle)
        most = max(_load(core, filled, load) for core in filled.cores)
        if len(filled.cores) <= n and most < high:
            best, high = filled, most
        else:
            low = middle
    return best


def _traffic(filled: Filled, spikes: list[Floats]) -> tuple[Floats, Floats]:
    """(messages a step from core to core, messages a step into each core from outside)."""
    n = len(filled.cores)
    home = [np.empty(wiring.stage.n_neurons, np.int64) for wiring in filled.wired]
    for c, core in enumerate(filled.cores):
        for piece in core:
            home[piece.stage][piece.low : piece.high] = c
    placed = [spikes[k + 1][order(wiring.stage)] for k, wiring in enumerate(filled.wired)]
    traffic, incoming = np.zeros((n, n)), np.zeros(n)
    for stage, target, sources in destinations(filled.wired, filled.cores):
        if stage < 0:
            incoming[target] += spikes[0][sources].sum()
        else:
            traffic[:, target] += np.bincount(home[stage][sources], placed[stage][sources], n)
    return traffic, incoming


def _chips(chip: Chip, filled: Filled, n_chips: int | None) -> int:
    """How many chips so many cores take; DoesNotFit when that is more than there are."""
    each, n_cores = chip.limit("cores"), len(filled.cores)
    needed = 1 if each is None else math.ceil(n_cores / each)
    if n_chips is None:
        return needed
    if needed > whole("place: n_chips", n_chips):
        raise DoesNotFit([too_many_cores(filled.wired, chip, filled, n_chips)])
    return needed
