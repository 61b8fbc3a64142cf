"""A net on cores and the cores on places, before anything is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw.placement.fill import Filled
from hw.placement.mesh import Integers, Mesh


@dataclass(frozen=True)
class Laid:
    """greedy: the first filling;  slots: (cores, 4) chip, x, y, core of the tile;  used: what each core takes up."""

    filled: Filled
    greedy: Filled
    slots: Integers
    mesh: Mesh
    n_chips: int
    used: Sequence[Mapping[str, float]]
    assumptions: tuple[str, ...]
