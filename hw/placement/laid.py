"""A net on cores and the cores on places, before anything is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hw.placement.fill import Core, Filled
from hw.placement.mesh import Integers, Mesh


@dataclass(frozen=True)
class Laid:
    """greedy: the first filling;  slots: (cores, 4) chip, x, y, core of the tile;  used: what a core takes up."""

    filled: Filled
    greedy: Filled
    slots: Integers
    mesh: Mesh
    n_chips: int
    used: Callable[[Filled, Core], Mapping[str, float]]
    assumptions: tuple[str, ...]
