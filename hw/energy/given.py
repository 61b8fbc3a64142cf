"""What every pricing is given, checked in one place: counts, and a chip whose energies are of the kind it prices."""

from __future__ import annotations

from typing import Any, TypeVar

from hw.counting.counts import Counts
from hw.records.chip import Chip
from hw.records.formats import Arithmetic

Kind = TypeVar("Kind")


def energies_of(where: str, counts: Any, chip: Any, kind: type[Kind], wanted: str) -> Kind:
    """The energies of `chip`, which are of a kind, `wanted` in words.

    Raises TypeError naming `where` for what is no Counts or no Chip, and the chip for energies of another kind.
    """
    if not isinstance(counts, Counts):
        raise TypeError(f"{where}: counts: expected what hw.count returns, got {counts!r:.60}")
    if not isinstance(chip, Chip):
        raise TypeError(f"{where}: chip: expected a record such as hw.chips.loihi1, got {chip!r:.60}")
    if not isinstance(chip.energies, kind):
        raise TypeError(f"{chip.name}: expected {wanted}, it has energies {chip.level.value}")
    return chip.energies


def checked_arithmetic(chip: str, arithmetic: Any) -> None:
    """TypeError naming the chip for what is no Arithmetic."""
    if not isinstance(arithmetic, Arithmetic):
        raise TypeError(f"{chip}: arithmetic: expected hw.FLOAT32, hw.INT8 or another, got {arithmetic!r:.60}")
