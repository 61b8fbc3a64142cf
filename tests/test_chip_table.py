"""The text of `spikenet chips`: every number of every record, exact, with unit, evidence and source."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace

import pytest

import hw
from hw.records import chip_table
from hw.records.architecture import UNASKED
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, EventEnergies
from hw.records.fact import Evidence, Fact, unknown
from hw.records.formats import Format


def facts_in(record):
    """All facts anywhere in a record, in the order of its fields."""
    if isinstance(record, Fact):
        return [record]
    if isinstance(record, dict):
        return [fact for entry in record.values() for fact in facts_in(entry)]
    if isinstance(record, tuple):
        return [fact for entry in record for fact in facts_in(entry)]
    if is_dataclass(record):
        return [fact for field in fields(record) for fact in facts_in(getattr(record, field.name))]
    return []


def lines_of(*records):
    return chip_table.chips(records).split("\n")


def an_all_in_chip(**more):
    event = Fact(26.0, "pJ", Evidence.MEASURED, "a test")
    return Chip("Tiny", "nobody", "65 nm", {}, AllInEnergies(event), **more)


@pytest.mark.parametrize("chip", hw.chips.ALL, ids=lambda chip: chip.name)
def test_every_fact_has_a_line_of_its_own(chip):
    """As many lines as facts, and each fact's value, unit, evidence and source stand in one."""
    lines, facts = lines_of(chip), facts_in(chip)
    entries = [line for line in lines if line.startswith("    ")]
    assert len(entries) == len(facts) > 1
    for fact in facts:
        end = f" {fact.unit} ({fact.evidence.value}: {fact.source})"
        numbers = [re.search(r"\S+$", line.removesuffix(end)).group() for line in entries if line.endswith(end)]
        if fact.value is None:
            assert "unknown" in numbers, fact
            continue
        wanted = [fact.value, *([] if fact.high is None else [fact.high])]
        known = [number for number in numbers if number != "unknown"]
        assert wanted in [[float(part) for part in number.split("..")] for number in known], fact


@pytest.mark.parametrize("chip", hw.chips.ALL, ids=lambda chip: chip.name)
def test_head_and_notes(chip):
    lines = lines_of(chip)
    assert lines[0] == f"{chip.name} ({chip.vendor}; {chip.process}); energies: {chip.level.value}"
    whole = " ".join(" ".join(lines).split())
    assert sum(line.startswith("  note: ") for line in lines) == len(chip.notes)
    assert all(f"note: {note}" in whole for note in chip.notes)  # wrapped, nothing lost
    assert ("  limits: none" in lines) == (not chip.limits)


def test_a_number_of_each_kind():
    """Read off the records by hand."""
    text = "\n".join(" ".join(line.split()) for line in lines_of(*hw.chips.ALL))
    assert "add int8 0.03 pJ (quoted: Horowitz 2014)" in text
    assert "multiply fp32 3.7 pJ (quoted: Horowitz 2014)" in text
    assert "8 bytes of 8 KB SRAM 10 pJ (quoted: " in text
    assert "8 bytes of 32 KB SRAM 20 pJ (from memory: " in text
    assert "8 bytes of DRAM 1300..2600 pJ (quoted: " in text
    assert "synaptic op 23.6 pJ (pre-silicon: Davies et al. 2018, Table 2, a minimum)" in text
    assert "hop north south 4 pJ (pre-silicon: " in text
    assert "synapse bits 1048576 bits per core (quoted: " in text
    assert text.isascii()  # a terminal may know nothing else


def test_limits_stand_side_by_side():
    """Every limit of every chip in its column: the number, m from memory, ? where unknown, - where there is none."""
    chips = [chip for chip in hw.chips.ALL if chip.limits]
    head, *rows = [re.split(r"  +", line) for line in chip_table.limits(hw.chips.ALL).splitlines()[:-1]]
    assert head == ["", *(chip.name for chip in chips)]
    for name, *cells in rows:
        for chip, cell in zip(chips, cells, strict=True):
            facts = [
                fact for limit, fact in chip.limits.items() if re.sub(r"_\d+$", "", limit) == name.replace(" ", "_")
            ]
            values = [fact.value for fact in facts if fact.value is not None]
            numbers = [] if cell in "-?" else [float(n.replace(",", "")) for n in cell.removesuffix(" m").split("..")]
            assert (cell == "-") == (not facts)
            assert numbers == sorted({min(values), max(values)} if values else {})
            assert cell.endswith(" m") == any(fact.evidence is Evidence.FROM_MEMORY for fact in facts)
    assert sum(len({re.sub(r"_\d+$", "", name) for name in chip.limits}) for chip in chips) == sum(
        cell != "-" for _, *cells in rows for cell in cells
    )


def test_chips_stand_in_the_order_given_apart():
    first, second, *_ = hw.chips.ALL
    both = chip_table.chips((second, first))
    assert both == f"{chip_table.chips([second])}\n{chip_table.chips(iter([first]))}"
    assert both.index(second.name) < both.index(f"\n\n{first.name}")
    assert chip_table.chips([]) == ""


def test_all_formats_of_a_technology_are_there():
    lines = [" ".join(line.split()) for line in lines_of(hw.chips.cmos45)]
    for operation in ("add", "multiply"):
        for form in Format:
            assert sum(line.startswith(f"{operation} {form.value} ") for line in lines) == 1


def test_what_nobody_published_is_unknown_and_not_zero():
    energies = hw.chips.loihi1.energies
    assert isinstance(energies, EventEnergies)
    chip = replace(hw.chips.loihi1, energies=replace(energies, hop_east_west=unknown("pJ", "looked for everywhere")))
    (line, _) = [line for line in lines_of(chip) if "hop east west" in line]  # the other is its time
    assert " ".join(line.split()) == "hop east west unknown pJ (unknown: looked for everywhere)"


def test_an_all_in_chip():
    assert lines_of(an_all_in_chip(notes=("one", "two"))) == [
        "Tiny (nobody; 65 nm); energies: all in",
        "  energies:",
        "    synaptic event  26 pJ (measured: a test)",
        "  limits: none",
        "  note: one",
        "  note: two",
        "",
    ]


def test_columns_are_aligned():
    limits = {"a": Fact(1, "of it", Evidence.DERIVED, "s"), "much_longer": Fact(2, "of it", Evidence.DERIVED, "s")}
    lines = lines_of(replace(an_all_in_chip(), limits=limits))
    assert lines[3:6] == ["  limits:", "    a            1 of it (derived: s)", "    much longer  2 of it (derived: s)"]


def test_numbers_are_not_rounded():
    limits = {"words": Fact(2**20 + 1, "words", Evidence.QUOTED, "s", high=123456789.0)}
    assert "1048577..123456789 words" in chip_table.chips([replace(an_all_in_chip(), limits=limits)])


def test_limits_that_no_rule_asks_for_say_why():
    said = " ".join(chip_table.chips([hw.chips.spinnaker1]).split())
    for name, reason in UNASKED[hw.chips.spinnaker1.architecture].items():
        assert f"no rule asks for {name.replace('_', ' ')}: {reason}" in said
