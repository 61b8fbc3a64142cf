"""Simulations against the obvious version, closed forms, other thread counts and themselves cut in pieces."""

from __future__ import annotations

import naive_network
import numpy as np
import pytest

import spikenet as sn
from spikenet.simulate import wiring

DT = 1e-4
LIF = {"rest_mv": 0.0, "threshold_mv": 20.0, "reset_mv": 10.0}


def random_synapses(rng, n, k):
    source, target = rng.integers(0, n, (2, n * k))
    weight = rng.integers(-24, 32, n * k) / 16  # dyadic: sums are exact in any order
    return source, target, weight, rng.integers(1, 9, n * k)


def loop_network(rng, n=90, k=12):
    """(network, synapses, spikes from outside)."""
    source, target, weight, delay = random_synapses(rng, n, k)
    net = sn.Network(DT)
    cells = net.population("cells", sn.cells.iaf_psc_delta, n, bias_pa=400.0 + np.arange(n), **LIF)
    net.connect(cells, cells, sn.rules.listed(source, target), weight, delay * DT)
    fired = rng.random((400, 5)) < 0.1
    outside = net.source("outside", sn.inputs.raster(fired, DT), 5)
    net.connect(outside, cells, sn.rules.pairwise(1.0), 4.0, 3 * DT)
    return net, list(zip(source, target, weight, delay, strict=True)), fired


def same(a, b, population="cells"):
    return np.array_equal(a[population].steps, b[population].steps) and np.array_equal(
        a[population].neurons, b[population].neurons
    )


