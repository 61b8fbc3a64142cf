"""What a whole chip draws, where that is published: times the time of a run it is an all-in energy."""

from __future__ import annotations

from dataclasses import dataclass, fields

from hw.records.fact import WATTS, Fact, checked


@dataclass(frozen=True)
class Power:
    """Power of one chip, leakage, clocks and everything it does included.

    idle  : with nothing to do, which a chip that is on draws whatever it runs
    active: doing what the source says, which is another load than a net's own
    """

    idle: Fact
    active: Fact

    def check(self, where: str) -> None:
        """Raises ValueError / TypeError naming `where` and the entry that is none."""
        for field in fields(self):
            entry = checked(f"{where}: {field.name}", getattr(self, field.name))
            if entry.unit not in WATTS:
                raise ValueError(f"{where}: {field.name}: expected {', '.join(WATTS)}, got unit {entry.unit!r}")
