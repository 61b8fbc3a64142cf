"""What a network or a simulation cannot be is refused with a clear word, before it runs."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn

DT = 1e-4
inputs, rules = sn.inputs, sn.rules


def connected(rule=None, weight=1.0, delay_s=DT):
    net = sn.Network(DT)
    a, b = (net.population(name, sn.LIF, n) for name, n in (("a", 10), ("b", 5)))
    net.connect(a, b, rule or rules.all_to_all(), weight, delay_s)
    return sn.Simulation(net)


def driven(drive, weight=1.0):
    net = sn.Network(DT)
    net.drive(net.population("a", sn.LIF, 10), drive, weight)


def fired(times_s, neurons):
    sn.Network(DT).source("s", inputs.trains(times_s, neurons), 3)


def simulated(**arguments):
    net = sn.Network(DT)
    net.population("a", sn.LIF, 10)
    return sn.Simulation(net, **arguments)


@pytest.mark.parametrize("delay_s", [-1e-3, 0.0, 4e-5, np.nan, np.inf, 1e300, sn.draw.uniform(-1e-3, 1e-3)])
def test_delays(delay_s):
    with pytest.raises(ValueError, match=r"a -> b: delay_s: expected (at least 1 step|at most|finite)"):
        connected(delay_s=delay_s)


@pytest.mark.parametrize("delays", [[1e-3, -1e-3], [1e-3, 1e-5], [1e-3, np.nan]])
def test_delays_of_listed_synapses(delays):
    with pytest.raises(ValueError, match="a -> b: delay_s"):
        connected(rules.listed([0, 1], [1, 2]), delay_s=delays)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: connected(weight=np.nan), ValueError, "a -> b: weight: expected finite values, got nan"),
        (lambda: connected(weight=1j), TypeError, "a -> b: weight: expected real numbers, got complex128"),
        (lambda: connected(rules.listed([0], [1]), [np.nan]), ValueError, "a -> b: weight: expected finite values"),
        (lambda: connected(rules.listed([11], [1])), ValueError, "a -> b: source: expected neurons 0 to 9, got 11"),
        (lambda: rules.listed([[1, 2], [1]], [1]), TypeError, "rows of different lengths"),
        (lambda: rules.matrix([[1.0, 2.0], [1.0]]), TypeError, "rules.matrix: weights: expected numbers"),
        (lambda: rules.matrix([["a", "b"]]), TypeError, "rules.matrix: weights: expected numbers"),
        (lambda: rules.matrix(np.ones((10, 5)) * 1j), TypeError, "rules.matrix: weights: expected real numbers"),
        (lambda: sn.draw.normal(0.0, 1.0, low="a"), TypeError, "draw.normal: expected numbers low and high"),
        (lambda: fired([1e-3, 5e-4], [0, 1]), ValueError, "expected rising times"),
        (lambda: fired([1.05e-3], [0]), ValueError, "lies between steps of 0.0001 s; round them"),
        (lambda: fired([1e-3, 1e-3], [0, 0]), ValueError, "neuron 0 has two spikes at 0.001 s"),
        (lambda: fired([0.0], [0]), ValueError, "expected times from 0.0001 s on"),
        (lambda: fired([1e300], [0]), ValueError, "expected times up to"),
        (lambda: fired([np.nan], [0]), ValueError, "expected finite values"),
        (lambda: driven(inputs.poisson(1e9)), ValueError, "a: expected up to 1000 Poisson events a step"),
        (lambda: inputs.poisson([]), ValueError, "inputs.poisson: expected a number or one for every neuron"),
        (lambda: inputs.poisson([[1.0, 2.0]]), ValueError, r"one for every neuron, got shape \(1, 2\)"),
        (lambda: inputs.poisson(np.nan), ValueError, "inputs.poisson: expected finite values"),
        (lambda: inputs.poisson(-1.0), ValueError, "inputs.poisson: expected rates >= 0 Hz"),
        (lambda: driven(inputs.varying_poisson([1.0], 1e-5)), ValueError, "bin_s: expected at least 1 step"),
        (lambda: driven(inputs.poisson(1.0), [1.0, 2.0]), TypeError, "drive of a: weight: expected a number"),
        (lambda: inputs.step_current([], []), ValueError, "expected some values, one a time"),
        (lambda: inputs.step_current([0.0], np.ones((1, 2, 5))), ValueError, "expected 1 values, one a time"),
        (lambda: inputs.step_current([1e-3, 0.0], [1.0, 2.0]), ValueError, "expected rising times >= 0"),
        (lambda: driven(inputs.step_current([1e300], [1.0])), ValueError, "drive of a: starts_s: expected at most"),
        (lambda: inputs.constant_current(np.ones((2, 10))), ValueError, "a number or one for every neuron"),
        (lambda: inputs.noise_current([1.0, 2.0], [1.0] * 3), ValueError, "as many means as stds, got 2 and 3"),
        (lambda: simulated(threads=0), ValueError, "threads: expected a whole number >= 1"),
        (lambda: simulated(threads=10**6), ValueError, "threads: expected at most 1024"),
        (lambda: simulated(dtype="double"), TypeError, "dtype: expected np.float32 or np.float64, got 'double'"),
        (lambda: simulated().run(1e30), ValueError, "duration_s: expected at most"),
        (lambda: simulated().run(-1.0), ValueError, "duration_s: expected a multiple"),
        (lambda: simulated().run(DT, states=["v"]), TypeError, "expected a list of what sn.probe makes, got .'v'."),
    ],
)  # fmt: skip
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_currents_begin_late_in_a_long_run():
    """A day has more steps than float32 counts; times are counted in int64."""
    driven(inputs.step_current([0.0, 86_400.0], [1.0, 2.0]))
    driven(inputs.varying_poisson([1.0, 2.0], 43_200.0))


@pytest.mark.parametrize("made", [sn.LIF(tau_mem_s=20e-3), sn.cells.iaf_psc_exp(dt_s=1e-3), sn.AdEx(dt_s=1e-3)])
def test_a_model_made_for_another_step(made):
    """Its time constants would be ten times too short."""
    with pytest.raises(ValueError, match=r"'a': dt_s: the network's step is 0.0001 s, the model is made for 0.001 s"):
        sn.Network(DT).population("a", made, 3)
    sn.Network(1e-3).population("a", made, 3)


def large(start=None, current=0.0, factor=1.0, dtype=np.float32, **values):
    net = sn.Network(DT)
    a = net.population("a", sn.cells.iaf_psc_exp, 3, start=start, **values)
    net.drive(a, sn.inputs.constant_current(current), factor)
    return sn.Simulation(net, dtype=dtype), a


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bias_pa": 1e39}, r"population 'a': bias: 1e\+39 is too large for float32"),
        ({"bias_pa": [1.0, -1e39, 1.0]}, "population 'a': bias: 1e"),
        ({"bias_pa": sn.draw.normal(0.0, 1e39)}, "population 'a': bias: "),
        ({"capacitance_pf": 1e-50}, "population 'a': current_to_v: "),
        ({"start": {"v": -1e39}}, "population 'a': start v: 1e"),
        ({"current": 1e30, "factor": -1e30}, r"drive of 'a': weight times values: 1e\+60"),
    ],
)
def test_numbers_that_float32_has_not(given, message):
    """Each would be infinite in silence; float64 has them. What cannot be set changes nothing."""
    with pytest.raises(ValueError, match=message):
        large(**given)
    large(dtype=np.float64, **given)
    if "bias_pa" in given:
        simulation, a = large()
        with pytest.raises(ValueError, match=message):
            simulation.set(a, **given)
        assert simulation.run(0.01)["a"].steps.size == 0
        assert not simulation.states(a)["v"].any()


@pytest.mark.parametrize("late", [5000.000004, 20000.00001, 60000.00005])
def test_times_off_the_grid_late_in_a_run(late):
    with pytest.raises(ValueError, match="lies between steps"):
        fired([late], [0])
    fired([round(late, 4), 123456.7891], [0, 1])


BOTH_SIGNS = [
    (rules.listed([0, 0], [0, 1]), [10.0, -9.0]),
    (rules.all_to_all(), sn.draw.normal(2.0, 2.0)),
]


@pytest.mark.parametrize(("rule", "weight"), BOTH_SIGNS)
def test_weights_of_both_signs_at_inputs_by_sign(rule, weight):
    """Else a conductance would be negative; where the receptor is named, or there is one for both, they go."""
    net = sn.Network(DT)
    a, b = net.population("a", sn.LIF, 10), net.population("b", sn.cells.iaf_cond_exp, 5)
    with pytest.raises(ValueError, match="a -> b: weight: iaf_cond_exp takes the two signs at different inputs"):
        net.connect(a, b, rule, weight)
    net.connect(a, b, rule, weight, receptor="exc")
    net.connect(b, a, rule, weight)
    net.connect(a, b, rules.all_to_all(), sn.draw.normal(2.0, 2.0, low=0.0))


def test_resets_above_the_threshold_that_a_simulation_brings():
    """Set in a run, or drawn with its seed where the network's own draw was below."""
    net = sn.Network(DT)
    adex = net.population("a", sn.AdEx, 3, threshold=-40.0, reset_value=sn.draw.normal(-60.0, 8.0))
    with pytest.raises(ValueError, match="population 'a': reset_value: expected values below the threshold, got -39"):
        sn.Simulation(net, seed=49)
    sim = sn.Simulation(net)
    with pytest.raises(ValueError, match="population 'a': reset_value: expected values below the threshold, got -30"):
        sim.set(adex, reset_value=np.full(3, -30.0))


