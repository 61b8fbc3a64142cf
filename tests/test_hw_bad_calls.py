"""What the functions of hw are given by mistake: refused before anything runs, by the argument's name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hw
import spikenet as sn
from hw.chips import NEUROMORPHIC, cmos45, cpu, loihi1, loihi2, spinnaker1, xylo

RNG = np.random.default_rng(0)
ROWS = RNG.random((3, 8)).astype(np.float32)
SPIKES = (RNG.random((6, 2, 8)) < 0.3).astype(np.float32)


def net(factor=1.0):
    """factor: of the weights of the first layer"""
    reset = sn.reset.to_zero
    first = sn.Linear(8, 6, seed=0)
    first.weight.data = first.weight.data * np.float64(factor)
    return sn.Sequential(first, sn.LIF(reset=reset), sn.Linear(6, 3, seed=1), sn.LIF(reset=reset))


def energy():
    return hw.technology_energy(counts(), cmos45, hw.FLOAT32)


def far(chip, delay):
    limit = hw.Fact(delay, "steps", hw.Evidence.DERIVED, "a hand")
    return replace(chip, limits={**chip.limits, "delay": limit})


@pytest.fixture(scope="module")
def ran():
    return hw.place_program(hw.compile(net(), loihi1, calibrate=SPIKES)).run(SPIKES)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: hw.check(net(), chips="loihi1"), TypeError, "chips: expected records such as.*'loihi1'"),
        (lambda: hw.place(net(), "loihi1"), TypeError, "place: expected a chip.*'loihi1'"),
        (lambda: hw.place(net(), loihi1, crossing_hops=-1), ValueError, "crossing_hops.*-1"),
        (lambda: hw.place(net(), loihi1, crossing_hops=float("nan")), ValueError, "crossing_hops.*nan"),
        (lambda: hw.place(net(), loihi1, n_chips=0), ValueError, "n_chips.*0"),
        (lambda: hw.neurobench([1], ROWS), TypeError, r"neurobench: expected a Sequential.*\[1\]"),
        (lambda: hw.count(net(), ROWS, encode="rate"), TypeError, "encode: expected one of sn.encode.*'rate'"),
        (lambda: hw.neurobench(net(), ROWS, encode="rate"), TypeError, "encode: expected one of sn.encode.*'rate'"),
        (lambda: hw.technology_energy(counts(), cmos45, "int8"), TypeError, "arithmetic: expected.*'int8'"),
        (lambda: hw.technology_energy(counts(), loihi1, hw.INT8), TypeError, "Loihi 1: expected technology"),
        (lambda: hw.event_energy(counts(), cmos45), TypeError, "45 nm CMOS: expected event energies"),
        (lambda: hw.event_energy(None, loihi1), TypeError, r"event_energy: counts: expected what hw\.count.*None"),
        (lambda: hw.all_in_energy(counts(), "x"), TypeError, "all_in_energy: chip: expected a record.*'x'"),
        (lambda: hw.processor_energy(counts(), cpu, None), TypeError, "CPU i7-4960X: arithmetic: expected.*None"),
        (lambda: hw.break_even(None, None, None), TypeError, r"break_even: spiking: expected what hw\.count.*None"),
        (lambda: hw.break_even(counts(), None, print), TypeError, "break_even: conventional: expected an energy.*None"),
        (lambda: hw.break_even(counts(), energy(), None), TypeError, "break_even: price: expected a function.*None"),
        (lambda: hw.break_even(counts(), energy(), lambda _: 3), TypeError, "break_even: price: .* returned 3"),
        (lambda: hw.compile(net(), far(loihi1, 100), calibrate=SPIKES), ValueError, "Loihi 1: delay: .* 62, .*got 100"),
        (lambda: hw.compile(net(), far(loihi2, 64), calibrate=SPIKES), ValueError, "Loihi 2: delay: .* 63, .*got 64"),
        (lambda: hw.compile(net(), far(spinnaker1, 17), calibrate=SPIKES), ValueError, "delay: .* 16, .*got 17"),
        (lambda: hw.compile(net(1e30), loihi2, calibrate=SPIKES), ValueError,
         r"layer 1 LIF: .*weights up to \d.*e\+29, its words reach 1.04e\+06; train with smaller ones"),
        (lambda: hw.compile(net(1e200), loihi2, calibrate=SPIKES), ValueError,
         r"weights of 0 Linear: expected sizes that float32 holds, up to 3.403e\+38"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()


def counts():
    return hw.count(net(), ROWS, encode=sn.encode.Rate(4))


def test_events_are_priced_by_their_own_kind_of_machine(ran):
    assert ran.energy(hw.chips.loihi1_sanafe).joules > 0
    with pytest.raises(ValueError, match=r"energy: Xylo Audio 2 is one core.*these are events of Loihi 1"):
        ran.energy(xylo)
    with pytest.raises(TypeError, match=r"energy: expected a chip.*'loihi1'"):
        ran.energy("loihi1")
    with pytest.raises(TypeError, match=r"45 nm CMOS: expected event energies"):
        ran.energy(cmos45)
    with pytest.raises(TypeError, match=r"timing: expected hw.simple.*'simple'"):
        hw.place_program(ran.program).run(SPIKES, timing="simple")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused_on_every_chip_before_compiling(value):
    for chip in NEUROMORPHIC:
        for what, spoil in (
            ("weights", lambda made: made.layers[0].weight), ("biases", lambda made: made.layers[2].bias),
        ):  # fmt: skip
            made = net()
            spoil(made).data.reshape(-1)[1] = value
            assert f"{what} hold NaN" in str(hw.check(made, chips=chip))
    for chip in (loihi1, loihi2, spinnaker1):
        made = net()
        made.layers[1].values["leak"].data = np.full_like(made.layers[1].values["leak"].data, value)
        assert "leak of LIF holds NaN" in str(hw.check(made, chips=chip))


def test_one_scale_or_many_is_yes_or_no():
    with pytest.raises(TypeError, match="compile: per_channel: expected True or False, got 'no'"):
        hw.compile(net(), loihi1, calibrate=SPIKES, per_channel="no")


@pytest.mark.parametrize("chip", [spinnaker1, hw.chips.truenorth, hw.chips.xylo, hw.chips.speck], ids=lambda c: c.name)
def test_weights_beside_which_nothing_is_left_of_a_threshold(chip):
    neurons = {"Xylo Audio 2": sn.LIF, "SpiNNaker 1": lambda: sn.LIF(reset=sn.reset.to_zero)}.get(chip.name, sn.IF)
    made = sn.Sequential(sn.Linear(8, 6, seed=0), neurons(), sn.Linear(6, 3, seed=1), neurons())
    x = (np.random.default_rng(0).random((20, 4, 8)) < 0.4).astype(np.float32)
    assert hw.compile(made, chip, calibrate=x).report[0].threshold_error < 0.01
    made.layers[0].weight.data[...] *= 1e20
    with pytest.raises(
        ValueError, match=r"layer 1 L?IF: nothing is left of its thresholds: 1 would .* up to 3.5\d*e\+19"
    ):
        hw.compile(made, chip, calibrate=x)


def test_samples_of_another_shape_are_told_from_steps_and_batch():
    images = RNG.random((5, 1, 8, 8)) < 0.5
    conv = sn.Conv2d(1, 2, 3, seed=0)
    with pytest.raises(ValueError, match=r"\(5, 1, 8, 8\) is \(steps, batch, ...\) with samples of \(8, 8\)"):
        hw.compile(sn.Sequential(conv, sn.IF()), loihi2, calibrate=images)
    with pytest.raises(ValueError, match=r"\(5, 8, 8\) is \(batch, ...\) with samples of \(8, 8\)"):
        hw.compile(sn.Sequential(conv, sn.ReLU()), hw.chips.akida, calibrate=images[:, 0].astype(np.float32))


@pytest.mark.parametrize("chip", NEUROMORPHIC, ids=lambda chip: chip.name)
def test_complex_weights_are_refused_by_every_chip(chip):
    """Their imaginary parts were dropped."""
    made = net()
    made.layers[2].weight.data = made.layers[2].weight.data * np.complex64(1j)
    said = "2 Linear: weights are complex numbers; take real ones"
    assert said in str(hw.check(made, chips=chip))
    with pytest.raises(hw.DoesNotFit, match=said):
        hw.compile(made, chip, calibrate=SPIKES)


def test_complex_inputs_are_refused():
    program = hw.compile(net(), loihi2, calibrate=3 * SPIKES)
    with pytest.raises(TypeError, match="run: inputs: expected real numbers, got complex64"):
        program.run(SPIKES * np.complex64(1j))
    with pytest.raises(TypeError, match="calibrate: expected real numbers, got complex64"):
        hw.compile(net(), loihi2, calibrate=SPIKES * np.complex64(1j))
    twin = hw.neurons.twin.twin(sn.IF(), hw.neurons.twin.Words(hw.neurons.twin.Word(24, 8)))
    with pytest.raises(TypeError, match="current: expected real numbers, got complex64"):
        hw.neurons.twin.run(twin, SPIKES * np.complex64(1j), sn.IF())
