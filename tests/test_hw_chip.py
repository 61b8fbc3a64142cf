"""Chip records: what they refuse, and that the numbers in hw.chips are those of their sources."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import math
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

import hw
from hw import chips
from hw.chips import ALL, NEUROMORPHIC, cmos45, loihi1, loihi1_sanafe
from hw.records.architecture import ASKED, FRACTIONS, MAY_BE_ZERO, REQUIRED, UNASKED
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, EventEnergies, Level, Memory, Sram, TechnologyEnergies
from hw.records.fact import Evidence, Fact, unknown
from hw.records.formats import FLOAT32, INT8, Format


def pj(value: float | None) -> Fact:
    return Fact(value, "pJ", Evidence.QUOTED, "a test")


def event_energies(**changes: Any) -> EventEnergies:
    """The energies of Loihi 1 with some changed, on the chip: it is the chip that checks them."""
    return dataclasses.replace(loihi1, energies=dataclasses.replace(loihi1.energies, **changes)).energies


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(loihi1.energies)])
def test_an_energy_below_0_is_refused_by_the_name_of_its_entry(name):
    with pytest.raises(
        ValueError, match=rf"^Loihi 1: energies: {name}: expected a number >= 0, got -23.6 pJ \(a test\)"
    ):
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
    with pytest.raises(ValueError, match=r"synaptic_op: range 2\.\.1 pJ is upside down \(a test\)"):
        event_energies(synaptic_op=Fact(2.0, "pJ", Evidence.QUOTED, "a test", high=1.0))
    assert "1.3..2.6 nJ" in str(Fact(1.3, "nJ", Evidence.QUOTED, "a test", high=2.6))


@pytest.mark.parametrize(("unit", "factor"), [("fJ", 1e-15), ("pJ", 1e-12), ("nJ", 1e-9), ("uJ", 1e-6)])
def test_joules(unit, factor):
    assert Fact(3.0, unit, Evidence.QUOTED, "a test").joules == pytest.approx(3 * factor, rel=1e-15)
    with pytest.raises(ValueError, match="cores"):
        _ = Fact(3.0, "cores", Evidence.QUOTED, "a test").joules


def test_a_power_is_joules_a_second_and_no_energy_of_an_event():
    assert Fact(63.0, "mW", Evidence.QUOTED, "a test").joules == pytest.approx(0.063, rel=1e-15)
    with pytest.raises(ValueError, match=r"synaptic_op: expected an energy in .*, got unit 'mW'"):
        event_energies(synaptic_op=Fact(63.0, "mW", Evidence.QUOTED, "a test"))
    with pytest.raises(ValueError, match="Loihi 1: power: idle: expected uW, mW, W, got unit 'pJ'"):
        dataclasses.replace(loihi1, power=hw.Power(pj(1.0), pj(1.0)))


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
    with pytest.raises(ValueError, match=f"^45 nm CMOS: energies: add {form.value}: missing"):
        dataclasses.replace(cmos45, energies=TechnologyEnergies(lacking, full, memory))
    with pytest.raises(ValueError, match=f"^45 nm CMOS: energies: multiply {form.value}: missing"):
        dataclasses.replace(cmos45, energies=TechnologyEnergies(full, lacking, memory))


def test_memories_grow_and_the_smallest_that_fits_is_taken():
    memory = Memory(8, (Sram(8192, pj(10.0)), Sram(32768, pj(20.0))), pj(1300.0))
    assert memory.holding(0) == ("8 KB SRAM", pj(10.0))
    assert memory.holding(8192) == ("8 KB SRAM", pj(10.0))
    assert memory.holding(8192.5) == ("32 KB SRAM", pj(20.0))
    assert memory.holding(32769) == ("DRAM", pj(1300.0))
    wrong = [
        (Memory(8, (Sram(32768, pj(20.0)), Sram(8192, pj(10.0))), pj(1300.0)), "expected SRAM sizes growing"),
        (Memory(0, (), pj(1300.0)), "word_bytes"),
        (Memory(8, (), None), "DRAM: missing"),
    ]
    for memory, said in wrong:
        with pytest.raises(ValueError, match=f"^45 nm CMOS: energies: memory: {said}"):
            dataclasses.replace(cmos45, energies=dataclasses.replace(cmos45.energies, memory=memory))


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


NUMBERS = {  # what a hand may leave in place of a number, and what is said of it
    "below 0": (-5.0, ValueError, "a number >= 0, got -5"),
    "not a number": (math.nan, ValueError, "finite number, got nan"),
    "infinite": (math.inf, ValueError, "finite number, got inf"),
    "a text": ("1024", TypeError, "number, got '1024'"),
    "a truth": (True, TypeError, "number, got True"),
}


def spoilt(where: str, fact: Fact, put: Any, *, optional: bool = False) -> Iterator[str]:
    """Puts every wrong thing in place of an entry; yields what of it was not refused by the entry's name."""
    attempts = {} if optional else {"None": (None, ValueError, "missing")}
    attempts["no Fact"] = (1024, TypeError, "expected a Fact.*1024")
    for name, (value, error, said) in NUMBERS.items():
        attempts[name] = (dataclasses.replace(fact, value=value, evidence=Evidence.QUOTED, high=None), error, said)
    for name, (wrong, error, said) in attempts.items():
        try:
            put(wrong)
        except (TypeError, ValueError) as refused:
            if type(refused) is error and re.search(f"{re.escape(where)}.*{said}", str(refused)):
                continue
            yield f"{where}: {name}: {refused!r}"
        else:
            yield f"{where}: {name}: was taken"


