"""A comparison as text and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hw.comparison import Comparison, Crossing, Row
from hw.counts import Counts
from hw.energy import Energy
from hw.fact import Fact

HEAD = (
    "net",
    "device",
    "level",
    "numbers",
    "accuracy",
    "parameters",
    "MAC",
    "AC",
    "spikes",
    "energy, arithmetic",
    "energy, all",
    "evidence",
    "notes",
)
LEFT = 4  # the first columns hold text
PREFIXES = ((1.0, "J"), (1e-3, "mJ"), (1e-6, "uJ"), (1e-9, "nJ"), (1e-12, "pJ"))


def joules(value: float | None, is_lower_bound: bool = False) -> str:
    """A few digits and a fitting unit; "unknown" for None, ">= " in front of a lower bound."""
    if value is None:
        return "unknown"
    scale, unit = next((p for p in PREFIXES if abs(value) >= p[0]), PREFIXES[-1])
    return f"{'>= ' if is_lower_bound else ''}{value / scale:.3g} {unit}"


def text(comparison: Comparison) -> str:
    """The whole comparison: the table, the break-even rates, and footnotes with sources and assumptions.

    Numbers are means per inference. "energy, arithmetic" leaves memory traffic out, "energy, all" has it in; ">= " marks
    a total with unknown parts, which a footnote names.
    """
    notes = _Notes()
    table = [HEAD, *(_cells(row, notes) for row in comparison.rows)]
    lines = [f"{comparison.data}: {comparison.samples} test samples; all numbers are means per inference", ""]
    lines += _aligned(table)
    if comparison.crossings:
        lines += ["", "Break-even: mean spikes per neuron and step below which the spiking net costs less"]
        head = ("spiking", "against", "device", "numbers", "energy", "break-even", "measured", "")
        lines += _aligned([head, *(_crossing_cells(c) for c in comparison.crossings)])
    for name, errors in comparison.quantisation.items():
        lines += ["", f"Quantisation of {name} to int8, relative root-mean-square errors on the calibration data"]
        head = ("layer", "weights", "outputs", "outside the range")
        rows = [(e.name, f"{e.weight_error:.2%}", f"{e.output_error:.2%}", f"{e.saturated:.2%}") for e in errors]
        lines += _aligned([head, *rows], left=1)
    lines += ["", *(f"[{k}] {note}" for k, note in enumerate(notes.texts, start=1))]
    lines += [f"  - {note}" for note in comparison.notes]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def breakdown(energy: Energy) -> str:
    """Every term of an energy: how many, at what cost each, known from where."""
    head = ("term", "count", "of", "each", "energy")
    rows = []
    for term in energy.terms:
        each = "unknown" if term.cost.value is None else f"{term.cost.value:g} {term.cost.unit}"
        rows.append((term.name, f"{term.count:,.1f}", term.unit, each, joules(term.joules)))
    rows.append(("total", "", "", "", joules(energy.joules, energy.is_lower_bound)))
    sources = dict.fromkeys(f"{t.name}: {t.cost.evidence.value}, {t.cost.source}" for t in energy.terms)
    title = f"{energy.device}, {energy.level.value}, per inference"
    return "\n".join([title, *_aligned([head, *rows], left=1), *(f"  {s}" for s in sources)]) + "\n"


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values; unknown numbers are null."""
    return {
        "data": comparison.data,
        "samples": comparison.samples,
        "rows": [_row_dict(row) for row in comparison.rows],
        "break_even": [_crossing_dict(crossing) for crossing in comparison.crossings],
        "counts": {name: _counts_dict(counts) for name, counts in comparison.counts.items()},
        "quantisation": {name: [asdict(e) for e in errors] for name, errors in comparison.quantisation.items()},
        "notes": list(comparison.notes),
    }


class _Notes:
    """Footnotes in order of first use."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def numbers(self, energy: Energy) -> str:
        wanted = [*energy.assumptions]
        if energy.unknown:
            parts = "; ".join(f"{t.name} ({t.cost.source})" for t in energy.terms if t.joules is None)
            wanted.append(f"lower bound, cost unknown: {parts}")
        self.texts += [note for note in dict.fromkeys(wanted) if note not in self.texts]
        return ",".join(str(self.texts.index(note) + 1) for note in dict.fromkeys(wanted))


def _cells(row: Row, notes: _Notes) -> tuple[str, ...]:
    bound = row.energy.is_lower_bound
    without = row.energy_without_memory_j
    return (
        row.net,
        row.device,
        row.level.value,
        row.number_format,
        f"{row.accuracy:.2%}" + ("" if row.accuracy_format == row.number_format else f" ({row.accuracy_format})"),
        f"{row.parameters:,}",
        _number(row.macs),
        _number(row.acs),
        "-" if row.spikes is None else _number(row.spikes),
        "not apart" if without is None else joules(without, row.energy.without_memory().is_lower_bound),
        joules(row.energy_j, bound),
        ", ".join(kind.value for kind in row.energy.evidence),
        notes.numbers(row.energy),
    )


def _crossing_cells(c: Crossing) -> tuple[str, ...]:
    found = c.result
    measured = "-" if found.measured is None else f"{found.measured:.4f}"
    with_memory = "all" if c.with_memory else "arithmetic"
    rate = "none" if found.rate is None else f"{found.rate:.4f}"
    return c.spiking, c.conventional, c.device, c.number_format, with_memory, rate, measured, found.reason


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"


def _aligned(rows: Sequence[tuple[str, ...]], left: int = LEFT) -> list[str]:
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


def _row_dict(row: Row) -> dict[str, Any]:
    return {
        "net": row.net,
        "device": row.device,
        "level": row.level.value,
        "number_format": row.number_format,
        "accuracy": row.accuracy,
        "accuracy_format": row.accuracy_format,
        "parameters": row.parameters,
        "macs": row.macs,
        "acs": row.acs,
        "spikes": row.spikes,
        "spikes_per_neuron_and_step": row.rate,
        "energy_without_memory_j": row.energy_without_memory_j,
        "energy_j": row.energy_j,
        "energy_is_lower_bound": row.energy.is_lower_bound,
        "evidence": [kind.value for kind in row.energy.evidence],
        "assumptions": list(row.energy.assumptions),
        "terms": [
            {
                "name": term.name,
                "count": term.count,
                "unit": term.unit,
                "is_memory": term.is_memory,
                "each": fact_dict(term.cost),
                "energy_j": term.joules,
            }
            for term in row.energy.terms
        ],
    }


def fact_dict(fact: Fact) -> dict[str, Any]:
    """A fact as JSON-able values; null for unknown."""
    return {
        "value": fact.value,
        "high": fact.high,
        "unit": fact.unit,
        "evidence": fact.evidence.value,
        "source": fact.source,
    }


def _crossing_dict(c: Crossing) -> dict[str, Any]:
    return {
        "spiking": c.spiking,
        "conventional": c.conventional,
        "device": c.device,
        "level": c.level.value,
        "number_format": c.number_format,
        "with_memory": c.with_memory,
        **asdict(c.result),
    }


def _counts_dict(counts: Counts) -> dict[str, Any]:
    return {"samples": counts.samples, "layers": [asdict(layer) for layer in counts.layers]}
