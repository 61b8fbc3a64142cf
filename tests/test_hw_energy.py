"""Energies: sums of their terms, hand-derived totals, unknown costs that stay unknown, levels that never mix."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import hw
from hw import activity, all_in_energy, break_even, chips, count, event_energy, technology_energy
from hw.counting.counts import Counts, LayerCount, Stored, Traffic
from hw.energy.report import energy_dict
from hw.energy.total import Energy, Term
from hw.execution.powered import power_energy
from hw.execution.times import StepTimes
from hw.lowering.neurons import step_of
from hw.records.chip import Chip
from hw.records.energies import AllInEnergies, Level
from hw.records.fact import Evidence, Fact, unknown
from hw.records.formats import FLOAT32, INT8
from hw.records.si import joules
from spikenet.encode import Constant, Rate
from spikenet.graph import Tensor
from spikenet.layers import IF, LI, LIF, LIFRate, Linear, ReLU, Sequential, Sigmoid, Softmax

CHEAP = Fact(2.0, "pJ", Evidence.MEASURED, "a test")
ALL_IN = Chip("Whole", "a test", "none", {}, AllInEnergies(Fact(26.0, "pJ", Evidence.QUOTED, "Merolla et al. 2014")))


def near(value):
    """Equal but for rounding; pytest's own absolute tolerance of 1e-12 is a whole picojoule here."""
    return pytest.approx(value, rel=1e-9, abs=0)


def given(x, index=None, seed=0):
    return np.moveaxis(x, 1, 0)


def with_weights(weight, bias):
    layer = Linear(*np.shape(weight), seed=0)
    layer.weight, layer.bias = Tensor(np.array(weight, np.float32)), Tensor(np.array(bias, np.float32))
    return layer


@pytest.fixture(scope="module")
def small():
    """The net worked out in test_hw_count.py: 4 input and 3 hidden spikes, 11 synaptic operations, 9 updates."""
    net = Sequential(
        with_weights([[2, 0], [0, 0.5]], [0, 0]), IF(threshold=1.0), with_weights([[0.75], [1]], [0]), LI()
    )
    return net, np.array([[[1, 0], [1, 1], [0, 1]]], np.float32)


@pytest.fixture(scope="module")
def spiking():
    net = Sequential(Linear(6, 12, seed=0), LIF(threshold=0.2), Linear(12, 4, seed=1), LI())
    return count(net, np.random.default_rng(0).random((8, 6)).astype(np.float32), encode=Constant(steps=10))


@pytest.fixture(scope="module")
def conventional():
    net = Sequential(Linear(6, 12, seed=0), ReLU(), Linear(12, 4, seed=1))
    return count(net, np.random.default_rng(0).random((8, 6)).astype(np.float32))


def by_name(energy):
    return {term.name: term.joules for term in energy.terms}


# Terms and sums


def test_a_term_is_count_times_cost_and_unknown_times_nothing_is_nothing():
    assert Term("a", 3.0, "things", CHEAP).joules == near(6e-12)
    assert Term("a", 3.0, "things", unknown("pJ", "nowhere")).joules is None
    assert Term("a", 0.0, "things", unknown("pJ", "nowhere")).joules == 0.0


@pytest.mark.parametrize("n", [-1.0, math.nan, math.inf])
def test_a_count_that_is_none_is_refused(n):
    with pytest.raises(ValueError, match="hops"):
        Term("hops", n, "hops", CHEAP)


@pytest.mark.parametrize("arithmetic", [FLOAT32, INT8], ids=lambda a: a.name)
def test_a_total_is_the_sum_of_its_terms(spiking, conventional, arithmetic):
    for counts in (spiking, conventional):
        energy = technology_energy(counts, chips.cmos45, arithmetic)
        assert energy.joules == near(math.fsum(t.joules for t in energy.terms))
        memory = math.fsum(t.joules for t in energy.terms if t.is_memory)
        assert energy.joules - energy.without_memory().joules == near(memory)
        assert not energy.is_lower_bound
        assert energy.evidence == (Evidence.QUOTED,)


