"""Everything known of chips: limits side by side, and each number with its unit, its evidence and its source."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from hw.records.architecture import UNASKED
from hw.records.chip import Chip
from hw.records.energies import TechnologyEnergies
from hw.records.event_times import EventTimes, Tick
from hw.records.fact import Evidence, Fact, fact_dict
from hw.records.power import Power


def chips(records: Iterable[Chip]) -> str:
    """One section a chip: process, level of its energies, energies, times, limits, notes."""
    return "\n".join(line for chip in records for line in _section(chip))


def limits(records: Iterable[Chip]) -> str:
    """The limits of chips side by side, those that most of them have first; chips without limits are left out."""
    limited = [chip for chip in records if chip.limits]
    rows: dict[str, list[list[Fact]]] = {}
    for k, chip in enumerate(limited):
        for name, fact in chip.limits.items():  # memories of core 0, 1, 2 ... in one row
            rows.setdefault(_NUMBERED.sub("", name), [[] for _ in limited])[k].append(fact)
    first = sorted(rows, key=lambda name: -sum(bool(cell) for cell in rows[name]))
    table = [("", *(chip.name for chip in limited))]
    table += [(name.replace("_", " "), *map(_cell, rows[name])) for name in first]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
             for row in table]  # fmt: skip
    return "\n".join([*lines, "-: no such limit;  ?: not published;  m: from memory;  units and sources below", ""])


_NUMBERED = re.compile(r"_\d+$")


def _cell(facts: list[Fact]) -> str:
    values = [fact.value for fact in facts if fact.value is not None]
    if not values:
        return "?" if facts else "-"
    low, high = min(values), max(values)
    text = f"{low:,.12g}" if low == high else f"{low:,.12g}..{high:,.12g}"
    return f"{text} m" if any(fact.evidence is Evidence.FROM_MEMORY for fact in facts) else text


def as_dict(records: Iterable[Chip]) -> dict[str, Any]:
    """JSON-able: of every chip its energies, times and limits, each number with its evidence; unknown ones null."""
    return {
        chip.name: {
            "vendor": chip.vendor,
            "process": chip.process,
            "level": chip.level.value,
            "energies": {name: fact_dict(fact) for name, fact in _energies(chip)},
            "times": {} if chip.times is None else {name: fact_dict(fact) for name, fact in _times(chip.times)},
            "power": {} if chip.power is None else {name: fact_dict(fact) for name, fact in _power(chip.power)},
            "limits": {name: fact_dict(fact) for name, fact in chip.limits.items()},
            "notes": list(chip.notes),
        }
        for chip in records
    }


def _section(chip: Chip) -> Iterator[str]:
    yield f"{chip.name} ({chip.vendor}; {chip.process}); energies: {chip.level.value}"
    yield from _facts("energies", dict(_energies(chip)))
    if chip.times is not None:
        yield from _facts("times", dict(_times(chip.times)))
    if chip.power is not None:
        yield from _facts("power of the chip", dict(_power(chip.power)))
    yield from _facts("limits", chip.limits)
    for name, reason in UNASKED.get(chip.architecture, {}).items():
        said = f"{name.replace('_', ' ')}: {reason}"
        yield from _wrapped(said, "  no rule asks for ")
    for note in chip.notes:
        yield from _wrapped(note, "  note: ")
    yield ""


def _wrapped(said: str, head: str) -> list[str]:
    return textwrap.wrap(said, 100, initial_indent=head, subsequent_indent="   ", break_on_hyphens=False)


def _energies(chip: Chip) -> Iterator[tuple[str, Fact]]:
    energies = chip.energies
    if not isinstance(energies, TechnologyEnergies):
        for field in fields(energies):
            if getattr(energies, field.name) is not None:  # not a line of its table
                yield field.name.replace("_", " "), getattr(energies, field.name)
        return
    for operation, table in (("add", energies.add), ("multiply", energies.multiply)):
        for form, fact in table.items():
            yield f"{operation} {form.value}", fact
    memory = energies.memory
    for sram in memory.srams:
        yield f"{memory.word_bytes} bytes of {sram.size_bytes // 1024} KB SRAM", sram.access
    yield f"{memory.word_bytes} bytes of DRAM", memory.dram


def _times(times: EventTimes | Tick) -> Iterator[tuple[str, Fact]]:
    if isinstance(times, Tick):
        yield "step", times.step
        return
    for field in fields(times):
        value = getattr(times, field.name)
        if isinstance(value, Fact):
            yield field.name.replace("_", " "), value
    for tiles, fact in times.barrier:
        yield f"barrier of {tiles} tile{'s' if tiles > 1 else ''} and more", fact


def _power(power: Power) -> Iterator[tuple[str, Fact]]:
    yield "idle", power.idle
    yield "active", power.active


def _facts(title: str, facts: Mapping[str, Fact]) -> Iterator[str]:
    if not facts:
        yield f"  {title}: none"
        return
    yield f"  {title}:"
    width = max(map(len, facts))
    for name, fact in facts.items():
        yield f"    {name.replace('_', ' ').ljust(width)}  {fact}"