@pytest.mark.parametrize("chip", [*ALL, loihi1_sanafe], ids=lambda chip: chip.name)
def test_no_entry_can_be_spoilt_unnoticed(chip):
    """Every entry of every record: left out, None, negative, NaN, infinite, of the wrong kind; unknown is allowed."""
    wrong = list[str]()
    assert set(chip.limits) == set(REQUIRED[chip.architecture])
    for name, fact in chip.limits.items():
        lacking = {key: value for key, value in chip.limits.items() if key != name}
        with pytest.raises(ValueError, match=re.escape(f"{chip.name}: limit {name}: missing")):
            dataclasses.replace(chip, limits=lacking)
        put = partial(lambda entry, name, rest: dataclasses.replace(chip, limits=rest | {name: entry}),
                      name=name, rest=lacking)  # fmt: skip
        wrong += spoilt(f"{chip.name}: limit {name}", fact, put)
        unsure = dataclasses.replace(chip, limits=lacking | {name: unknown("of it", "a test")})
        assert unsure.limit(name) is None
        for value in (1.5, *(() if name in MAY_BE_ZERO else (0,))) if name not in FRACTIONS else ():
            odd = Fact(value, "of it", Evidence.QUOTED, "a test")
            with pytest.raises(
                ValueError, match=rf"{re.escape(chip.name)}: limit {name}: expected a whole.*, got {value} of it"
            ):
                dataclasses.replace(chip, limits=lacking | {name: odd})
    for kind in ("energies", "times", "power"):
        record = getattr(chip, kind)
        for field in () if record is None else dataclasses.fields(record):
            given, optional, where = getattr(record, field.name), field.default is None, f"{chip.name}: {kind}"
            put = partial(lambda entry, name, record, kind: dataclasses.replace(
                chip, **{kind: dataclasses.replace(record, **{name: entry})}),
                          name=field.name, record=record, kind=kind)  # fmt: skip
            if isinstance(given, Fact):
                wrong += spoilt(f"{where}: {field.name}", given, put, optional=optional)
            for bad in ((), None, -1, math.nan, "none") if not isinstance(given, Fact) and given is not None else ():
                with pytest.raises((TypeError, ValueError), match=rf"{re.escape(where)}: {field.name}"):
                    put(bad)
    for name in ("name", "vendor", "process", "limits", "energies", "notes", "architecture"):
        for bad in (None, -1, math.nan, "" if name != "notes" else 3):
            with pytest.raises((TypeError, ValueError), match=name):
                dataclasses.replace(chip, **{name: bad})
    for name, bad in itertools.product(("times", "power"), (-1, math.nan, "1 ms")):
        with pytest.raises(TypeError, match=name):
            dataclasses.replace(chip, **{name: bad})
    assert not wrong, "\n".join(wrong)


def test_what_a_record_says_too_much_is_refused():
    with pytest.raises(ValueError, match="Loihi 1: limit weight_bit: no rule knows it; did you mean weight_bits"):
        dataclasses.replace(loihi1, limits={**loihi1.limits, "weight_bit": unknown("bits", "a test")})
    with pytest.raises(TypeError, match=r"architecture.*Architecture"):
        dataclasses.replace(loihi1, architecture="crossbar")
    with pytest.raises(ValueError, match="Loihi 1: limit warp_cores: missing"):
        loihi1.limit("warp_cores")
    assert repr(loihi1) == "<Chip Loihi 1>"


def test_help_shows_no_records():
    public = (getattr(hw, name) for name in hw.__all__)
    for thing in (*(thing for thing in public if inspect.isfunction(thing)), Chip.__init__, Chip.limit):
        said = str(inspect.signature(thing))
        assert "Fact(" not in said, thing
        assert len(said) < 600, thing


def test_every_limit_is_asked_by_a_rule_or_says_why_not():
    for architecture, reasons in UNASKED.items():
        assert not set(reasons) & set(ASKED[architecture])
        assert all(len(reason) > 20 for reason in reasons.values())


def test_the_limits_are_those_of_the_reference_tables():
    """Typed here a second time, from the tables of sections 1.6, 2 to 8."""
    wanted = [
        (chips.loihi1, {"cores": 128, "neurons": 1024, "input_axons": 4096, "output_axons": 4096, "delay": 62}),
        (chips.loihi2, {"cores": 128, "neurons": 8192, "memory_bits": 1_572_864, "delay": 63}),
        (chips.truenorth, {"cores": 4096, "neurons": 256, "input_axons": 256, "axon_types": 4, "delay": 15}),
        (chips.spinnaker1, {"cores": 16, "neurons": 255, "weight_bits": 16, "delay": 16}),
        (chips.spinnaker2, {"cores": 152, "neurons": 1000}),
        (chips.xylo, {"inputs": 16, "neurons": 1000, "outputs": 8, "fan_in": 63, "synapses": 64000}),
        (chips.xylo_audio3, {"neurons": 992, "outputs": 32, "input_targets": 128, "fan_out": 1024, "fan_in": None}),
        (chips.xylo_imu, {"neurons": 496, "outputs": 16, "synapses_per_neuron": 1, "fan_out": 512, "synapses": None}),
        (chips.speck, {"cores": 9, "kernel_memory_5": 65536, "neuron_memory_0": 65536, "channels": 1024}),
        (chips.akida, {"processors": 78, "filters": 504, "dense_inputs": 57334, "input_width": 32}),
        (chips.akd1500, {"processors": 32, "filters": 512, "dense_inputs": 81920, "passes": None}),
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