def test_a_total_with_an_unknown_part_is_a_lower_bound():
    energy = Energy("x", Level.EVENT, (Term("a", 2, "", CHEAP), Term("b", 1, "", unknown("pJ", "nowhere"))))
    assert (energy.joules, energy.unknown, energy.is_lower_bound) == (4e-12, ("b",), True)
    assert energy.evidence == (Evidence.MEASURED,)


def test_a_total_of_nothing_but_unknown_parts_is_unknown():
    """Of a chip whose maker published no energies: no 0 J that looks like a price."""
    cost = unknown("pJ", "looked for everywhere")
    energy = Energy("Loihi 2", Level.EVENT, (Term("a", 3, "things", cost), Term("b", 0, "things", cost)))
    assert energy.is_unknown
    assert "unknown" in next(line for line in str(energy).splitlines() if line.startswith("total"))
    assert energy_dict(energy)["energy_j"] is None
    known = Term("c", 1, "things", Fact(2.0, "pJ", Evidence.MEASURED, "a test"))
    assert not Energy("Loihi 2", Level.EVENT, (*energy.terms, known)).is_unknown
    assert not Energy("Loihi 2", Level.EVENT, ()).is_unknown


def test_levels_and_devices_are_never_added():
    technology, event = (Energy("x", level, (Term("a", 2, "", CHEAP),)) for level in (Level.TECHNOLOGY, Level.EVENT))
    assert technology.plus(technology).joules == near(8e-12)
    with pytest.raises(ValueError, match=r"per event.*technology"):
        technology.plus(event)
    with pytest.raises(ValueError, match=r"y .*x"):
        technology.plus(Energy("y", Level.TECHNOLOGY, ()))
    with pytest.raises(ValueError, match="all-in"):
        Energy("x", Level.ALL_IN, ()).plus(Energy("x", Level.ALL_IN, ()))


def test_terms_of_one_level_are_refused_in_a_total_of_another():
    """Also put together by hand: a term knows the level of the total it was part of."""
    event = Energy("Loihi 1", Level.EVENT, (Term("spikes", 2, "", CHEAP),))
    technology = Energy("45 nm", Level.TECHNOLOGY, (Term("additions", 2, "", CHEAP),))
    said = r"energy of x, technology: term 'spikes' is per event; levels of evidence are never mixed"
    with pytest.raises(ValueError, match=said):
        Energy("x", Level.TECHNOLOGY, (*technology.terms, *event.terms))
    assert Energy("x", Level.EVENT, (*event.terms, Term("new", 1, "", CHEAP))).joules == near(6e-12)
    with pytest.raises(TypeError, match=r"energy of x: level: expected an hw.Level, got 'all in'"):
        Energy("x", "all in", ())
    with pytest.raises(TypeError, match=r"energy of x: terms: expected hw\.Term"):
        Energy("x", Level.EVENT, (3.0,))


def test_the_bars_of_an_energy_are_its_terms_and_the_total_with_what_it_lacks():
    energy = Energy("x", Level.EVENT, (Term("a", 2, "", CHEAP), Term("b", 1, "", unknown("pJ", "nowhere")),
                                       Term("c", 0, "", CHEAP)))  # fmt: skip
    assert energy.bars == {"a (measured)": 4e-12, "b": None, "total": {"known": 4e-12, "b": None}}
    assert energy.title == "x: events of a chip's table (measured)"
    nothing = Energy("y", Level.ALL_IN, (Term("b", 1, "", unknown("pJ", "nowhere")),))
    assert (nothing.bars, nothing.title) == ({"b": None, "total": None}, "y: all-in figures of a device (unknown)")


# Power times time


TIMES = StepTimes(np.full((4, 3), 1e-3), "steps of a fixed length", (Evidence.QUOTED,))
NO_TIMES = StepTimes(None, "nobody knows")


def watts(idle, active):
    facts = (
        unknown("W", "a test") if value is None else Fact(value, "W", Evidence.QUOTED, "a test")
        for value in (idle, active)
    )
    return hw.Power(*facts)