def test_drawing_different_pairs_asks_for_memory_first():
    net = sn.Network(DT)
    a = net.population("a", sn.LIF, 100_000)
    net.connect(a, a, rules.fixed_total(4_000_000_000, multapses=False), 1.0)
    with pytest.raises(MemoryError, match="the synapses need at least"):
        sn.Simulation(net)


@pytest.mark.parametrize(
    ("rule", "need_gb", "twice_gb"),
    [
        (rules.all_to_all(), "412", "425"),  # a bit a pair, 4 bytes a synapse while it is drawn
        (rules.all_to_all(autapses=False), "412", "425"),
        (rules.pairwise(1.0), "408", "421"),
        (rules.fixed_indegree(150_000), "212", "225"),
    ],
)
def test_tables_beyond_memory_are_refused_with_the_figure_before_they_are_counted(rule, need_gb, twice_gb):
    net = sn.Network(DT)
    a, b = net.population("a", sn.LIF, 300_000), net.population("b", sn.LIF, 300_000 + 33_333)
    net.connect(a, b, rule, 1.0)
    with pytest.raises(MemoryError, match=f"the synapses need at least {need_gb} GB"):
        sn.Simulation(net)
    net.connect(a, b, rule, 1.0)  # drawn after the first, in the same memory
    with pytest.raises(MemoryError, match=f"the synapses need at least {twice_gb} GB"):
        sn.Simulation(net)
    few = sn.Network(DT)
    some = few.population("a", sn.LIF, 200)
    few.connect(some, some, rules.all_to_all(autapses=False), 1.0)
    assert sn.Simulation(few).synapses == 200 * 199
