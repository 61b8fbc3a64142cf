"""Neurons onto cores, greedily: in order, a core until something of it is used up, then the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hw.lowering.connectivity import order
from hw.placement.core_room import Room, Use, Wiring, room_of
from hw.records.architecture import Architecture
from hw.records.breach import Breach, DoesNotFit
from hw.records.chip import Chip

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ROUNDS = 32  # until copies and outputs have settled; each round can only add to them


@dataclass(frozen=True)
class Piece:
    """Neurons low..high-1 of a stage, in the order of `hw.lowering.connectivity.order`."""

    stage: int
    low: int
    high: int


Core = tuple[Piece, ...]


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
    added = {"load": (most, [_running(stage_load) for stage_load in load])} if load else {}
    profiles = scarce(wired, chip)
    outputs = chip.limit("output_axons") if chip.architecture is Architecture.AXON_CORES else None
    wired = tuple(wired)
    reach = [np.zeros(wiring.stage.n_neurons, np.int64) for wiring in wired]
    for _ in range(ROUNDS):
        if outputs is not None:
            added["output_axons"] = outputs, [_running(targets) for targets in reach]
        cores = _greedy(wired, _Rules(room, use, added, profiles), chip)
        reached = reach_of(wired, cores)
        if chip.architecture is Architecture.CROSSBAR_CORES:
            each = list(zip(wired, reached, strict=True))
            settled = all(w.copies is not None and bool((w.copies >= r).all()) for w, r in each)
            wired = tuple(with_copies(w, r, least=1 if settled else w.copies) for w, r in each)
        else:
            sums_out = (sum(int(reached[p.stage][p.low : p.high].sum()) for p in core) for core in cores)
            settled = outputs is None or all(total <= outputs for total in sums_out)
            reach = [np.maximum(old, new) for old, new in zip(reach, reached, strict=True)]
        if settled:
            return Filled(cores, wired)
    raise DoesNotFit([Breach(chip.name, "no arrangement of the cores", "the net", None, None, "", "use fewer neurons")])


def scarce(wired: Sequence[Wiring], chip: Chip) -> dict[str, float]:
    """How many profiles of each kind a core has, of those of which the net needs more."""
    kinds = {name: chip.limit(name) for name in wired[0].profiles}
    return {
        name: most for name, most in kinds.items()
        if most is not None and np.unique(np.concatenate([w.profiles[name] for w in wired])).size > most
    }  # fmt: skip


def _running(values: npt.NDArray[Any]) -> Floats:
    """Sums of the first 0, 1, 2, ... values."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


@dataclass(frozen=True)
class _Rules:
    """What a core may hold.

    limit, use: of `room_of`
    added     : of what simply adds up, by name, how much there may be, and for each stage its sums of the first 0, 1,
                2, ... neurons
    profiles  : of each kind that has to be looked after, how many a core has
    """

    limit: Room
    use: Use
    added: Mapping[str, tuple[float, list[Floats]]]
    profiles: Mapping[str, float]

    def most(self, name: str) -> float:
        return self.added[name][0] if name in self.added else self.limit.get(name, np.inf)

    def used(self, wiring: Wiring, k: int, low: int, high: int) -> Room:
        sums = {name: float(by[k][high] - by[k][low]) for name, (_, by) in self.added.items()}
        return dict(self.use(wiring, low, high)) | sums

    def furthest(self, wiring: Wiring, k: int, low: int, have: Room, there: Mapping[str, Integers], guess: int) -> int:
        """The largest high for which low..high-1 still fits on top of `have`, low when not even one neuron does.

        there: numbers of the profiles that the core has already

        Looked for from low + guess on, below what sums allow: where indices grow by a bit, a part that fits may stand
        behind one that does not, and is not found.
        """
        room = max(self.most("neurons") - have.get("neurons", 0), 0)
        end = low + int(min(room, wiring.stage.n_neurons - low))
        for name, (most, by) in self.added.items():
            end = min(end, int(np.searchsorted(by[k], by[k][low] + most - have.get(name, 0), "right")) - 1)
        for name, most in self.profiles.items():
            end = min(end, low + _within(wiring.profiles[name][low:end], there[name], most))

        def fits(high: int) -> bool:
            total = _sum(have, self.used(wiring, k, low, high))
            return all(total.get(name, 0) <= self.most(name) for name in (*self.limit, *self.added))

        if end <= low:
            return low
        good, bad, step = low, min(low + max(guess, 1), end), 1
        if fits(bad):  # ever larger steps up, so that what is tried is never far too large, or down
            good, bad = bad, end + 1
            while good < end and bad > end:
                if fits(min(good + step, end)):
                    good, step = min(good + step, end), 2 * step
                else:
                    bad = min(good + step, end)
        while good == low and bad - step > low:
            good, bad, step = (bad - step, bad, step) if fits(bad - step) else (low, bad - step, 2 * step)
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if fits(middle) else (good, middle)
        return good