def test_power_times_time_is_all_in_and_a_lower_bound_where_it_is_idle_power():
    idle = power_energy(replace(chips.spinnaker1, power=watts(0.36, 1.0)), 2, 4, TIMES, None)
    assert (idle.level, idle.joules, idle.unknown) == (
        Level.ALL_IN,
        near(2 * 4e-3 * 0.36),
        ("what the net's work adds",),
    )
    assert "1 W" in str(idle)  # what other loads take is said, not added
    active = power_energy(replace(chips.spinnaker1, power=watts(None, 1.0)), 1, 4, TIMES, None)
    assert (active.joules, active.is_lower_bound) == (near(4e-3), False)
    assert any("of another load on the whole chip" in said for said in active.assumptions)
    lacking = replace(TIMES, unknown=("axons in",))
    assert power_energy(replace(chips.spinnaker1, power=watts(None, 1.0)), 1, 4, lacking, None).unknown == ("axons in",)


def test_power_gives_no_energy_without_a_time_and_a_time_none_without_power():
    assert power_energy(chips.akida, 1, 4, NO_TIMES, 1e-3) is None  # its clock follows nothing of the net
    assert power_energy(chips.xylo, 1, 4, NO_TIMES, None) is None
    assert power_energy(chips.loihi1, 1, 4, TIMES, None) is None  # "below 1.5 W" is a bound
    assert power_energy(replace(chips.spinnaker1, power=watts(None, None)), 1, 4, TIMES, None) is None


def test_chips_whose_clock_follows_the_net_are_on_for_its_steps():
    """Xylo in real time: 219 uW for 4 steps of 2 ms. BrainScaleS-2 a thousand times faster, 1 W."""
    assert power_energy(chips.xylo, 1, 4, NO_TIMES, 2e-3).joules == near(219e-6 * 8e-3)
    fast = power_energy(chips.brainscales2, 1, 4, NO_TIMES, 2e-3)
    assert (fast.joules, fast.unknown) == (near(8e-6), ("loading spikes and reading them out",))
    assert step_of(Sequential(Linear(2, 2), LIF(dt_s=2e-3), Linear(2, 2), LI(dt_s=2e-3))) == 2e-3
    assert step_of(Sequential(Linear(2, 2), LIF(dt_s=2e-3), Linear(2, 2), LI(dt_s=1e-3))) is None
    assert step_of(Sequential(Linear(2, 2), IF())) is None


# Hand-derived energies


def test_golden_energy_on_loihi_1(small):
    """8 + 3 synaptic operations of 23.6 pJ, 8 active updates of 81, 1 inactive of 52, 4 + 3 spikes of 1.7."""
    energy = event_energy(count(small[0], small[1], encode=given), chips.loihi1)
    assert energy.joules == near((11 * 23.6 + 8 * 81 + 1 * 52 + 7 * 1.7) * 1e-12)
    assert energy.unknown == ("hops between tiles",)
    assert energy.evidence == (Evidence.PRE_SILICON,)
    cheapest = event_energy(count(small[0], small[1], encode=given, active=activity.fired), chips.loihi1)
    assert cheapest.joules == near((11 * 23.6 + 3 * 81 + 6 * 52 + 7 * 1.7) * 1e-12)


def test_golden_energy_at_45_nm_in_float32(small):
    """IF: 3 additions, a multiplication, a comparison for 6 updates; LI: one of each of the first two for 3."""
    energy = technology_energy(count(small[0], small[1], encode=given), chips.cmos45, FLOAT32)
    operations = 11 * 0.9 + (6 + 3) * 0.9 + (18 + 3) * 0.9 + (6 + 3) * 3.7 + 6 * 0.9
    assert energy.without_memory().joules == near(operations * 1e-12)
    # bytes: weights 11 * 4, biases 9 * 4, spikes (6 + 12) / 8, readout 3 * 4, states (6 + 6 + 3 + 3) * 4; 10 pJ a word
    accesses = (44 + 36 + 18 / 8 + 12 + 72) / 8
    assert energy.joules == near((operations + accesses * 10) * 1e-12)


