"""One need held against one limit of a record."""

from __future__ import annotations

from collections.abc import Iterator

from hw.records.breach import Breach
from hw.records.chip import Chip


def held(chip: Chip, limit: str, where: str, needed: float, change: str) -> Iterator[Breach]:
    """The breach when `needed` is more than the chip's limit of that name; nothing when it fits or is not published."""
    allowed = chip.limit(limit)
    if allowed is not None and needed > allowed:
        yield Breach(chip.name, limit, where, needed, allowed, chip.limits[limit].unit, change)


def most(chip: Chip, limit: str) -> int:
    """A limit as a whole number for messages; 0 when not published (the message is then not written)."""
    return int(chip.limit(limit) or 0)
