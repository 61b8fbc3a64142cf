"""Neurons onto cores, greedily: in order, a core until something of it is used up, then the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hw.architecture import Architecture
from hw.breach import Breach, DoesNotFit
from hw.chip import Chip
from hw.connectivity import order
from hw.core_room import Room, Wiring, room_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ROUNDS = 32  # until copies and caps have settled; each round only adds, so they do


@dataclass(frozen=True)
class Piece:
    """Neurons low..high-1 of a stage, in the order of `hw.connectivity.order`."""

    stage: int
    low: int
    high: int


Core = tuple[Piece, ...]
Used = Callable[[Wiring, int, int, int], Mapping[str, float]]  # wiring, stage, low, high


@dataclass(frozen=True)
class Filled:
    """Cores with what is on them, and the wiring they were filled with (copies set, on a crossbar)."""

    cores: tuple[Core, ...]
    wired: tuple[Wiring, ...]


def fill(wired: Sequence[Wiring], chip: Chip, load: Sequence[Floats] = (), most: float = np.inf) -> Filled:
    """The net on as few cores as the order of its neurons allows, however many that are.

    load, most: for each stage a number a neuron, and how much of it one core may have, on top of the chip's limits

    Raises DoesNotFit when one neuron alone is too much for a core, TypeError when the chip is not made of cores.
    """
    found = room_of(chip)
    if found is None:
        raise TypeError(f"{chip.name}: expected a chip of cores, it is {chip.architecture.value}")
    room, use = found
    sums = [np.concatenate([[0.0], np.cumsum(stage_load)]) for stage_load in load]
    limit = dict(room) | ({"load": most} if sums else {})

    def used(wiring: Wiring, k: int, low: int, high: int) -> Mapping[str, float]:
        found = dict(use(wiring, low, high))
        return found | ({"load": float(sums[k][high] - sums[k][low])} if sums else {})

    caps = [wiring.stage.n_neurons for wiring in wired]
    wired = tuple(wired)
    for _ in range(ROUNDS):
        cores = _greedy(wired, limit, used, caps, chip)
        settled = _settle(wired, cores, caps, chip)
        if settled is None:
            return Filled(cores, wired)
        wired = settled
    raise DoesNotFit([Breach(chip.name, "no arrangement of the cores", "the net", None, None, "", "use fewer neurons")])


def _greedy(wired: tuple[Wiring, ...], limit: Room, used: Used, caps: list[int], chip: Chip) -> tuple[Core, ...]:
    cores: list[list[Piece]] = [[]]
    have: dict[str, float] = {}
    for k, wiring in enumerate(wired):
        low, n = 0, wiring.stage.n_neurons
        while low < n:
            high = _furthest(wiring, k, low, min(low + caps[k], n), have, limit, used)
            if high == low and cores[-1]:
                cores.append([])
                have = {}
                continue
            if high == low:
                raise DoesNotFit(_too_large(wiring, k, low, limit, used, chip))
            cores[-1].append(Piece(k, low, high))
            have = _sum(have, used(wiring, k, low, high))
            low = high
    return tuple(map(tuple, cores))


def _furthest(wiring: Wiring, k: int, low: int, n: int, have: Room, limit: Room, used: Used) -> int:
    """The largest high for which low..high-1 still fits on top of `have`, low when not even one neuron does."""

    def fits(high: int) -> bool:
        total = _sum(have, used(wiring, k, low, high))
        return all(total.get(name, 0) <= most for name, most in limit.items())

    good, step = low, 1
    while good < n and fits(min(good + step, n)):  # ever larger steps, so that what is tried is never far too large
        good = min(good + step, n)
        step *= 2
    bad = min(good + step, n + 1)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(middle) else (good, middle)
    return good


def _sum(a: Mapping[str, float], b: Mapping[str, float]) -> Room:
    return {name: a.get(name, 0) + b.get(name, 0) for name in a.keys() | b.keys()}


def _too_large(wiring: Wiring, k: int, low: int, limit: Room, used: Used, chip: Chip) -> list[Breach]:
    alone = used(wiring, k, low, low + 1)
    where = f"{wiring.stage.name}, neuron {int(order(wiring.stage)[low])}"
    return [
        Breach(chip.name, name, where, need, limit[name], chip.limits[name].unit if name in chip.limits else "",
               f"keep at most {limit[name]:.12g} of its inputs" if name == "input_axons" else "give it fewer inputs")
        for name, need in alone.items()
        if need > limit.get(name, np.inf)
    ]  # fmt: skip


def destinations(wired: Sequence[Wiring], cores: Sequence[Core]) -> list[tuple[int, int, Integers]]:
    """(stage of the sources, core, positions of the sources in that stage's order) of every axon into a core.

    Stage -1 is the input, whose positions are its elements.
    """
    places = [np.argsort(order(wiring.stage)) for wiring in wired]
    found = []
    for c, core in enumerate(cores):
        for piece in core:
            for m, matrix in enumerate(wired[piece.stage].columns):
                rows = np.unique(matrix.indices[matrix.indptr[piece.low] : matrix.indptr[piece.high]]).astype(np.int64)
                if m == 1:  # recurrent: already in the stage's own order
                    found.append((piece.stage, c, rows))
                elif piece.stage == 0:
                    found.append((-1, c, rows))
                else:
                    found.append((piece.stage - 1, c, np.sort(places[piece.stage - 1][rows])))
    return found


def _settle(
    wired: tuple[Wiring, ...], cores: tuple[Core, ...], caps: list[int], chip: Chip
) -> tuple[Wiring, ...] | None:
    """Wiring with more copies, or smaller caps, when outputs do not fit; None when they do."""
    if chip.architecture not in (Architecture.CROSSBAR_CORES, Architecture.AXON_CORES):
        return None
    reach = [np.zeros(wiring.stage.n_neurons, np.int64) for wiring in wired]  # destination cores of each neuron
    for stage, _, sources in destinations(wired, cores):
        if stage >= 0:
            reach[stage][sources] += 1
    if chip.architecture is Architecture.CROSSBAR_CORES:
        copies = [max(wiring.copies, int(r.max(initial=1))) for wiring, r in zip(wired, reach, strict=True)]
        if copies == [wiring.copies for wiring in wired]:
            return None
        return tuple(replace(wiring, copies=n) for wiring, n in zip(wired, copies, strict=True))
    most = chip.limit("output_axons")
    changed = False
    for core in cores:
        sent = sum(int(reach[piece.stage][piece.low : piece.high].sum()) for piece in core)
        if most is not None and sent > most:
            piece = max(core, key=lambda p: int(reach[p.stage][p.low : p.high].sum()))
            each = int(reach[piece.stage][piece.low : piece.high].max())
            if each > most:
                raise DoesNotFit([Breach(chip.name, "output_axons", wired[piece.stage].stage.name, each, most,
                                         "axons per core", "give its neurons fewer targets")])  # fmt: skip
            caps[piece.stage] = min(caps[piece.stage] - 1, int(most) // each)
            changed = True
    return wired if changed else None