def test_golden_energy_of_a_conventional_net():
    """6 -> 2 without time: 12 MACs, 2 biases, 2 comparisons; int8 adds in int32 and rescales both sums."""
    counts = count(Sequential(Linear(6, 2, seed=0), ReLU()), np.ones((1, 6), np.float32))
    fp32, int8 = (technology_energy(counts, chips.cmos45, a) for a in (FLOAT32, INT8))
    assert fp32.without_memory().joules == near((12 * 4.6 + 2 * 0.9 + 2 * 0.9) * 1e-12)
    rescaling = 2 * (3.1 + 3 * 0.1)
    assert int8.without_memory().joules == near((12 * (0.2 + 0.1) + 2 * 0.1 + 2 * 0.1 + rescaling) * 1e-12)
    # bytes: weights, biases, inputs and outputs; in int8 a multiplier of 5 bytes for each sum
    assert fp32.joules - fp32.without_memory().joules == near((12 + 2 + 6 + 2) * 4 / 8 * 10e-12)
    assert int8.joules - int8.without_memory().joules == near((12 + 2 * 4 + 2 * 5 + 6 + 2) / 8 * 10e-12)


def test_weights_are_read_from_the_smallest_memory_that_holds_them():
    def place(n_weights, arithmetic):
        layer = LayerCount("a", traffic=Traffic(weights=8.0), stored=Stored(weights=n_weights))
        (term,) = technology_energy(Counts((layer,), 1), chips.cmos45, arithmetic).terms
        return term.name, term.joules

    assert place(2048, FLOAT32) == ("weights in 8 KB SRAM", near(4 * 10e-12))
    assert place(2049, FLOAT32) == ("weights in 32 KB SRAM", near(4 * 20e-12))
    assert place(8193, FLOAT32) == ("weights in 1024 KB SRAM", near(4 * 100e-12))
    assert place(8192, INT8) == ("weights in 8 KB SRAM", near(10e-12))
    assert place(262145, FLOAT32) == ("weights in DRAM", near(4 * 1300e-12))


def test_a_curve_is_unknown_in_float_and_a_table_in_int8():
    counts = count(Sequential(Linear(6, 8, seed=0), Sigmoid(), Linear(8, 2, seed=0)), np.ones((1, 6), np.float32))
    energy = technology_energy(counts, chips.cmos45, FLOAT32)
    assert energy.unknown == ("activations: exp", "activations: divide")
    small = technology_energy(counts, chips.cmos45, INT8)
    assert small.unknown == ()
    assert by_name(small)["activation tables"] == near(8 * 10e-12)


def test_arithmetic_of_rate_neurons_has_no_published_price():
    net = Sequential(Linear(6, 2, seed=0), LIFRate(), Linear(2, 2, seed=1), Softmax())
    counts = count(net, np.ones((1, 6), np.float32))
    assert "neurons: divide" in technology_energy(counts, chips.cmos45, FLOAT32).unknown


# What a chip cannot do


def test_an_analogue_input_is_unknown_on_a_chip_that_takes_spikes(spiking):
    energy = event_energy(spiking, chips.loihi1)
    assert "analogue input, off the chip" in energy.unknown
    assert energy.is_lower_bound


def test_conventional_nets_and_graded_layers_do_not_run_on_loihi_1(conventional):
    with pytest.raises(ValueError, match="no spiking"):
        event_energy(conventional, chips.loihi1)
    graded = Sequential(Linear(6, 4, seed=0), LIF(), LI(), Linear(4, 4, seed=1), LIF())
    with pytest.raises(ValueError, match="3 Linear is not 0/1"):
        event_energy(count(graded, np.ones((1, 6), np.float32), encode=Constant(steps=3)), chips.loihi1)


def test_chips_are_priced_at_their_own_level_only(spiking):
    with pytest.raises(TypeError, match=r"Loihi 1.*per event"):
        technology_energy(spiking, chips.loihi1, FLOAT32)
    with pytest.raises(TypeError, match=r"45 nm.*technology"):
        event_energy(spiking, chips.cmos45)
    with pytest.raises(TypeError, match=r"45 nm.*technology"):
        all_in_energy(spiking, chips.cmos45)


