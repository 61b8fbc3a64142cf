"""Synapses that are drawn again for every spike, beside the same synapses stored."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.network.draw import Distribution
from spikenet.simulate import memory_need, redrawn_tables, wiring

DT = 1e-4
LIF = {"rest_mv": 0.0, "threshold_mv": 20.0, "reset_mv": 10.0}
NORMAL_DELAY = sn.draw.normal(1.5e-3, 0.7e-3, low=DT)


def loop(rule, weight, delay_s):
    """Two populations, each connected with itself and the other; I as many times as strong."""
    net = sn.Network(DT)
    populations = [net.population(name, sn.cells.iaf_psc_delta, n, **LIF) for name, n in (("E", 400), ("I", 150))]
    for target in populations:
        for source, factor in zip(populations, (1.0, -4.0), strict=True):
            scaled = sn.draw.normal(factor * weight.a, weight.b) if isinstance(weight, Distribution) else None
            net.connect(source, target, rule, factor * weight if scaled is None else scaled, delay_s)
        net.drive(target, sn.inputs.poisson(9000.0), 0.5)
    return net


def same(a, b):
    return all(np.array_equal(a[p].steps, b[p].steps) and np.array_equal(a[p].neurons, b[p].neurons) for p in a.spikes)


@pytest.mark.parametrize(
    ("rule", "weight", "delay_s"),
    [
        (sn.rules.all_to_all(autapses=False), 0.0123, 1.5e-3),
        (sn.rules.pairwise(0.1, autapses=False), 0.123, 1.5e-3),  # dense: bits when stored
        (sn.rules.pairwise(0.02), 0.623, 1.5e-3),
        (sn.rules.fixed_outdegree(5, autapses=False), 1.23, 1.5e-3),
        (sn.rules.fixed_total(2000), sn.draw.normal(1.23, 0.3), 1.5e-3),
        (sn.rules.fixed_total(2000), 1.25, NORMAL_DELAY),  # dyadic: sums are exact in any order
        (sn.rules.fixed_outdegree(40), 0.125, 1.5e-3),  # dense with pairs that are there twice
        (sn.rules.fixed_indegree(5), 1.23, 1.5e-3),
        (sn.rules.fixed_indegree(40), sn.draw.lognormal(-1.0, 0.5, high=2.0), 1.5e-3),
    ],
    ids=lambda v: type(v).__name__,
)
def test_the_spikes_are_those_of_stored_synapses(rule, weight, delay_s):
    net = loop(rule, weight, delay_s)
    stored = sn.simulate(net, 0.04, seed=3, threads=2)
    assert len(stored["E"]) > 400
    for threads in (1, 3):
        again = sn.simulate(net, 0.04, seed=3, threads=threads, procedural=True)
        assert same(stored, again)
        assert stored.run.synapses == again.run.synapses


def test_pairs_of_one_number():
    net = sn.Network(DT)
    source = net.source("s", sn.inputs.trains([3 * DT], [4]), 9)
    target = net.population("t", sn.IF, 9, threshold=1e9)
    net.connect(source, target, sn.rules.one_to_one(), 2.0, 2 * DT)
    simulation = sn.Simulation(net, procedural=True)
    simulation.run(10 * DT)
    assert np.array_equal(simulation.states(target)["v"], 2.0 * (np.arange(9) == 4))


def test_every_spike_reaches_all_its_targets():
    """Counted by integrators, with drawn delays and a fan-out taken from the projection."""
    net = loop(sn.rules.pairwise(0.1), 0.125, 1.5e-3)
    exc = net.populations[0]
    counters = net.population("counters", sn.IF, 300, threshold=1e18)
    net.connect(exc, counters, sn.rules.fixed_outdegree(70), 1.0, NORMAL_DELAY)
    net.connect(exc, counters, sn.rules.pairwise(0.01), 1.0, 1e-3)
    simulation = sn.Simulation(net, threads=2, dtype=np.float64, procedural=True)
    fired = simulation.run(0.04)["E"].neurons
    for p in net.populations[:2]:
        simulation.set(p, threshold_mv=1e6)
    simulation.run(0.01)
    onto_counters = simulation.fan_out(exc) - sum(made.degrees for made in degrees_of(net)[::2][:2])
    assert simulation.states(counters)["v"].sum() == onto_counters[fired].sum() > 1e4


def degrees_of(net):
    return [made for _, made, _ in wiring.wire(net, 0, net.projections).redrawn]


def test_some_stored_and_some_not():
    net = loop(sn.rules.fixed_total(2000), 1.25, NORMAL_DELAY)
    mixed = sn.simulate(net, 0.03, procedural=net.projections[:2], threads=2)
    assert same(mixed, sn.simulate(net, 0.03, threads=2))


def test_a_saved_state_goes_on_bit_for_bit(tmp_path):
    """Inputs under way in the ring are put down again, by another number of threads."""
    net = loop(sn.rules.fixed_total(2000), sn.draw.normal(1.23, 0.3), NORMAL_DELAY)
    whole = sn.Simulation(net, threads=2, procedural=True)
    whole.run(0.0131)
    whole.save(tmp_path / "state.npz")
    again = sn.Simulation(net, threads=1, procedural=True)
    again.restore(tmp_path / "state.npz")
    after = whole.run(0.02)
    assert len(after["E"]) > 200
    assert same(after, again.run(0.02))


def test_what_finds_no_room_is_drawn_by_every_thread(monkeypatch):
    """Arenas for half of a window's synapses, lists of the ring that overflow: the same bits."""
    net = loop(sn.rules.fixed_indegree(40), sn.draw.normal(0.323, 0.1), NORMAL_DELAY)
    enough = sn.simulate(net, 0.03, seed=3, threads=2, procedural=True)
    monkeypatch.setattr(redrawn_tables, "ARENA_ROOM", 1000)
    monkeypatch.setattr(redrawn_tables, "list_room", lambda size: 8)
    for threads in (1, 2):
        assert same(enough, sn.simulate(net, 0.03, seed=3, threads=threads, procedural=True))
    assert len(enough["E"]) > 300


