"""An energy as a table and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hw.energy.total import Energy
from hw.records.fact import fact_dict
from hw.records.si import joules


def breakdown(energy: Energy) -> str:
    """Every term of an energy: how many, at what cost each, known from where."""
    head = ("term", "count", "of", "each", "energy")
    rows = []
    for term in energy.terms:
        each = "unknown" if term.cost.value is None else f"{term.cost.value:g} {term.cost.unit}"
        rows.append((term.name, f"{term.count:,.1f}", term.unit, each, joules(term.joules)))
    rows.append(("total", "", "", "", joules(energy.joules, energy.is_lower_bound)))
    sources = dict.fromkeys(f"{t.cost.evidence.value}: {t.cost.source}" for t in energy.terms)
    title = f"{energy.device}, {energy.level.value}, per inference"
    return "\n".join([title, *aligned([head, *rows], left=1), *(f"  {s}" for s in sources)]) + "\n"


def energy_dict(energy: Energy) -> dict[str, Any]:
    """An energy with its terms; what is unknown is null: of a term, and the sum where no cost is known."""
    return {
        "energy_j": energy.joules,
        "energy_is_lower_bound": energy.is_lower_bound,
        "evidence": [kind.value for kind in energy.evidence],
        "assumptions": list(energy.assumptions),
        "terms": [
            {
                "name": term.name,
                "count": term.count,
                "unit": term.unit,
                "is_memory": term.is_memory,
                "each": fact_dict(term.cost),
                "energy_j": term.joules,
            }
            for term in energy.terms
        ],
    }


def aligned(rows: Sequence[tuple[str, ...]], left: int = 3) -> list[str]:
    """A table, its first row the head; the first `left` columns and the last hold text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    lines = []
    for row in rows:
        cells = [
            cell.ljust(w) if k < left or k == last else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