def test_an_all_in_energy_is_one_term(spiking, conventional):
    energy = all_in_energy(spiking, ALL_IN)
    assert energy.joules == near(spiking.total(lambda c: c.acs) * 26e-12)
    assert (len(energy.terms), energy.level) == (1, Level.ALL_IN)
    with pytest.raises(ValueError, match="no spiking"):
        all_in_energy(conventional, ALL_IN)


# Break-even


def in_float32(counts):
    return technology_energy(counts, chips.cmos45, FLOAT32)


def test_at_the_break_even_rate_both_nets_cost_the_same(spiking, conventional):
    budget = in_float32(conventional)
    dear = Energy(budget.device, budget.level, (*budget.terms, *in_float32(spiking.scaled(0.3)).terms))
    found = break_even(spiking, dear, in_float32)
    assert 0 < found.rate < 1
    there = in_float32(spiking.scaled(found.rate / spiking.rate))
    assert there.joules == near(dear.joules)
    assert in_float32(spiking.scaled(1.01 * found.rate / spiking.rate)).joules > dear.joules


def test_a_net_run_at_the_break_even_rate_costs_what_was_predicted():
    """Not by scaling: spikes are put in at the predicted rate and everything is counted anew."""
    net = Sequential(Linear(40, 30, seed=0), LIF(threshold=1e6))  # silent: only the input spikes
    ann = count(Sequential(Linear(40, 100, seed=0)), np.ones((1, 40), np.float32))
    slots = 20 * 40

    def spikes(n):
        x = np.zeros(slots, np.float32)
        x[:n] = 1
        return count(net, np.random.default_rng(0).permutation(x).reshape(1, 20, 40), encode=given)

    budget = in_float32(ann)
    found = break_even(spikes(37), budget, in_float32)
    assert found.measured == 37 / slots
    at = round(found.rate * slots)
    below, above = in_float32(spikes(at - 1)).joules, in_float32(spikes(at + 1)).joules
    assert below < budget.joules < above
    # as far apart as two spikes: 30 additions and 30 weights of 4 bytes each
    assert above - below == near(2 * 30 * (0.9 + 4 / 8 * 10) * 1e-12)


def test_a_net_that_costs_more_without_a_spike_never_wins(spiking, conventional):
    found = break_even(spiking, in_float32(conventional), in_float32)
    assert found.rate is None
    assert "never wins" in found.reason
    assert in_float32(spiking.scaled(0.0)).joules == found.fixed_j > in_float32(conventional).joules


def test_a_net_that_costs_less_at_one_spike_a_step_always_wins():
    net = Sequential(Linear(40, 30, seed=0), LIF())
    counts = count(net, np.random.default_rng(0).random((2, 40)).astype(np.float32), encode=Rate(steps=2))
    found = break_even(counts, in_float32(count(Sequential(Linear(40, 900)), np.ones((1, 40), np.float32))), in_float32)
    assert found.rate is None
    assert "always wins" in found.reason


def test_break_even_is_not_decided_without_spikes_or_with_unknown_costs(conventional):
    rich = in_float32(count(Sequential(Linear(40, 900)), np.ones((1, 40), np.float32)))
    silent = count(Sequential(Linear(4, 2), LIF(threshold=1e6)), np.zeros((1, 4), np.float32), encode=Constant(steps=2))
    found = break_even(silent, rich, in_float32)
    assert (found.rate, found.measured) == (None, 0.0)
    assert "no spike" in found.reason
    dear = Energy(rich.device, rich.level, (*rich.terms, Term("luck", 1, "", unknown("pJ", "nowhere"))))
    assert "luck" in break_even(silent, dear, in_float32).reason


def test_break_even_across_levels_is_refused(spiking, conventional):
    with pytest.raises(ValueError, match=r"Loihi 1 \(per event\).*45 nm CMOS \(technology\)"):
        break_even(spiking, in_float32(conventional), lambda c: event_energy(c, chips.loihi1))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "unknown"), (0.0, "0 J"), (1.234e-9, "1.23 nJ"), (9.999e-10, "1 nJ"), (5e-13, "0.5 pJ"), (2.0, "2 J")],
)
def test_joules_as_text(value, shown):
    assert joules(value) == shown
    assert joules(1e-6, is_lower_bound=True) == ">= 1 uJ"
