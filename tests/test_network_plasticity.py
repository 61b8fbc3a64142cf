"""Synapses that change, against the sums over pairs and triplets that the papers write."""

from __future__ import annotations

import naive_network
import numpy as np
import pytest

import spikenet as sn
from spikenet.network import plasticity

DT = 1e-3


def simulated(rule, arrivals, firings, weight=0.5, threads=2, cut=None, tmp_path=None, sign=1.0):
    """Weights after spikes of 3 sources and of a target that is made to fire, all at given steps."""
    net = sn.Network(DT)
    cell = net.population("cell", sn.IF, 1, threshold=1.0, reset=sn.reset.to_zero)
    trains = [np.asarray(a) for a in arrivals]
    steps, who = np.concatenate(trains), np.repeat(np.arange(3), [len(a) for a in trains])
    order = np.lexsort((who, steps))
    source = net.source("source", sn.inputs.trains((steps[order] - 2) * DT, who[order]), 3)  # delay 3, sent at its end
    made = net.connect(source, cell, sn.rules.all_to_all(), sign * weight * 1e-6, 3 * DT, plasticity=rule)
    push = net.source("push", sn.inputs.trains(np.asarray(firings) * DT, np.zeros(len(firings), int)), 1)
    net.connect(push, cell, sn.rules.one_to_one(), 1e3, DT)
    simulation = sn.Simulation(net, threads=threads, dtype=np.float64)
    if cut:
        simulation.run(cut)
        simulation.save(tmp_path / "cut.npz")
        simulation = sn.Simulation(net, threads=1, dtype=np.float64)
        simulation.restore(tmp_path / "cut.npz")
    simulation.run(0.5 - (cut or 0))
    return simulation.weights(made)[2] * 1e6


ARRIVALS = [np.array([10, 35, 36, 90, 200]), np.array([20, 60, 61]), np.array([5, 300])]
FIRINGS = np.array([12, 40, 60, 91, 150, 290])


@pytest.mark.parametrize("nearest", [False, True])
def test_pairs_add_up(nearest, tmp_path):
    """Weights near 0.5e-6, far from their bounds; also through a saved state."""
    plus, minus, up, down = 17e-3, 34e-3, 0.01e-6, 0.004e-6
    rule = plasticity.stdp(tau_plus_s=plus, tau_minus_s=minus, a_plus=up, a_minus=down, largest=1e-6, nearest=nearest)
    expected = []
    for train in ARRIVALS:
        w = 0.5
        for f in FIRINGS:
            before = train[train < f]
            w += sum(up * 1e6 * np.exp((a - f) * DT / plus) for a in (before[-1:] if nearest else before))
        for a in train:
            before = FIRINGS[a > FIRINGS]
            w -= sum(down * 1e6 * np.exp((f - a) * DT / minus) for f in (before[-1:] if nearest else before))
        expected.append(w)
    for sign in (1.0, -1.0):
        weights = simulated(rule, ARRIVALS, FIRINGS, sign=sign)
        assert np.allclose(weights, sign * np.array(expected), rtol=0, atol=1e-13)
    through_file = simulated(rule, ARRIVALS, FIRINGS, cut=0.095, tmp_path=tmp_path)
    assert np.array_equal(simulated(rule, ARRIVALS, FIRINGS), through_file)


def test_triplets_add_up():
    rule = plasticity.triplet(a2_plus=5e-9, a3_plus=6e-9, a2_minus=7e-9, a3_minus=2e-9, largest=1e-6)
    expected = []
    for train in ARRIVALS:
        w = 0.5

        def trace(spikes, t, tau_s):
            return np.exp((spikes[spikes < t] - t) * DT / tau_s).sum()

        for f in FIRINGS:
            w += 1e6 * trace(train, f, 16.8e-3) * (5e-9 + 6e-9 * trace(FIRINGS, f, 125e-3))
        for a in train:
            w -= 1e6 * trace(FIRINGS, a, 33.7e-3) * (7e-9 + 2e-9 * trace(train, a, 101e-3))
        expected.append(w)
    assert np.allclose(simulated(rule, ARRIVALS, FIRINGS), expected, rtol=0, atol=1e-13)


def test_weights_stay_within_their_bounds():
    up = plasticity.stdp(a_plus=1.0, a_minus=0.0, largest=0.9e-6)
    assert np.allclose(simulated(up, ARRIVALS, FIRINGS), 0.9)
    down = plasticity.stdp(a_plus=0.0, a_minus=1.0, largest=0.9e-6)
    assert np.allclose(simulated(down, ARRIVALS, FIRINGS), 0.0)
    soft = plasticity.stdp(a_plus=0.05e-6, a_minus=0.0, largest=1e-6, power=1.0)
    once = simulated(soft, [[10], [10], [10]], [11])
    assert np.allclose(once, 0.5 + 0.05 * 0.5 * np.exp(-1 / 20))


