"""How much of each limit the cores of a filling use, and of what they have too little."""

from __future__ import annotations

from collections import Counter

import numpy as np

from hw.placement.core_room import Room, room_of
from hw.placement.fill import Filled, reach_of
from hw.records.architecture import Architecture
from hw.records.chip import Chip


def used(filled: Filled, chip: Chip) -> tuple[Room, ...]:
    """Of every core, how much of what it has, by the names of the chip's record."""
    found = room_of(chip)
    assert found is not None
    reached = reach_of(filled.wired, filled.cores)
    rooms = []
    for core in filled.cores:
        total: Room = {}
        for piece in core:
            for name, n in found[1](filled.wired[piece.stage], piece.low, piece.high).items():
                total[name] = total.get(name, 0) + n
        if chip.architecture is Architecture.AXON_CORES:
            total["output_axons"] = sum(int(reached[p.stage][p.low : p.high].sum()) for p in core)
        for name in filled.wired[0].profiles:
            ids = [filled.wired[p.stage].profiles[name][p.low : p.high] for p in core]
            total[name] = np.unique(np.concatenate(ids)).size
        rooms.append(total)
    return tuple(rooms)


def scarcest(filled: Filled, chip: Chip) -> str:
    """The limit that most cores have used up furthest."""
    most = Counter(
        max(room, key=lambda name, room=room: room[name] / (chip.limit(name) or np.inf))  # type: ignore[misc]
        for room in used(filled, chip)
    )
    return most.most_common(1)[0][0]
