"""Chip records: what they refuse, and that the numbers in hw.chips are those of their sources."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from hw import chips
from hw.chips import ALL, NEUROMORPHIC, cmos45, loihi1
from hw.records.architecture import AT_LEAST_ONE, REQUIRED
from hw.records.chip import AllInEnergies, Chip, EventEnergies, Level, Memory, Sram, TechnologyEnergies
from hw.records.fact import Evidence, Fact, unknown
from hw.records.formats import FLOAT32, INT8, Format


def pj(value: float | None) -> Fact:
    return Fact(value, "pJ", Evidence.QUOTED, "a test")


def event_energies(**changes: Any) -> EventEnergies:
    return dataclasses.replace(loihi1.energies, **changes)


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (math.nan, ValueError, "nan"),
        (math.inf, ValueError, "inf"),
        ("23.6 pJ", TypeError, "23.6 pJ"),
        (True, TypeError, "True"),
    ],
)
def test_a_value_that_is_no_number_is_refused_with_source_and_value(value, error, said):
    with pytest.raises(error, match=said) as caught:
        Fact(value, "pJ", Evidence.MEASURED, "Table 2")
    assert "Table 2" in str(caught.value)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(loihi1.energies)])
def test_an_energy_below_0_is_refused_by_the_name_of_its_entry(name):
    with pytest.raises(ValueError, match=rf"^{name}: expected a number >= 0, got -23.6 pJ \(a test\)"):
        event_energies(**{name: pj(-23.6)})
    assert getattr(event_energies(**{name: pj(0.0)}), name).joules == 0


@pytest.mark.parametrize("field", ["unit", "source"])
def test_a_number_without_unit_or_source_is_refused(field):
    given = {"value": 1.0, "unit": "pJ", "evidence": Evidence.QUOTED, "source": "a test"} | {field: " "}
    with pytest.raises(ValueError, match=field):
        Fact(**given)


def test_evidence_is_no_free_text():
    with pytest.raises(TypeError, match="measured"):
        Fact(1.0, "pJ", "measured", "a test")


def test_unknown_and_its_evidence_belong_together():
    assert unknown("pJ", "nowhere").joules is None
    assert str(unknown("pJ", "nowhere")) == "unknown pJ (unknown: nowhere)"
    with pytest.raises(ValueError, match="None"):
        Fact(None, "pJ", Evidence.QUOTED, "a test")
    with pytest.raises(ValueError, match=r"1\.0"):
        Fact(1.0, "pJ", Evidence.UNKNOWN, "a test")


def test_a_range_upside_down_is_refused_and_one_the_right_way_up_shown():
    with pytest.raises(ValueError, match="upside down"):
        Fact(2.0, "pJ", Evidence.QUOTED, "a test", high=1.0)
    assert "1.3..2.6 nJ" in str(Fact(1.3, "nJ", Evidence.QUOTED, "a test", high=2.6))


@pytest.mark.parametrize(("unit", "factor"), [("fJ", 1e-15), ("pJ", 1e-12), ("nJ", 1e-9), ("uJ", 1e-6)])
def test_joules(unit, factor):
    assert Fact(3.0, unit, Evidence.QUOTED, "a test").joules == pytest.approx(3 * factor, rel=1e-15)
    with pytest.raises(ValueError, match="cores"):
        _ = Fact(3.0, "cores", Evidence.QUOTED, "a test").joules


@pytest.mark.parametrize(
    "name", [f.name for f in dataclasses.fields(EventEnergies) if f.default is dataclasses.MISSING]
)
def test_a_missing_event_energy_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"{name}: missing"):
        event_energies(**{name: None})
    with pytest.raises(TypeError, match=f"{name}.*23.6"):
        event_energies(**{name: 23.6})
    with pytest.raises(ValueError, match=f"{name}.*ns"):
        event_energies(**{name: Fact(3.5, "ns", Evidence.QUOTED, "a test")})
    with pytest.raises(TypeError, match=name):
        EventEnergies(**{f.name: pj(1.0) for f in dataclasses.fields(EventEnergies) if f.name != name})


@pytest.mark.parametrize("form", list(Format))
def test_a_missing_technology_energy_is_refused_by_name(form):
    full = {f: pj(1.0) for f in Format}
    lacking = {f: cost for f, cost in full.items() if f is not form}
    memory = Memory(8, (), pj(1000.0))
    with pytest.raises(ValueError, match=f"add {form.value}: missing"):
        TechnologyEnergies(lacking, full, memory)
    with pytest.raises(ValueError, match=f"multiply {form.value}: missing"):
        TechnologyEnergies(full, lacking, memory)


def test_memories_grow_and_the_smallest_that_fits_is_taken():
    memory = Memory(8, (Sram(8192, pj(10.0)), Sram(32768, pj(20.0))), pj(1300.0))
    assert memory.holding(0) == ("8 KB SRAM", pj(10.0))
    assert memory.holding(8192) == ("8 KB SRAM", pj(10.0))
    assert memory.holding(8192.5) == ("32 KB SRAM", pj(20.0))
    assert memory.holding(32769) == ("DRAM", pj(1300.0))
    with pytest.raises(ValueError, match="growing"):
        Memory(8, (Sram(32768, pj(20.0)), Sram(8192, pj(10.0))), pj(1300.0))
    with pytest.raises(ValueError, match="word_bytes"):
        Memory(0, (), pj(1300.0))
    with pytest.raises(ValueError, match="DRAM: missing"):
        Memory(8, (), None)


def test_a_chip_needs_a_name_energies_and_facts_for_limits():
    energies = AllInEnergies(pj(26.0))
    assert Chip("TrueNorth", "IBM", "28 nm", {}, energies).level is Level.ALL_IN
    with pytest.raises(ValueError, match="name"):
        Chip(" ", "IBM", "28 nm", {}, energies)
    with pytest.raises(TypeError, match=r"TrueNorth.*float"):
        Chip("TrueNorth", "IBM", "28 nm", {}, 26.0)
    with pytest.raises(ValueError, match="TrueNorth: limit cores: missing"):
        Chip("TrueNorth", "IBM", "28 nm", {"cores": None}, energies)


def test_loihi_1_has_the_numbers_of_table_2():
    """Davies et al. 2018, Table 2: 23.6; 81 / 52; 1.7; 3.0 / 4.0 pJ, all pre-silicon."""
    required = [f.name for f in dataclasses.fields(EventEnergies) if f.default is dataclasses.MISSING]
    values = {name: getattr(loihi1.energies, name) for name in required}
    assert [fact.value for fact in values.values()] == [23.6, 81.0, 52.0, 1.7, 3.0, 4.0]
    assert loihi1.energies.axon_in.value is loihi1.energies.axon_out.value is None  # the table has no such lines
    assert all(fact.evidence is Evidence.PRE_SILICON and "Table 2" in fact.source for fact in values.values())
    assert loihi1.level is Level.EVENT
    limits = {name: fact.value for name, fact in loihi1.limits.items()}
    assert limits["tiles_east_west"] * limits["tiles_north_south"] * limits["cores_per_tile"] == limits["cores"] == 128
    assert limits["synapse_bits"] == 16384 * 64


def test_45_nm_has_the_numbers_of_horowitz():
    """Horowitz 2014: derived MAC energies 0.23 (int8), 3.2 (int32), 1.5 (fp16), 4.6 pJ (fp32)."""
    e = cmos45.energies
    mac = {form.value: e.add[form].value + e.multiply[form].value for form in Format}
    assert mac == pytest.approx({"int8": 0.23, "int16": 1.05, "int32": 3.2, "fp16": 1.5, "fp32": 4.6})
    assert [sram.access.value for sram in e.memory.srams] == [10.0, 20.0, 100.0]
    assert (e.memory.dram.value, e.memory.dram.high, e.memory.word_bytes) == (1300.0, 2600.0, 8)
    assert cmos45.level is Level.TECHNOLOGY


def test_every_number_of_every_chip_says_from_where():
    assert len({chip.name for chip in ALL}) == len(ALL)
    for chip in ALL:
        for fact in chip.limits.values():
            assert len(fact.source) > 5, chip.name


@pytest.mark.parametrize("chip", NEUROMORPHIC, ids=lambda chip: chip.name)
def test_a_record_edited_by_hand_is_refused_by_chip_and_entry(chip):
    """Each limit its architecture needs: missing, of the wrong kind, negative; unknown is allowed."""
    assert REQUIRED[chip.architecture]
    for name in REQUIRED[chip.architecture]:
        lacking = {key: fact for key, fact in chip.limits.items() if key != name}
        with pytest.raises(ValueError, match=f"{chip.name}: limit {name}: missing"):
            dataclasses.replace(chip, limits=lacking)
        with pytest.raises(TypeError, match=f"{chip.name}: limit {name}.*1024"):
            dataclasses.replace(chip, limits=lacking | {name: 1024})
        below = Fact(-5, "of it", Evidence.QUOTED, "a test")
        with pytest.raises(ValueError, match=rf"{chip.name}: limit {name}: .* >= 0, got -5 of it \(a test\)"):
            dataclasses.replace(chip, limits=lacking | {name: below})
        unsure = dataclasses.replace(chip, limits=lacking | {name: unknown("of it", "a test")})
        assert unsure.limit(name) is None
        for value in (1.5, 0) if name in AT_LEAST_ONE else (1.5,):
            odd = Fact(value, "of it", Evidence.QUOTED, "a test")
            with pytest.raises(ValueError, match=rf"{chip.name}: limit {name}: expected a whole.*, got {value} of it"):
                dataclasses.replace(chip, limits=lacking | {name: odd})
    with pytest.raises(ValueError, match=f"{chip.name}: limit weight_bit: no rule knows it; did you mean weight_bits"):
        dataclasses.replace(chip, limits={**chip.limits, "weight_bit": unknown("bits", "a test")})
    with pytest.raises(TypeError, match="Architecture"):
        dataclasses.replace(chip, architecture="crossbar")
    with pytest.raises(ValueError, match=f"{chip.name}: limit warp_cores: missing"):
        chip.limit("warp_cores")


def test_the_limits_are_those_of_the_reference_tables():
    """Typed here a second time, from the tables of sections 1.6, 2 to 8."""
    wanted = [
        (chips.loihi1, {"cores": 128, "neurons": 1024, "input_axons": 4096, "output_axons": 4096, "delay": 62}),
        (chips.loihi2, {"cores": 128, "neurons": 8192, "memory_bits": 1_572_864, "delay": 63}),
        (chips.truenorth, {"cores": 4096, "neurons": 256, "input_axons": 256, "axon_types": 4, "delay": 15}),
        (chips.spinnaker1, {"cores": 16, "neurons": 255, "weight_bits": 16, "delay": 16}),
        (chips.spinnaker2, {"cores": 152, "neurons": 1000}),
        (chips.xylo, {"inputs": 16, "neurons": 1000, "outputs": 8, "fan_in": 63, "synapses": 64000}),
        (chips.speck, {"cores": 9, "kernel_memory_5": 65536, "neuron_memory_0": 65536, "channels": 1024}),
        (chips.akida, {"processors": 78, "filters": 504, "dense_inputs": 57334, "input_width": 32}),
        (chips.akida2, {"processors": 24, "filters": 512, "dense_inputs": 2048, "input_width": 64}),
        (chips.brainscales2, {"neurons": 512, "fan_in": 256, "synapses": 131072, "weight_bits": 6}),
    ]
    assert [chip for chip, _ in wanted] == list(NEUROMORPHIC)
    for chip, limits in wanted:
        assert {name: chip.limit(name) for name in limits} == limits
    assert sum(chips.speck.limit(f"kernel_memory_{k}") for k in range(9)) == 272 * 1024
    assert sum(chips.speck.limit(f"neuron_memory_{k}") for k in range(9)) == 320 * 1024  # 328 k neurons, as quoted
    tiles = [chips.truenorth.limit(name) for name in ("tiles_east_west", "tiles_north_south", "cores_per_tile")]
    assert math.prod(tiles) == 4096
    everything = [fact.value for fact in vars(chips.loihi2.energies).values() if fact is not None]
    assert everything == [None] * 6  # nobody published them


def test_formats_know_their_size():
    assert [form.bytes for form in Format] == [1, 2, 4, 2, 4]
    assert (FLOAT32.weight, INT8.weight, INT8.sum) == (Format.FP32, Format.INT8, Format.INT32)