def test_inhibition_brings_the_rate_to_its_target():
    """Vogels 2011 in small: strong drive, plastic inhibition; the rate ends within 20 % of 10 Hz."""
    net = sn.Network(1e-3)
    cell = net.population("cell", sn.cells.iaf_psc_exp, 100, tau_exc_s=5e-3, tau_inh_s=10e-3)
    net.drive(cell, sn.inputs.poisson(2100.0), 40.0)
    inh = net.source("inh", sn.inputs.poisson(20.0), 200)
    rule = plasticity.inhibitory(rate=0.5, target_hz=10.0, largest=500.0)
    made = net.connect(inh, cell, sn.rules.pairwise(0.5), -1.0, 1e-3, plasticity=rule)
    simulation = sn.Simulation(net, seed=1)
    first = simulation.run(0.5).rates_hz(cell).mean()
    simulation.run(15.0, spikes=[])
    last = simulation.run(4.0).rates_hz(cell).mean()
    assert first > 20
    assert abs(last / 10 - 1) < 0.2
    assert simulation.weights(made)[2].max() <= 0


@pytest.mark.parametrize("tau_facilitate_s", [0.0, 0.3], ids=["depressing", "facilitating"])
def test_short_term_plasticity_follows_its_equations(tau_facilitate_s, tmp_path):
    """What each of nine spikes of two sources adds to an integrator, also through a saved state; inhibition too."""
    times = np.array([0.01, 0.02, 0.03, 0.05, 0.09, 0.2, 0.201, 0.35, 0.4])
    rule = plasticity.short_term(use=0.25, tau_recover_s=0.13, tau_facilitate_s=tau_facilitate_s)
    net = sn.Network(DT)
    late = times[3:] + 3 * DT
    at, who = np.concatenate([times, late]), np.repeat([0, 1], [9, 6])
    order = np.argsort(at, kind="stable")
    source = net.source("source", sn.inputs.trains(at[order], who[order]), 2)
    cells = net.population("cells", sn.IF, 2, threshold=1e9)
    net.connect(source, cells, sn.rules.one_to_one(), -3.0, 2 * DT, plasticity=rule)
    simulation = sn.Simulation(net, threads=2, dtype=np.float64)
    simulation.run(0.1)
    simulation.save(tmp_path / "state.npz")
    simulation = sn.Simulation(net, threads=1, dtype=np.float64)
    simulation.restore(tmp_path / "state.npz")
    traced = simulation.run(0.35, states=[sn.probe(cells)]).states["cells"].values["v"]
    for k, spikes in enumerate((times, late)):
        sent = np.array(naive_network.released(spikes, 0.25, 0.13, tau_facilitate_s))
        steps = np.round(spikes / DT).astype(int) + 1 - 100  # a step of delay after that at whose end they leave
        seen = steps >= 0
        assert np.allclose(traced[steps[seen], k], -3.0 * np.cumsum(sent)[seen], rtol=0, atol=1e-12)
        assert np.allclose(traced[steps[seen][1:] - 1, k], -3.0 * np.cumsum(sent)[seen][:-1], rtol=0, atol=1e-12)


def test_rewards_let_eligible_changes_act(tmp_path):
    """Three synapses, two rewards and a punishment between stretches, one of them after a saved state."""
    pairs = plasticity.stdp(tau_plus_s=17e-3, tau_minus_s=34e-3, a_plus=0.02e-6, a_minus=0.01e-6, largest=1e-6)
    net = sn.Network(DT)
    cell = net.population("cell", sn.IF, 1, threshold=1.0, reset=sn.reset.to_zero)
    steps, who = np.concatenate(ARRIVALS), np.repeat(np.arange(3), [len(a) for a in ARRIVALS])
    order = np.lexsort((who, steps))
    source = net.source("source", sn.inputs.trains((steps[order] - 2) * DT, who[order]), 3)
    made = net.connect(
        source, cell, sn.rules.all_to_all(), 0.5e-6, 3 * DT, plasticity=plasticity.rewarded(pairs, tau_s=0.06)
    )
    push = net.source("push", sn.inputs.trains(FIRINGS * DT, np.zeros(len(FIRINGS), int)), 1)
    net.connect(push, cell, sn.rules.one_to_one(), 1e3, DT)
    simulation = sn.Simulation(net, threads=2, dtype=np.float64)
    rewards = {55: 3.0, 130: -2.0, 301: 10.0}
    for step, amount in rewards.items():
        simulation.run((step - simulation.step) * DT)
        if step == 130:
            assert simulation.weights(made)[2].max() != 0.5e-6
            simulation.save(tmp_path / "state.npz")
            simulation = sn.Simulation(net, threads=1, dtype=np.float64)
            simulation.restore(tmp_path / "state.npz")
        simulation.reward(made, amount)
    expected = [
        naive_network.rewarded_pairs(
            set(train), set(FIRINGS), rewards, weight=0.5, up=0.02, down=0.01, tau_plus=17, tau_minus=34,
            tau_eligible=60, largest=1.0,
        )
        for train in ARRIVALS
    ]  # fmt: skip
    assert np.allclose(simulation.weights(made)[2] * 1e6, expected, rtol=0, atol=1e-13)
    assert np.ptp(expected) > 0.01