def _greedy(wired: tuple[Wiring, ...], rules: _Rules, chip: Chip) -> tuple[Core, ...]:
    cores: list[list[Piece]] = [[]]
    have: Room = {}
    there = _no_profiles(rules)
    for k, wiring in enumerate(wired):
        low, n, guess = 0, wiring.stage.n_neurons, 1
        while low < n:
            high = rules.furthest(wiring, k, low, have, there, guess)
            if high > low:
                guess = high - low
                cores[-1].append(Piece(k, low, high))
                have = _sum(have, rules.used(wiring, k, low, high))
                there = {name: np.union1d(ids, wiring.profiles[name][low:high]) for name, ids in there.items()}
                low = high
            elif not cores[-1]:
                raise DoesNotFit(_too_large(wiring, k, low, rules, chip))
            if low < n:  # never two parts of a stage on one core: they would hear the same axons twice
                cores.append([])
                have, there = {}, _no_profiles(rules)
    return tuple(map(tuple, cores))


def _no_profiles(rules: _Rules) -> dict[str, Integers]:
    return {name: np.zeros(0, np.int64) for name in rules.profiles}


def _within(ids: Integers, there: Integers, most: float) -> int:
    """How many of the first `ids` need no more than `most` profiles, those that are there already included."""
    first = np.unique(ids, return_index=True)[1]
    new = np.sort(first[~np.isin(ids[first], there)])
    room = max(int(most) - there.size, 0)
    return ids.size if new.size <= room else int(new[room])


def _sum(a: Mapping[str, float], b: Mapping[str, float]) -> Room:
    return {name: a.get(name, 0) + b.get(name, 0) for name in a.keys() | b.keys()}


def _too_large(wiring: Wiring, k: int, low: int, rules: _Rules, chip: Chip) -> list[Breach]:
    alone = rules.used(wiring, k, low, low + 1)
    where = f"{wiring.stage.name}, neuron {int(order(wiring.stage)[low])}"
    change = "give it targets on {:.12g} cores at most"
    remedy = {"output_axons": change.format(rules.most("output_axons")),
              "neurons": change.format(rules.most("neurons")) + ", for each of which it needs a copy"}  # fmt: skip
    return [
        Breach(chip.name, name, where, need, rules.most(name), chip.limits[name].unit if name in chip.limits else "",
               remedy.get(name, "give it fewer inputs"))
        for name, need in alone.items()
        if need > rules.most(name)
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
                reaching = np.zeros(matrix.shape[0], np.bool_)
                reaching[matrix.indices[matrix.indptr[piece.low] : matrix.indptr[piece.high]]] = True
                rows: Integers = np.flatnonzero(reaching).astype(np.int64)
                if m == 1:  # recurrent: already in the stage's own order
                    found.append((piece.stage, c, rows))
                elif piece.stage == 0:
                    found.append((-1, c, rows))
                else:
                    found.append((piece.stage - 1, c, np.sort(places[piece.stage - 1][rows])))
    return found


def with_copies(wiring: Wiring, reach: Integers, least: Any = 1) -> Wiring:
    """With as many copies of each neuron as the cores it reaches, and at least `least`."""
    return replace(wiring, copies=np.maximum(reach, 1 if least is None else least))


def reach_of(wired: Sequence[Wiring], cores: Sequence[Core]) -> list[Integers]:
    """For each stage (neurons,) how many cores each neuron sends to."""
    reach = [np.zeros(wiring.stage.n_neurons, np.int64) for wiring in wired]
    for stage, _, sources in destinations(wired, cores):
        if stage >= 0:
            reach[stage][sources] += 1
    return reach
