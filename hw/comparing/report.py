"""A comparison as text and as plain data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from hw.comparing.plain import as_dict
from hw.comparing.record import Comparison, Crossing, Row
from hw.energy.total import Energy
from hw.records.chip_table import as_dict as chips_dict
from hw.records.chip_table import chips, limits
from hw.records.si import joules
from hw.records.table import aligned

__all__ = ["as_dict", "chips", "chips_dict", "limits", "text"]

HEAD = (
    "net",
    "device",
    "numbers",
    "accuracy",
    "parameters",
    "MAC",
    "AC",
    "spikes",
    "no memory",
    "with memory",
    "bytes",
    "latency",
    "notes",
)
WIDTH = 110  # of footnotes; the table is about as wide


def text(comparison: Comparison) -> str:
    """The whole comparison: the table, the break-even rates, and footnotes with sources and assumptions.

    Numbers are means per inference. Energies are given without and with memory traffic, and its bytes where no cache
    keeps any; footnotes name their level and evidence. ">= " marks a total with unknown parts, which a footnote lists.
    """
    notes = _Notes()
    table = [HEAD, *(_cells(row, notes) for row in comparison.rows)]
    if all(row.latency_s is None for row in comparison.rows):
        at = HEAD.index("latency")
        table = [(*cells[:at], *cells[at + 1 :]) for cells in table]
    lines = [
        f"{comparison.data}: {comparison.samples} test samples; operations, spikes and energy are means per inference",
        "",
    ]
    lines += aligned(table)
    if comparison.crossings:
        lines += [
            "",
            "Break-even: the spiking net costs less below this many spikes per step and neuron that feeds a connection",
        ]
        titles = ("spiking", "against", "device", "numbers", "memory", "break-even", "measured", "")
        lines += aligned([titles, *(_crossing_cells(c) for c in comparison.crossings)])
    for name, errors in comparison.quantisation.items():
        lines += ["", f"Quantisation of {name} to int8, relative root-mean-square errors on the calibration data"]
        head = ("layer", "weights", "outputs", "outside the range")
        rows = [(e.name, f"{e.weight_error:.2%}", f"{e.output_error:.2%}", f"{e.saturated:.2%}") for e in errors]
        lines += aligned([head, *rows], left=1)
    for (net, chip), breaches in comparison.broken.items():
        lines += ["", f"{net} does not run on {chip}:"]
        for breach in dict.fromkeys(str(b).removeprefix(f"{chip}: ") for b in breaches):
            lines += textwrap.wrap(breach, WIDTH, initial_indent="  ", subsequent_indent="    ")
    lines.append("")
    marked = [(f"[{k}]", note) for k, note in enumerate(notes.texts, 1)] + [("-", note) for note in comparison.notes]
    for mark, note in marked:
        lines += textwrap.wrap(note, WIDTH, initial_indent=f"{mark:5}", subsequent_indent=" " * 5)
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Notes:
    """Footnotes in order of first use."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def numbers(self, energy: Energy) -> str:
        nothing = "none known" if energy.unknown else "nothing to pay for"
        known = ", ".join(kind.value for kind in energy.evidence) or nothing
        wanted = [f"{energy.device}: energies {energy.level.value}, {known}", *energy.assumptions]
        if energy.unknown:
            parts = "; ".join(f"{t.name} ({t.cost.source})" for t in energy.terms if t.joules is None)
            wanted.append(f"lower bound, cost unknown: {parts}")
        self.texts += [note for note in dict.fromkeys(wanted) if note not in self.texts]
        return _ranges(sorted({self.texts.index(note) + 1 for note in wanted}))


def _cells(row: Row, notes: _Notes) -> tuple[str, ...]:
    bound = row.energy.is_lower_bound
    without = row.energy_without_memory_j
    return (
        row.net,
        row.priced_on,
        row.numbers,
        f"{row.accuracy:.2%}",
        f"{row.parameters:,}",
        _number(row.macs),
        _number(row.acs),
        "-" if row.spikes is None else _number(row.spikes),
        "-" if without is None else joules(without, row.energy.without_memory().is_lower_bound),
        joules(row.energy_j, bound),
        "-" if row.traffic_bytes is None else _thousands(row.traffic_bytes),
        _seconds(row),
        notes.numbers(row.energy),
    )


def _seconds(row: Row) -> str:
    if row.latency_s is None:
        return "-"
    scale, unit = next((p for p in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")) if row.latency_s >= p[0]), (1e-9, "ns"))
    return f"{'>= ' if row.latency_is_lower_bound else ''}{row.latency_s / scale:.3g} {unit}"


def _thousands(n: float) -> str:
    scale, letter = next((s for s in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if n >= s[0]), (1.0, ""))
    return f"{n / scale:.3g}{letter}"


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 5 as "1-3,5"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def _crossing_cells(c: Crossing) -> tuple[str, ...]:
    found = c.result
    measured = "-" if found.measured is None else f"{found.measured:.4f}"
    with_memory = "with" if c.with_memory else "without"
    rate = "none" if found.rate is None else f"{found.rate:.4f}"
    return c.spiking, c.conventional, c.device, c.number_format, with_memory, rate, measured, found.reason


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"