@pytest.mark.parametrize("rule", [sn.rules.pairwise(0.0), sn.rules.listed([], []), sn.rules.fixed_total(0)])
def test_a_projection_without_synapses_has_no_weights(rule, tmp_path):
    """As a sparse one may have at a small scale; it can be looked at, rewarded, saved and restored."""
    net = sn.Network(1e-4)
    cells = net.population("a", sn.cells.iaf_psc_exp, 3, bias_pa=450.0)
    changing = plasticity.rewarded(plasticity.stdp(a_plus=0.1, a_minus=0.1, largest=2.0), tau_s=0.1)
    weight = [] if isinstance(rule, type(sn.rules.listed([], []))) else 1.0
    none = net.connect(cells, cells, rule, weight, 1e-3, plasticity=changing)
    simulation = sn.Simulation(net, threads=2)
    assert len(simulation.run(0.03)["a"]) >= 3
    simulation.reward(none, 1.0)
    simulation.save(tmp_path / "state.npz")
    simulation.restore(tmp_path / "state.npz")
    assert [part.size for part in simulation.weights(none)] == [0, 0, 0]
    assert not simulation.fan_out(cells).any()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_drawn_weights_beyond_the_largest_are_refused(sign):
    """Their first change would cut them, and (1 - w / largest)^0.5 is no number."""
    net = sn.Network(1e-4)
    cells = net.population("a", sn.cells.iaf_psc_exp, 20)
    rule = plasticity.stdp(a_plus=0.1, a_minus=0.1, largest=1.0, power=0.5)
    for bound, refused in ((2.0, True), (1.0, False)):
        net.projections.clear()
        drawn = sn.draw.normal(sign, 0.2, low=min(0.0, sign * bound), high=max(0.0, sign * bound))
        net.connect(cells, cells, sn.rules.all_to_all(), drawn, 1e-3, plasticity=rule)
        if refused:
            with pytest.raises(
                ValueError, match=r"a -> a: weight: expected at most the rule's largest 1, drawn was 1\."
            ):
                sn.Simulation(net)
        else:
            assert np.abs(sn.Simulation(net).weights(net.projections[0])[2]).max() <= 1.0


def test_mistakes_are_answered():
    net = sn.Network(1e-3)
    cell = net.population("cell", sn.LIF, 10)
    rule = plasticity.stdp(a_plus=0.1, a_minus=0.1, largest=1.0)
    with pytest.raises(ValueError, match="at most the rule's largest"):
        net.connect(cell, cell, sn.rules.all_to_all(), 2.0, 1e-3, plasticity=rule)
    with pytest.raises(ValueError, match="have one delay"):
        net.connect(cell, cell, sn.rules.all_to_all(), 0.5, sn.draw.uniform(1e-3, 2e-3), plasticity=rule)
    with pytest.raises(TypeError, match=r"a rule of sn\.plasticity"):
        net.connect(cell, cell, sn.rules.all_to_all(), 0.5, 1e-3, plasticity="stdp")
    plain = net.connect(cell, cell, sn.rules.all_to_all(), 0.5, 1e-3)
    simulation = sn.Simulation(net)
    with pytest.raises(ValueError, match="with plasticity"):
        simulation.weights(plain)
    with pytest.raises(ValueError, match=r"reward: .* with plasticity"):
        simulation.reward(plain, 1.0)
    net.connect(cell, cell, sn.rules.all_to_all(), 0.05, 1e-3, plasticity=rule)
    with pytest.raises(ValueError, match="cell -> cell: expected a rule that can be rewarded"):
        sn.Simulation(net).reward(net.projections[-1], 1.0)
    for use in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="use"):
            plasticity.short_term(use=use, tau_recover_s=0.1)
    with pytest.raises(TypeError, match="a rule of"):
        plasticity.rewarded("stdp", tau_s=0.1)