def test_a_network_equals_its_obvious_version(rng):
    """Spikes of 90 recurrent neurons with 8 delays, exactly; membranes to rounding."""
    net, synapses, fired = loop_network(rng)
    recording = sn.simulate(net, 0.04, threads=2, dtype=np.float64, states=[sn.probe(net.populations[0], "v")])
    leak = np.exp(-0.1 / 10)
    spikes, v = naive_network.delta_network(
        90, synapses, lambda t, j: 4.0 * fired[t - 3].sum() if t >= 3 else 0.0, 400, leak=leak, threshold=20.0,
        reset=10.0, rest_steps=20, push=lambda j: -np.expm1(-0.1 / 10) * 10 / 250 * (400.0 + j),
    )  # fmt: skip
    assert len(spikes) > 300
    assert list(zip(recording["cells"].steps, recording["cells"].neurons, strict=True)) == spikes
    assert np.allclose(recording.states["cells"].values["v"][-1], v, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_do_not_depend_on_threads_or_on_pieces(rng, dtype):
    net, _, _ = loop_network(rng, n=300)
    net.drive(net.populations[0], sn.inputs.poisson(300.0), 1.5)
    net.drive(net.populations[0], sn.inputs.noise_current(3.0, 50.0))
    whole = sn.simulate(net, 0.03, seed=5, threads=1, dtype=dtype)
    assert len(whole["cells"]) > 300
    for threads in (2, 3):
        simulation = sn.Simulation(net, seed=5, threads=threads, dtype=dtype)
        parts = [simulation.run(seconds) for seconds in (0.0103, 0.0, 0.0197)]
        assert np.array_equal(whole["cells"].steps, np.concatenate([p["cells"].steps for p in parts]))
        assert np.array_equal(whole["cells"].neurons, np.concatenate([p["cells"].neurons for p in parts]))
    assert not same(whole, sn.simulate(net, 0.03, seed=6, dtype=dtype))


def balanced(n=600):
    net = sn.Network(DT)
    exc = net.population("E", sn.cells.iaf_psc_delta, 4 * n // 5, **LIF)
    inh = net.population("I", sn.cells.iaf_psc_delta, n // 5, **LIF)
    for target in (exc, inh):
        net.connect(exc, target, sn.rules.fixed_indegree(n // 10), 0.5, 1.5e-3)
        net.connect(inh, target, sn.rules.fixed_outdegree(n // 10), -2.5, 1.5e-3)
        net.drive(target, sn.inputs.poisson(7000.0), 0.5)
    return net


def test_bits_and_lists_carry_the_same_spikes(monkeypatch):
    """The dense network with every synapse in a list; multapses among them. Weights are dyadic."""
    bits = sn.simulate(balanced(), 0.05, threads=2)
    monkeypatch.setattr(wiring, "WIDE", 10**9)
    lists = sn.simulate(balanced(), 0.05, threads=2)
    assert len(bits["E"]) > 500
    assert same(bits, lists, "E")
    assert same(bits, lists, "I")


def test_every_spike_reaches_all_its_targets():
    """Spikes sent times fan-out are counted by integrators that never fire, in float64."""
    net = balanced()
    counters = net.population("counters", sn.IF, 500, threshold=1e18)
    for k, source in enumerate(net.populations[:2]):
        net.connect(source, counters, sn.rules.fixed_outdegree(400 - 100 * k), 1.0, (7 + k) * DT)
        net.connect(source, counters, sn.rules.fixed_outdegree(30), 1.0, sn.draw.uniform(3 * DT, 20 * DT))
    simulation = sn.Simulation(net, threads=2, dtype=np.float64)
    recording = simulation.run(0.1)
    simulation_end = simulation.states(counters)["v"].sum()
    sent = sum((recording[p].steps < 1000 - 30).sum() * f for p, f in (("E", 430), ("I", 330)))
    all_sent = len(recording["E"]) * 430 + len(recording["I"]) * 330
    assert 1e6 < sent <= simulation_end <= all_sent
    everyone = simulation.fan_out(net.populations[0])
    assert everyone.sum() == 600 * 60 + 480 * 430
    for source in net.populations[:2]:  # let what is under way arrive
        simulation.set(source, threshold_mv=1e6)
    simulation.run(0.01, spikes=[])
    assert simulation.states(counters)["v"].sum() == all_sent


@pytest.mark.parametrize("tau_syn_s", [2e-3, 10e-3, 10.000001e-3], ids=["apart", "equal", "nearly equal"])
@pytest.mark.parametrize(
    ("model", "response"),
    [(sn.cells.iaf_psc_exp, naive_network.exp_response), (sn.cells.iaf_psc_alpha, naive_network.alpha_response)],
)
def test_synapses_follow_the_closed_form(model, response, tau_syn_s):
    """Three inputs to a resting cell, within 1e-12 mV where the form itself is that exact."""
    net = sn.Network(DT)
    cell = net.population("cell", model, 1, tau_exc_s=tau_syn_s, tau_inh_s=4e-3, threshold_mv=100.0)
    times = np.array([3, 60, 61]) * DT
    exc = net.source("e", sn.inputs.trains(times, [0, 0, 0]), 1)
    inh = net.source("i", sn.inputs.trains([50 * DT], [0]), 1)
    net.connect(exc, cell, sn.rules.one_to_one(), 300.0, 5 * DT)
    net.connect(inh, cell, sn.rules.one_to_one(), -200.0, 2 * DT)
    recording = sn.simulate(net, 0.05, dtype=np.float64, threads=1, states=[sn.probe(cell, "v")])
    traced = recording.states["cell"]
    expected = np.array(
        [
            -70.0
            + sum(response(1e3 * (t - s - 5 * DT), 300.0, 1e3 * round(tau_syn_s, 5), 10.0, 250.0) for s in times)
            + response(1e3 * (t - 52 * DT), -200.0, 4.0, 10.0, 250.0)
            for t in traced.times_s
        ]
    )
    near = 1e-5 if tau_syn_s == 10.000001e-3 else 1e-12  # the form divides by the difference: taken at 0 there
    assert np.abs(traced.values["v"][:, 0] - expected).max() < near


def test_current_and_refractory_time_by_the_closed_form():
    """A constant current: membrane to 1e-12, firing period = refractory steps + steps up to the threshold."""
    net = sn.Network(DT)
    cell = net.population("cell", sn.cells.iaf_psc_exp, 2, bias_pa=[200.0, 600.0], refractory_s=3e-3)
    recording = sn.simulate(net, 0.2, dtype=np.float64, states=[sn.probe(cell, ["v", "rests"])])
    v, times = recording.states["cell"].values["v"], recording.states["cell"].times_s
    assert np.abs(v[:, 0] + 70 - 200 * 10 / 250 * -np.expm1(-times / 10e-3)).max() < 1e-12
    risen = -10e-3 * np.log(1 - 15 / (600 * 10 / 250))
    period = int(np.ceil(risen / DT)) + 30
    assert set(np.diff(recording["cell"].steps)) == {period}
    assert v[:, 1].max() <= -55


def test_conductances_converge_with_order_four():
    """A cell under fixed input: the error against a step 8 times smaller falls by 2^4 when the step is halved."""
    ends = []
    for parts in (1, 2, 4, 32):
        dt = 4e-4 / parts
        net = sn.Network(dt)
        cell = net.population("cell", sn.cells.iaf_cond_exp, 1, bias_pa=30.0)
        exc = net.source("e", sn.inputs.trains([2e-3], [0]), 1)
        net.connect(exc, cell, sn.rules.one_to_one(), 6.0, 4e-4)
        net.connect(exc, cell, sn.rules.one_to_one(), -20.0, 8e-4)
        r = sn.simulate(net, 0.012, dtype=np.float64, threads=1, states=[sn.probe(cell, "v", every_s=4e-4)])
        ends.append(r.states["cell"].values["v"][:, 0])
    errors = np.abs(np.array(ends[:3]) - ends[3]).max(axis=1)
    assert 3.6 < np.log2(errors[0] / errors[1]) < 4.4
    assert 3.6 < np.log2(errors[1] / errors[2]) < 4.4


def test_drives_come_when_and_where_they_should():
    net = sn.Network(1e-3)
    cell = net.population("cell", sn.IF, 3, threshold=1e9)
    net.drive(cell, sn.inputs.step_current([2e-3, 5e-3], [[1.0, 2.0, 3.0], [0.0, 0.0, 10.0]]), 0.5)
    net.drive(cell, sn.inputs.varying_poisson([0.0, 1e5], 0.5), 1.0)
    source = net.source("source", sn.inputs.poisson([0.0, 200.0]), 2)
    r = sn.simulate(net, 2.0, states=[sn.probe(cell, "v", every_s=0.5)])
    v = r.states["cell"].values["v"]
    assert np.array_equal(v[0], [1.5, 3.0, 4.5 + 495 * 5.0])
    assert np.allclose(v[3, :2] - v[0, :2], 1e5 * 1.5, rtol=0.02)
    assert r.rates_hz(source)[0] == 0
    assert abs(r.rates_hz(source)[1] / 200 - 1) < 0.25
    assert (r["source"].steps.dtype, r["source"].neurons.dtype) == (np.int64, np.uint32)


def test_parameters_can_be_changed_between_runs():
    net = sn.Network(DT)
    cell = net.population("cell", sn.LIF, 10, tau_mem_s=20e-3, refractory_s=2e-3)
    net.drive(cell, sn.inputs.constant_current(0.01))
    simulation = sn.Simulation(net)
    assert len(simulation.run(0.1)[cell]) > 0
    simulation.set(cell, threshold=1e6)
    assert len(simulation.run(0.1)[cell]) == 0


def test_chosen_neurons_are_recorded():
    net = balanced()
    exc, inh = net.populations
    everything = sn.simulate(net, 0.02)
    chosen = sn.simulate(net, 0.02, spikes={exc: [3, 5, 400]})
    kept = np.isin(everything["E"].neurons, [3, 5, 400])
    assert np.array_equal(chosen["E"].steps, everything["E"].steps[kept])
    with pytest.raises(KeyError, match="no spikes of 'I'"):
        chosen[inh]


def test_drawn_parameters_and_starts():
    net = sn.Network(DT)
    net.population("cell", sn.cells.iaf_psc_exp, 2000, start={"v": sn.draw.uniform(-65, -60)},
                   tau_mem_s=sn.draw.normal(10e-3, 1e-3, low=5e-3), threshold_mv=-50.0)  # fmt: skip
    simulation = sn.Simulation(net, seed=3)
    v = simulation.states(net.populations[0])["v"] - 70
    assert -65 < v.min() < -64.9
    assert -60.1 < v.max() < -60
    leaks = np.unique(simulation.layout.cells[0].values["leak"])
    assert leaks.size == 2000
    simulation.run(1e-3)


def bounded(p, v, current):
    v = v + sn.primitives.sqrt(p.room - current)
    return v, sn.spike(v - 1e9)


def test_nan_is_reported_with_step_and_neuron():
    """A user's model, whose root has no value from 5 ms on for one neuron."""
    net = sn.Network(DT)
    cell = net.population("cell", sn.Spiking(bounded, room=1.0), 100)
    net.drive(cell, sn.inputs.step_current([5e-3], [[2.0 * (j == 70) for j in range(100)]]))
    with pytest.raises(
        FloatingPointError, match=r"neuron 70 of 'cell' is no number \(NaN\) after step 50, at 0.0051 s"
    ):
        sn.simulate(net, 0.1, threads=2)


def test_a_saved_state_goes_on_bit_for_bit(tmp_path, rng):
    """With spikes under way, by another number of threads; refused by another network, seed or file."""
    net, _, _ = loop_network(rng)
    net.drive(net.populations[0], sn.inputs.poisson(300.0), 1.5)
    whole = sn.Simulation(net, seed=2, threads=2)
    whole.run(0.0151)
    whole.save(tmp_path / "state.npz")
    after = whole.run(0.02)
    again = sn.Simulation(net, seed=2, threads=1)
    again.restore(tmp_path / "state.npz")
    assert len(after["cells"]) > 100
    assert same(after, again.run(0.02))
    states = [s.states(net.populations[0]) for s in (whole, again)]
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])
    with pytest.raises(ValueError, match="seed: expected 3"):
        sn.Simulation(net, seed=3).restore(tmp_path / "state.npz")
    (tmp_path / "half.npz").write_bytes((tmp_path / "state.npz").read_bytes()[:2000])
    with pytest.raises(ValueError, match="no whole state"):
        again.restore(tmp_path / "half.npz")


def test_what_was_set_stays_set_and_is_saved(tmp_path, rng):
    """One argument after the other; a distribution too; restored over other settings, and set again from there."""
    net, _, _ = loop_network(rng)
    cells = net.populations[0]
    net.drive(cells, sn.inputs.poisson(300.0), 1.5)
    one = sn.Simulation(net, seed=2, threads=2)
    one.run(0.01)
    plain = tmp_path / "plain.npz"
    one.save(plain)
    one.set(cells, bias_pa=sn.draw.uniform(450.0, 600.0))
    one.set(cells, threshold_mv=14.0)
    one.save(tmp_path / "set.npz")
    after = one.run(0.02)
    other = sn.Simulation(net, seed=2, threads=1)
    other.set(cells, threshold_mv=18.0)
    other.restore(tmp_path / "set.npz")
    assert same(after, other.run(0.02))
    one.restore(plain)
    never_set = sn.Simulation(net, seed=2, threads=2)
    never_set.restore(plain)
    assert same(one.run(0.02), never_set.run(0.02))
    with pytest.raises(TypeError, match="set: threshold_mv: expected numbers, got 'high'"):
        one.set(cells, threshold_mv="high")


@pytest.mark.parametrize("procedural", ["all", 3, None])
def test_what_is_not_stored_is_a_list_of_projections(procedural):
    net = sn.Network(DT)
    net.population("p", sn.LIF, 1)
    with pytest.raises(TypeError, match="procedural: expected True, False or a list of projections, got "):
        sn.Simulation(net, procedural=procedural)


def test_neurons_of_spikes_are_whole_numbers():
    with pytest.raises(TypeError, match="trains: neurons: expected whole numbers, got float64"):
        sn.inputs.trains([1e-3], [0.5])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n, p: n.connect(p, p, sn.rules.all_to_all(), 1.0, -1e-3), "at least 1 step"),
        (lambda n, p: n.connect(p, p, sn.rules.all_to_all(), 1.0, DT / 3), "at least 1 step"),
        (lambda n, p: n.connect(p, p, sn.rules.all_to_all(), 1.0, float("nan")), "finite"),
        (lambda n, p: n.connect(p, p, sn.rules.all_to_all(), float("nan"), DT), "weight: expected a finite|finite val"),
        (lambda n, p: n.connect(p, p, sn.rules.all_to_all(), 1.0, DT, receptor="nmda"), "no input 'nmda'"),
        (lambda n, p: n.connect(p, p, sn.rules.listed([0], [10]), 1.0, DT) and sn.simulate(n, DT), "neurons 0 to 9"),
        (lambda n, p: n.connect(p, p, sn.rules.fixed_indegree(11, multapses=False), 1) and sn.simulate(n, DT), "only"),
        (lambda n, p: n.population("new", sn.LIF, 0), "n: expected a whole number >= 1"),
        (lambda n, p: n.population("p", sn.LIF, 1), "already"),
        (lambda n, p: n.population("q", sn.cells.iaf_psc_exp, 1, reset_mv=-50.0), "below the threshold"),
        (lambda n, p: n.population("q", sn.LIF, 4, tau_mem_s=[1e-3, 2e-3]), "expected a number or 4"),
        (lambda n, p: n.source("s", sn.inputs.trains([2e-3, 1e-3], [0, 0]), 1), "rising"),
        (lambda n, p: n.source("s", sn.inputs.trains([1.05e-4], [0]), 1), "between steps"),
        (lambda n, p: n.source("s", sn.inputs.trains([1e-3, 1e-3], [0, 0]), 1), "two spikes"),
        (lambda n, p: n.source("s", sn.inputs.trains([1e-3], [3]), 3), "neurons 0 to 2"),
        (lambda n, p: n.drive(p, sn.inputs.poisson(1e9)) and sn.simulate(n, DT), "as a current"),
        (lambda n, p: n.population("q", sn.LIF, 3, reset=sn.reset.to_value, reset_value=1.0), "below the threshold"),
        (lambda n, p: n.connect(p, p, sn.rules.listed([0], [1]), 1.0, [float("nan")]), "delay_s: expected finite"),
        (lambda n, p: n.connect(p, p, sn.rules.matrix([[0, float("nan")]]), None, DT), "weights: expected finite"),
        (lambda n, p: n.connect(p, p, sn.rules.matrix(np.eye(9))) and sn.simulate(n, DT), "expected a matrix of shape"),
        (lambda n, p: n.connect("p", p, sn.rules.all_to_all(), 1.0), "expected a population of this network"),
        (lambda n, p: sn.simulate(n, DT, spikes=["p"]), "expected a population of this network"),
        (
            lambda n, p: (
                n.connect(p, p, sn.rules.fixed_total(10**12), 1.0) and sn.simulate(n, DT, procedural=True)
            ),
            "holds at most .*; make it several",
        ),
        (lambda n, p: n.drive(p, sn.inputs.constant_current(1e39)) and sn.simulate(n, DT), "too large for float32"),
        (lambda n, p: n.connect(p, p, sn.rules.one_to_one(), -1e39) and sn.simulate(n, DT), "too large for float32"),
        (lambda n, p: sn.simulate(n, DT, seed=2**63), "below 2\\^63"),
        (lambda n, p: sn.simulate(n, 1.5e-4), "multiple of"),
        (lambda n, p: sn.simulate(n, -1.0), "multiple of"),
        (lambda n, p: sn.simulate(sn.Network(DT), 1.0), "with populations"),
        (lambda n, p: sn.Network(DT).connect(p, p, sn.rules.all_to_all(), 1.0), "another network"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_before_the_run(make, message):
    net = sn.Network(DT)
    population = net.population("p", sn.LIF, 10)
    with pytest.raises((ValueError, TypeError), match=message):
        make(net, population)


def test_what_cannot_be_held_is_refused_before_it_is_taken():
    net = sn.Network(DT)
    many = net.population("many", sn.LIF, 1_000_000)
    net.connect(many, many, sn.rules.fixed_outdegree(4000), sn.draw.normal(1.0, 0.1), DT)
    with pytest.raises(MemoryError, match=r"need at least 24 GB|needs 2\d+(\.\d)? GB .* GB synapses"):
        sn.simulate(net, DT)
    net = sn.Network(DT)
    one = net.population("one", sn.LIF, 100)
    with pytest.raises(ValueError, match="at most"):
        net.connect(one, one, sn.rules.all_to_all(), 1.0, 1e9)
    net.population("idle", sn.LIF, 300_000)
    net.connect(one, one, sn.rules.all_to_all(), 1.0, 1600.0)
    with pytest.raises(MemoryError, match=r"2\.\d+e\+04 GB spikes under way"):
        sn.simulate(net, DT)
    many = net.population("many", sn.LIF, 1_000_000)
    net.connect(many, many, sn.rules.pairwise(0.5), 1.0, DT)  # refused before a single pair is drawn
    with pytest.raises(MemoryError, match=r"the synapses need at least 2\.11e\+03 GB"):
        sn.simulate(net, DT)
    with pytest.raises(ValueError, match=r"many -> many: 4\.95e\+11 synapses"):
        sn.simulate(net, DT, procedural=True)


def test_a_single_synapse_with_a_weight_of_its_own():
    net = sn.Network(DT)
    cells = net.population("cells", sn.IF, 2, threshold=1e9)
    source = net.source("source", sn.inputs.trains([DT], [0]), 1)
    net.connect(source, cells, sn.rules.listed([0], [1]), [0.75], DT)
    simulation = sn.Simulation(net)
    simulation.run(3 * DT)
    assert np.array_equal(simulation.states(cells)["v"], [0, 0.75])