def test_memory_does_not_grow_with_the_synapses():
    """What a network of 400 times as many synapses is said to need, and takes: not 1.3 times as much."""
    needs = []
    for k in (10, 4000):
        net = sn.Network(DT)
        cells = net.population("cells", sn.cells.iaf_psc_delta, 50_000)
        net.connect(cells, cells, sn.rules.fixed_outdegree(k), sn.draw.normal(0.1, 0.01), NORMAL_DELAY)
        wired = wiring.wire(net, 0, net.projections)
        needs.append(sum(memory_need.needed_bytes(net, wired, 2, "float32").values()))
        assert sn.Simulation(net, procedural=True).synapses == 50_000 * k
    assert needs[1] < 1.3 * needs[0]


@pytest.mark.parametrize(
    "rule",
    [
        sn.rules.fixed_indegree(3, autapses=False),
        sn.rules.fixed_indegree(3, multapses=False),
        sn.rules.fixed_outdegree(3, multapses=False),
        sn.rules.fixed_total(30, multapses=False),
        sn.rules.listed([1, 2], [3, 4]),
    ],
)
def test_rules_that_must_be_stored_are_refused(rule):
    net = sn.Network(DT)
    cells = net.population("cells", sn.LIF, 20)
    net.connect(cells, cells, rule, 1.0, DT)
    with pytest.raises(ValueError, match=r"cells -> cells: procedural: \w+ cannot be drawn again source by source"):
        sn.Simulation(net, procedural=True)


def test_other_mistakes():
    net, other = (sn.Network(DT) for _ in range(2))
    cells, others = (n.population("cells", sn.LIF, 20) for n in (net, other))
    made = other.connect(others, others, sn.rules.all_to_all(), 1.0, DT)
    with pytest.raises(ValueError, match="projections of this network"):
        sn.Simulation(net, procedural=[made])
    rule = sn.plasticity.stdp(a_plus=0.1, a_minus=0.1, largest=1.0)
    net.connect(cells, cells, sn.rules.all_to_all(), 0.5, DT, plasticity=rule)
    with pytest.raises(ValueError, match="synapses that change must be stored"):
        sn.Simulation(net, procedural=True)


def test_delays_too_far_apart_are_refused():
    net = sn.Network(DT)
    cells = net.population("cells", sn.cells.iaf_psc_delta, 10)
    net.connect(cells, cells, sn.rules.fixed_outdegree(3), 0.1, sn.draw.uniform(DT, 8.0))
    with pytest.raises(ValueError, match="expected fewer than 65536 apart"):
        sn.Simulation(net, procedural=True)
