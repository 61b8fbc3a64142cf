"""docs/published_energies.md: published totals worked out again from the chip records, with their deviations."""

from __future__ import annotations

import pytest

from hw.chips import cmos45, loihi1, loihi1_sanafe, spinnaker1, spinnaker2, truenorth
from hw.records.formats import Format


def test_macs_are_additions_and_multiplications():
    e = cmos45.energies
    for form, pj in ((Format.INT8, 0.23), (Format.INT32, 3.2), (Format.FP16, 1.5), (Format.FP32, 4.6)):
        assert e.add[form].value + e.multiply[form].value == pytest.approx(pj)


def test_truenorth():
    event_j = truenorth.energies.synaptic_event.joules
    neurons = truenorth.limit("cores") * truenorth.limit("neurons")
    assert neurons * 20 * 128 * event_j == pytest.approx(69.8e-3, rel=1e-3)
    assert neurons * 20 * 128 * event_j / 65e-3 == pytest.approx(1.07, abs=0.01)
    assert 400e9 * event_j == pytest.approx(10.4)


def test_loihi():
    davies, sana_fe = loihi1.energies, loihi1_sanafe.energies
    assert davies.synaptic_op.value / (23.6 + 3.5) - 1 == pytest.approx(-0.13, abs=0.002)
    each_s = loihi1.times.synaptic_op.value * 1e-9
    assert loihi1.limit("cores") * davies.synaptic_op.joules / each_s == pytest.approx(0.863, rel=1e-3)
    for name, deviation in (
        ("neuron_update_active", -0.101), ("neuron_update_inactive", -0.015), ("synaptic_op", 0.504),
        ("hop_north_south", 0.05), ("hop_east_west", 0.0),
    ):  # fmt: skip
        assert getattr(sana_fe, name).value / getattr(davies, name).value - 1 == pytest.approx(deviation, abs=1e-3)


def test_spinnaker():
    updates = spinnaker1.limit("cores") * spinnaker1.limit("neurons") * 1000
    spent_w = updates * spinnaker1.energies.neuron_update_active.joules
    assert spent_w == pytest.approx(0.106, rel=1e-2)
    assert (1.0 - 0.36 - spent_w) / spinnaker1.energies.synaptic_op.joules == pytest.approx(40e6, rel=0.01)
    assert 1.5e-9 / spinnaker2.energies.synaptic_op.joules == pytest.approx(3.33, rel=1e-2)
