"""docs/published_energies.md: every row worked out again from the chip records, with its deviation as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hw
from hw.chips import NEUROMORPHIC, cmos45, loihi1, loihi1_sanafe, spinnaker1, spinnaker2, truenorth
from hw.records.formats import Format

DOC = (Path(__file__).parents[1] / "docs" / "published_energies.md").read_text()
LINES = ([cell.strip() for cell in line.split("|")] for line in DOC.splitlines())
ROWS = {cells[1]: cells[2:5] for cells in LINES if len(cells) == 6}
CHECKED = set[str]()


def row(label):
    """(from the records, published, deviation) as the document has them; the row is one that a test looks at."""
    (found,) = (name for name in ROWS if name.startswith(label))
    CHECKED.add(found)
    return ROWS[found]


def off(ours, published):
    """The deviation as the document writes it: in percent, or how many times."""
    part = ours / published - 1
    if abs(part) < 1e-9:
        return "none"
    if part > 1:
        return f"{ours / published:.2g} times more"
    if part < -0.6:
        return f"{published / ours:.2g} times less"
    return f"{100 * part:+.2g} %" if abs(part) < 0.1 else f"{100 * part:+.0f} %"


def test_macs_are_additions_and_multiplications():
    e = cmos45.energies
    ours, published, deviation = row("45 nm CMOS, a MAC")
    for form, pj in ((Format.INT8, 0.23), (Format.INT32, 3.2), (Format.FP16, 1.5), (Format.FP32, 4.6)):
        assert e.add[form].value + e.multiply[form].value == pytest.approx(pj)
        assert f"{form.value} {pj:g}" in ours
    assert e.add[Format.FP32].value == 0.9
    assert "4.6 pJ, and 0.9 pJ for an AC" in published
    assert deviation == "none"
    ours, published, _ = row("45 nm CMOS, 32 bits")
    memory = e.memory.srams[0].access
    assert f"{memory.value * 4 / e.memory.word_bytes:g} pJ" == ours == published


def test_truenorth():
    event_j = truenorth.energies.synaptic_event.joules
    events_hz = truenorth.limit("cores") * truenorth.limit("neurons") * 20 * 128
    ours, published, deviation = row("TrueNorth, 2^20 neurons")
    assert (ours, published) == (f"{events_hz * event_j * 1e3:.1f} mW", "65 mW")
    assert deviation == f"{100 * (events_hz * event_j / 65e-3 - 1):+.0f} %"
    ours, _, deviation = row("TrueNorth, 58 GSOPS")
    assert ours == f"{58e9 * event_j:.3g} W"
    assert deviation.startswith(off(58e9 * event_j, 65e-3))
    assert f"{events_hz / 1e9:.1f} GSOPS" in deviation
    ours, published, deviation = row("TrueNorth, efficiency")
    assert (ours, published) == (f"{1 / event_j / 1e9:.0f} GSOPS/W", "400 GSOPS/W")
    assert deviation.startswith(off(1 / event_j, 400e9))
    ours, published, deviation = row("TrueNorth, 65 mW over")
    assert (ours, published.split(" (")[0]) == (f"{65e-3 / 58e9 * 1e12:.1f} pJ", f"{1 / 400e9 * 1e12:.1f} pJ")
    assert deviation.startswith(off(65e-3 / 58e9, 1 / 400e9))


def test_loihi():
    e = loihi1.energies
    for label, ours, published in (
        ("Loihi 1, neuron update in keras", e.neuron_update_active, 81.0),
        ("Loihi 1, synaptic operation in keras", e.synaptic_op, 23.6 + 3.5),
    ):
        said = row(label)
        assert said[0] == f"{ours.value:g} pJ"
        assert said[1].startswith(f"{published:g} pJ")
        assert said[2].startswith(off(ours.value, published))
    busy_w = loihi1.limit("cores") * e.synaptic_op.joules / (loihi1.times.synaptic_op.value * 1e-9)
    assert row("Loihi 1, all 128 cores")[0] == f"{busy_w:.2f} W"
    assert busy_w < 1.5


def test_sana_fe_is_no_copy_of_its_source():
    davies, sana_fe = loihi1.energies, loihi1_sanafe.energies
    for label, name in (
        ("Loihi 1, active neuron update", "neuron_update_active"),
        ("Loihi 1, inactive neuron update", "neuron_update_inactive"),
        ("Loihi 1, hop east-west", "hop_east_west"),
        ("Loihi 1, hop north-south", "hop_north_south"),
    ):
        ours, published = getattr(sana_fe, name).value, getattr(davies, name).value
        said = row(label)
        assert float(said[0].removesuffix(" pJ")) == ours
        assert float(said[1].removesuffix(" pJ")) == published
        assert said[2].startswith(off(ours, published))
    kinds = sana_fe.synaptic_op, sana_fe.synaptic_op_sparse, sana_fe.synaptic_op_convolution
    ours, published, deviation = row("Loihi 1, synaptic operation, likewise")
    assert ours == "dense {:.1f}, sparse {:.1f}, convolution {:.1f} pJ".format(*(kind.value for kind in kinds))
    assert published.startswith(f"{davies.synaptic_op.value} pJ")
    assert deviation == ", ".join(off(kind.value, davies.synaptic_op.value) for kind in kinds)
    assert row("Loihi 1, a spike made")[0] == f"{sana_fe.spike_out.value + sana_fe.axon_out.value:g} pJ"
    ends = loihi1_sanafe.times.barrier[0], loihi1_sanafe.times.barrier[-1]
    pairs = zip(ends, loihi1.times.barrier, strict=True)
    barriers = [(theirs.value * 1e3, ours.value) for (_, theirs), (_, ours) in pairs]
    assert barriers == [(600, 113), (1800, 465)]
    for (theirs, ours), said in zip(barriers, ("5.3 times more", "3.9 times"), strict=True):
        assert off(theirs, ours).startswith(said)
        assert said in DOC.replace("\n", " ")
    for name in ("hop_east_west", "hop_north_south"):
        assert getattr(loihi1.times, name).value == getattr(loihi1_sanafe.times, name).value


def test_spinnaker():
    updates = spinnaker1.limit("cores") * spinnaker1.limit("neurons") * 1000
    spent_w = updates * spinnaker1.energies.neuron_update_active.joules
    ours, published, deviation = row("SpiNNaker 1")
    assert (ours, published) == (f"{spent_w:.2f} W", f"{1.0 - 0.36:g} W between idle and busy")
    rest = (1.0 - 0.36 - spent_w) / spinnaker1.energies.synaptic_op.joules
    assert f"{rest / 1e6:.0f} million synaptic operations a second at 13.3 nJ" in deviation
    each = spinnaker2.energies.synaptic_op
    ours, published, deviation = row("SpiNNaker 2")
    assert ours == f"{each.value:g} pJ"
    assert published.startswith("1.5 nJ")
    assert deviation == off(each.joules, 1.5e-9)


def test_powers_are_those_of_the_records_and_give_energies_only_where_times_are_known():
    def mentioned(fact):
        return fact.value is None or f"{fact.value:g} {fact.unit}" in said[0]

    for chip in NEUROMORPHIC:
        (label,) = (name for name in ROWS if re.search(rf"^power of .*{re.escape(chip.name)}\b", name))
        said = row(label)
        if chip.power is None:
            assert said[0].startswith(("below", "not published"))
            assert said[2].startswith("nothing")
        elif chip.name == "Xylo Audio 2":
            extra = chip.power.active.value - chip.power.idle.value
            assert f"{chip.power.idle.value:g} uW idle, {extra:g} to 291 uW more" in said[0]
        else:
            assert mentioned(chip.power.idle)
            assert mentioned(chip.power.active)
        follows = chip.architecture in (hw.Architecture.SINGLE_CORE, hw.Architecture.ANALOGUE)
        gives = chip.power is not None and (chip.times is not None or follows)
        assert said[2].startswith("nothing") != gives
    ours, _, _ = row("Xylo Audio 2, 6.6 uJ")
    assert ours == f"{6.6 / 291 * 1e3:.1f} ms an inference"


def test_every_row_is_looked_at():
    for test in (test_macs_are_additions_and_multiplications, test_truenorth, test_loihi,
                 test_sana_fe_is_no_copy_of_its_source, test_spinnaker,
                 test_powers_are_those_of_the_records_and_give_energies_only_where_times_are_known):  # fmt: skip
        test()
    assert {label for label in ROWS if not label.startswith(("device", "---", "Loihi 2, Xylo"))} == CHECKED
