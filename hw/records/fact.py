"""A number about a chip together with how it is known: no number of `hw/chips` stands alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from spikenet.errors import finite_number

JOULES = {"fJ": 1e-15, "pJ": 1e-12, "nJ": 1e-9, "uJ": 1e-6}  # SI prefixes
WATTS = {"uW": 1e-6, "mW": 1e-3, "W": 1.0}  # likewise


class Evidence(Enum):
    """How a number is known, strongest first."""

    MEASURED = "measured"  # on the device
    PRE_SILICON = "pre-silicon"  # simulated by the maker before there was a device
    QUOTED = "quoted"  # read in a source that quotes the original, or in a vendor's own software
    DERIVED = "derived"  # arithmetic on numbers of the kinds above
    FROM_MEMORY = "from memory"  # no stored source confirms it
    UNKNOWN = "unknown"  # nobody published it


@dataclass(frozen=True)
class Fact:
    """One number, its unit, how it is known and from where.

    value   : None, with Evidence.UNKNOWN, when nobody published it (never 0 for that); whether it is a number >= 0 a
              record checks, which knows the name of its entry: `checked`
    unit    : what one of it is, such as "pJ" or "neurons per core"
    source  : where the number stands
    high    : upper end, when the source gives a range of which `value` is the lower end

    Raises TypeError / ValueError for a missing unit or source, and for evidence that does not go with the value.
    """

    value: float | None
    unit: str
    evidence: Evidence
    source: str
    high: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.evidence, Evidence):
            raise TypeError(f"Fact: expected evidence as an hw.Evidence, got {self.evidence!r}")
        for name, text in (("unit", self.unit), ("source", self.source)):
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"Fact: expected {name} as text, got {text!r}; every number says what and from where")
        if (self.value is None) != (self.evidence is Evidence.UNKNOWN):
            raise ValueError(f"Fact ({self.source}): value {self.value} cannot have evidence {self.evidence.value!r}")
        if self.value is None and self.high is not None:
            raise ValueError(f"Fact: unknown value with an upper end {self.high}; give the lower end too")

    @property
    def joules(self) -> float | None:
        """The value in joules, of a power what a second takes; None when unknown, ValueError for any other unit."""
        each = JOULES.get(self.unit) or WATTS.get(self.unit)
        if each is None:
            raise ValueError(f"Fact ({self.source}): expected an energy in {', '.join(JOULES)}, got unit {self.unit!r}")
        return None if self.value is None else self.value * each

    def __str__(self) -> str:
        number = "unknown" if self.value is None else f"{self.value:.12g}"
        number += "" if self.high is None else f"..{self.high:.12g}"
        return f"{number} {self.unit} ({self.evidence.value}: {self.source})"


def unknown(unit: str, source: str) -> Fact:
    """A number nobody published; `source` says where it was looked for."""
    return Fact(None, unit, Evidence.UNKNOWN, source)


def fact_dict(fact: Fact) -> dict[str, Any]:
    """A fact as JSON-able values; null for unknown."""
    return {
        "value": fact.value,
        "high": fact.high,
        "unit": fact.unit,
        "evidence": fact.evidence.value,
        "source": fact.source,
    }


def checked(name: str, entry: Any, *, energy: bool = False) -> Fact:
    """`entry` as a Fact of a finite number >= 0, or of an unknown one.

    Raises ValueError / TypeError naming `name` when it is missing, no Fact, no such number, a range upside down, or no
    energy where one is wanted.
    """
    if entry is None:
        raise ValueError(f"{name}: missing; write unknown(unit, where you looked) when nobody published it")
    if not isinstance(entry, Fact):
        raise TypeError(f"{name}: expected a Fact (value, unit, evidence, source), got {entry!r}")
    if energy and entry.unit not in JOULES:
        raise ValueError(f"{name}: expected an energy in {', '.join(JOULES)}, got unit {entry.unit!r}")
    if entry.value is None:
        return entry
    low = finite_number(f"{name} ({entry.source})", entry.value)
    if low < 0:
        got = f"{low:.12g} {entry.unit} ({entry.source})"
        raise ValueError(f"{name}: expected a number >= 0, got {got}; unknown(unit, where you looked) has none")
    if entry.high is not None and finite_number(f"{name}, upper end ({entry.source})", entry.high) < low:
        raise ValueError(f"{name}: range {low:.12g}..{entry.high:.12g} {entry.unit} is upside down ({entry.source})")
    return entry
