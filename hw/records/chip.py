"""What a chip is, to us: a name, its limits, its energies and its times, every number with its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from hw.records.architecture import ENTRIES, FRACTIONS, MAY_BE_ZERO, REQUIRED, Architecture
from hw.records.energies import Energies, Level
from hw.records.event_times import EventTimes, Tick
from hw.records.fact import Fact, checked
from hw.records.power import Power


@dataclass(frozen=True, repr=False)
class Chip:
    """A chip, or a process technology standing in for one.

    limits : what a network may need of it at most, by name; all of `hw.records.architecture.REQUIRED` for its kind,
             empty where nothing is limited
    notes  : what a reader of its energies has to know
    architecture: how networks are laid onto it, which says the limits it has to state
    times  : how long its events take, or its steps; None where nobody published either
    power  : of the whole chip; None where no figure of it is published

    Raises ValueError / TypeError naming the chip and the entry when one is missing, not known to any rule, no Fact, no
    finite number, below 0, or a limit that counts something and is no whole number or, such as cores, 0.
    """

    name: str
    vendor: str
    process: str
    limits: Mapping[str, Fact]
    energies: Energies
    notes: tuple[str, ...] = ()
    architecture: Architecture = Architecture.PROCESS
    times: EventTimes | Tick | None = None
    power: Power | None = None

    def __post_init__(self) -> None:
        for entry in ("name", "vendor", "process"):
            text = getattr(self, entry)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"Chip {self.name!r:.60}: {entry}: expected a text, got {text!r:.60}")
        if not isinstance(self.notes, tuple) or not all(isinstance(note, str) for note in self.notes):
            raise TypeError(f"{self.name}: notes: expected a tuple of texts, got {self.notes!r:.60}")
        if not isinstance(self.limits, Mapping):
            raise TypeError(f"{self.name}: limits: expected Facts by name, got {self.limits!r:.60}")
        if not isinstance(self.energies, Energies):
            raise TypeError(f"{self.name}: energies: expected those of one level, got {type(self.energies).__name__}")
        for name, limit in self.limits.items():
            checked(f"{self.name}: limit {name}", limit)
        if not isinstance(self.architecture, Architecture):
            raise TypeError(f"{self.name}: architecture: expected an hw.Architecture, got {self.architecture!r}")
        if not isinstance(self.times, EventTimes | Tick | None):
            raise TypeError(f"{self.name}: times: expected EventTimes, Tick or None, got {self.times!r:.60}")
        if not isinstance(self.power, Power | None):
            raise TypeError(f"{self.name}: power: expected hw.Power or None, got {self.power!r:.60}")
        for entry, record in (("energies", self.energies), ("times", self.times), ("power", self.power)):
            if record is not None:
                record.check(f"{self.name}: {entry}")
        for name in REQUIRED[self.architecture]:
            _count(f"{self.name}: limit {name}", checked(f"{self.name}: limit {name}", self.limits.get(name)), name)
        _divided(self.name, self.limits)
        for name in self.limits if REQUIRED[self.architecture] else ():
            if name not in ENTRIES:
                near = get_close_matches(str(name), sorted(ENTRIES), 1)
                meant = f"did you mean {near[0]}?" if near else "what is only to be read belongs in notes"
                raise ValueError(f"{self.name}: limit {name}: no rule knows it; {meant}")

    def __repr__(self) -> str:
        return f"<Chip {self.name}>"

    @property
    def level(self) -> Level:
        return self.energies.level

    def limit(self, name: str) -> float | None:
        """A limit's value, None when nobody published it; ValueError when the record does not have it."""
        return checked(f"{self.name}: limit {name}", self.limits.get(name)).value


def _divided(chip: str, limits: Mapping[str, Fact]) -> None:
    """ValueError for more cores than the tiles have."""
    names = ("cores", "tiles_east_west", "tiles_north_south", "cores_per_tile")
    values = [limits[name].value if name in limits else None for name in names]
    cores, *sides = values
    there = [side for side in sides if side is not None]
    if cores is not None and len(there) == len(sides) and cores > math.prod(there):
        across, down, each = (f"{side:g}" for side in there)
        raise ValueError(
            f"{chip}: limit cores: {cores:g} are more than {across} x {down} tiles of {each} have, "
            f"{math.prod(there):g}; lower cores, or raise cores_per_tile or the tiles"
        )


def _count(where: str, limit: Fact, name: str) -> None:
    """ValueError for a limit that can count nothing."""
    least = 0 if name in MAY_BE_ZERO else 1
    if name in FRACTIONS or limit.value is None:
        return
    if limit.value != int(limit.value) or limit.value < least:
        raise ValueError(f"{where}: expected a whole number >= {least}, got {limit.value:.12g} {limit.unit}")
