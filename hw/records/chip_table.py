"""Everything known of chips as text: each number with its unit, its evidence and its source."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields

from hw.records.chip import Chip, TechnologyEnergies
from hw.records.event_times import EventTimes, Tick
from hw.records.fact import Fact


def chips(records: Iterable[Chip]) -> str:
    """One section a chip: process, level of its energies, energies, times, limits, notes."""
    return "\n".join(line for chip in records for line in _section(chip))


def _section(chip: Chip) -> Iterator[str]:
    yield f"{chip.name} ({chip.vendor}; {chip.process}); energies: {chip.level.value}"
    yield from _facts("energies", dict(_energies(chip)))
    if chip.times is not None:
        yield from _facts("times", dict(_times(chip.times)))
    yield from _facts("limits", chip.limits)
    for note in chip.notes:
        yield from textwrap.wrap(note, 100, initial_indent="  note: ", subsequent_indent="   ")
    yield ""


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


def _facts(title: str, facts: Mapping[str, Fact]) -> Iterator[str]:
    if not facts:
        yield f"  {title}: none"
        return
    yield f"  {title}:"
    width = max(map(len, facts))
    for name, fact in facts.items():
        yield f"    {name.replace('_', ' ').ljust(width)}  {fact}"
