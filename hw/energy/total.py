"""Energy per inference as a list of terms, each a count times a sourced cost; what is unknown stays unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hw.records.energies import Level
from hw.records.fact import Evidence, Fact
from hw.records.si import joules
from hw.records.table import aligned
from spikenet.errors import finite_number


@dataclass(frozen=True)
class Term:
    """`count` things a cost each, per inference.

    unit      : what is counted, such as "synaptic operations"
    is_memory : whether it is memory traffic
    level     : of the total that it is part of, once it is part of one
    """

    name: str
    count: float
    unit: str
    cost: Fact
    is_memory: bool = False
    level: Level | None = None

    def __post_init__(self) -> None:
        if finite_number(f"{self.name}: count", self.count) < 0:
            raise ValueError(f"{self.name}: expected a count >= 0, got {self.count}")

    @property
    def joules(self) -> float | None:
        """Energy of the term; None when its cost is unknown, unless there is nothing to pay for."""
        each = self.cost.joules
        if self.count == 0:
            return 0.0
        return None if each is None else self.count * each


@dataclass(frozen=True)
class Energy:
    """Energy of one inference on one device at one level.

    assumptions: what the pricing took for granted, for the footnotes of a report
    """

    device: str
    level: Level
    terms: tuple[Term, ...]
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.level, Level):
            raise TypeError(f"energy of {self.device}: level: expected an hw.Level, got {self.level!r:.60}")
        for term in self.terms:
            if not isinstance(term, Term):
                raise TypeError(f"energy of {self.device}: terms: expected hw.Term records, got {term!r:.60}")
            if term.level not in (None, self.level):
                raise ValueError(
                    f"energy of {self.device}, {self.level.value}: term {term.name!r} is {term.level.value}; "
                    "levels of evidence are never mixed in one total"
                )
        object.__setattr__(self, "terms", tuple(replace(term, level=self.level) for term in self.terms))

    def __str__(self) -> str:
        """Every term: how many, at what cost each, known from where."""
        rows = [("term", "count", "of", "each", "energy")]
        for term in self.terms:
            each = "unknown" if term.cost.value is None else f"{term.cost.value:g} {term.cost.unit}"
            count = f"{term.count:,.1f}" if term.count >= 1 or not term.count else f"{term.count:.3g}"
            rows.append((term.name, count, term.unit, each, joules(term.joules)))
        rows.append(("total", "", "", "", joules(self.joules, self.is_lower_bound)))
        sources = dict.fromkeys(f"  {t.cost.evidence.value}: {t.cost.source}" for t in self.terms)
        return "\n".join([f"{self.device}, {self.level.value}, per inference", *aligned(rows, left=1), *sources])

    @property
    def joules(self) -> float | None:
        """Sum of the known terms, a lower bound when `unknown` is not empty; None when nothing is known."""
        known = sum(joules for term in self.terms if (joules := term.joules) is not None)
        return None if self.unknown and not known else known

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the terms whose cost nobody published."""
        return tuple(term.name for term in self.terms if term.joules is None)

    @property
    def is_lower_bound(self) -> bool:
        return bool(self.unknown)

    @property
    def is_unknown(self) -> bool:
        """Whether no cost of anything it needs is known."""
        return self.joules is None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Every kind of evidence among the terms that cost anything, strongest first."""
        kinds = {term.cost.evidence for term in self.terms if term.joules}
        return tuple(kind for kind in Evidence if kind in kinds)

    @property
    def known(self) -> str:
        """How its numbers are known, in words; "unknown" where none is."""
        return ", ".join(kind.value for kind in self.evidence) or "unknown"

    @property
    def bars(self) -> dict[str, float | dict[str, float | None] | None]:
        """What `sn.plot.energy_bars` draws: joules by term, with evidence, and the total with what it lacks."""
        paid = [term for term in self.terms if term.count]
        table: dict[str, float | dict[str, float | None] | None] = {
            term.name if term.joules is None else f"{term.name} ({term.cost.evidence.value})": term.joules
            for term in paid
        }
        table["total"] = {"known": self.joules, **dict.fromkeys(self.unknown)} if not self.is_unknown else None
        return table

    @property
    def title(self) -> str:
        """Device, level and evidence: what stands above a picture of its terms."""
        return f"{self.device}: {self.level.title} ({self.known})"

    def without_memory(self) -> Energy:
        """The same inference with memory traffic left out."""
        return replace(self, terms=tuple(term for term in self.terms if not term.is_memory))

    def plus(self, other: Energy) -> Energy:
        """Both energies as one; ValueError when their devices or levels differ, for such a sum means nothing."""
        if (self.device, self.level) != (other.device, other.level):
            raise ValueError(
                f"energy: cannot add {other.device} ({other.level.value}) to {self.device} ({self.level.value}); "
                "devices and levels of evidence are never mixed in one total"
            )
        if Level.ALL_IN is self.level:
            raise ValueError(
                f"energy: an all-in figure of {self.device} already contains everything; add nothing to it"
            )
        assumptions = tuple(dict.fromkeys((*self.assumptions, *other.assumptions)))
        return replace(self, terms=(*self.terms, *other.terms), assumptions=assumptions)
