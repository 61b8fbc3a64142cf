"""What changes while a simulation stands: parameters of neurons, also from one for all to one each; not the network."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn

DT, N = 1e-4, 130
BIAS_PA = np.linspace(380.0, 520.0, N)


def driven(bias_pa=400.0, tau_mem_s=10e-3, dt_s=DT):
    net = sn.Network(dt_s)
    start = {"v": sn.draw.uniform(-70.0, -56.0)}
    cells = net.population("E", sn.cells.iaf_psc_exp, N, bias_pa=bias_pa, tau_mem_s=tau_mem_s, start=start)
    net.connect(cells, cells, sn.rules.pairwise(0.2), -20.0, 1.5e-3)
    return net, cells


def made(threads, **values):
    net, cells = driven(**values)
    return sn.Simulation(net, seed=4, threads=threads, dtype=np.float64), cells


def same(a, b):
    return np.array_equal(a["E"].steps, b["E"].steps) and np.array_equal(a["E"].neurons, b["E"].neurons)


def test_one_value_for_all_becomes_one_each_and_back(tmp_path):
    """As if each had its own from the beginning, to the last bit, on one thread and two; a file goes on there."""
    wanted = None
    for threads, values in ((1, {"bias_pa": np.full(N, 400.0)}), (1, {}), (2, {})):
        simulation, cells = made(threads, **values)
        stretches = [simulation.run(0.05)]
        simulation.set(cells, bias_pa=BIAS_PA, tau_mem_s=sn.draw.uniform(8e-3, 12e-3))
        stretches.append(simulation.run(0.05))
        simulation.save(tmp_path / "mixed.npz")
        simulation.set(cells, bias_pa=450.0)
        stretches.append(simulation.run(0.05))
        simulation.set(cells, tau_mem_s=10e-3)
        stretches.append(simulation.run(0.05))
        assert all(len(stretch["E"]) > 50 for stretch in stretches)
        wanted = wanted or stretches
        assert all(map(same, stretches, wanted)), (threads, values)
        other, _ = made(threads)
        other.restore(tmp_path / "mixed.npz")
        assert same(other.run(0.0), simulation.run(0.0))
        other.set(other.network.populations[0], bias_pa=450.0)
        assert same(other.run(0.05), wanted[2])
    steeper, few = (np.bincount(stretch["E"].neurons, minlength=N) for stretch in wanted[1:3])
    assert steeper[-40:].sum() > 1.5 * steeper[:40].sum(), "each has its own current"
    assert few[-40:].sum() < 1.5 * few[:40].sum()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bias_pa": [1.0, 2.0]}, r"population 'E': bias_pa: expected a number or 130 values, got shape \(2,\)"),
        ({"tau_mem_s": np.full((2, N), 0.01)}, r"'E': tau_mem_s: expected a number or 130 values, got shape \(2, 130"),
        ({"tau_exc_s": 3e-3}, "'E': set changes numbers, not the model, and with these it is another one"),
        ({"reset_mv": np.linspace(-70.0, -50.0, N)}, "reset_mv: expected values below the threshold"),
        (
            {"threshold_mv": np.where(np.arange(N) == 7, -80.0, -55.0)},
            "reset_mv: expected values below the threshold, got -70 with -80",
        ),
    ],
)
def test_what_cannot_be_set_is_refused_and_changes_nothing(values, message):
    simulation, cells = made(1)
    with pytest.raises(ValueError, match=message):
        simulation.set(cells, **values)
    untouched, _ = made(1)
    assert same(simulation.run(0.02), untouched.run(0.02))


def test_a_reset_above_the_peak_is_refused(tmp_path):
    net = sn.Network(DT)
    cells = net.population("a", sn.Izhikevich, 3)
    simulation = sn.Simulation(net)
    for kind in ((0.02, 0.2, 40.0, 8.0), (0.02, 0.2, [-65.0, 30.0, -65.0], 8.0)):
        with pytest.raises(
            ValueError, match=r"'a': reset_value: expected values below the threshold, got [34]0 with 30"
        ):
            simulation.set(cells, kind=kind)
    simulation.set(cells, kind=(0.02, 0.2, [-65.0, -50.0, -55.0], 8.0))
    simulation.save(tmp_path / "kinds.npz")
    other = sn.Simulation(net)
    other.restore(tmp_path / "kinds.npz")
    for one in (simulation, other):
        assert one.layout.cells[0].values["reset_value"].tolist() == [-65.0, -50.0, -55.0]


@pytest.mark.parametrize(
    ("late", "name"),
    [
        (lambda net, cells: net.drive(cells, sn.inputs.constant_current(3.0)), "drive of 'E'"),
        (lambda net, cells: net.drive(cells, sn.inputs.poisson(3.0)), "drive of 'E'"),
        (lambda net, cells: net.connect(cells, cells, sn.rules.one_to_one(), 1.0), "projection E -> E"),
        (lambda net, cells: net.population("late", sn.LIF, 2), "population 'late'"),
        (lambda net, cells: net.source("in", sn.inputs.poisson(3.0), 2), "population 'in'"),
    ],
)
def test_what_comes_too_late_is_refused_by_name(late, name):
    simulation, cells = made(1)
    simulation.run(0.01)
    came = late(simulation.network, cells)
    message = rf"the {name} came after this simulation was made, .* make another one, sn.Simulation\(net\)"
    with pytest.raises(ValueError, match=message):
        simulation.run(0.01)
    if "population" in name:
        for call in (simulation.set, simulation.states, simulation.fan_out):
            with pytest.raises(ValueError, match=message):
                call(came)


def test_a_source_has_nothing_to_set():
    net, _ = driven()
    source = net.source("in", sn.inputs.poisson(3.0), 2)
    with pytest.raises(ValueError, match="'in': set: a source of spikes has no model whose numbers to change"):
        sn.Simulation(net).set(source, bias_pa=3.0)


def saveable(model=sn.cells.iaf_psc_exp, rule=None, learns=True, **values):
    net = sn.Network(DT)
    cells = net.population("E", model, 20, **values)
    plasticity = sn.plasticity.stdp(a_plus=0.1, a_minus=0.1, largest=3.0) if learns else None
    net.connect(cells, cells, rule or sn.rules.fixed_outdegree(3), 1.0, plasticity=plasticity)
    return sn.Simulation(net, seed=4)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"model": sn.cells.iaf_cond_exp},
            r"states: expected \[\['iaf_cond_exp', 'v', 'g_exc'.* got \[\['iaf_psc_exp'",
        ),
        ({"tau_inh_s": 3e-3}, r"states: expected .*'i_inh', 'rests'\]\], .* got .*'i_syn', 'rests'\]\]"),
        ({"learns": False}, r"projections: expected \[\['E -> E', 'FixedOutdegree', False\]\]"),
        ({"rule": sn.rules.fixed_total(60)}, r"projections: expected \[\['E -> E', 'FixedTotal', True\]\]"),
        ({"rule": sn.rules.fixed_outdegree(4)}, "synapses: expected 80, as this simulation has, got 60"),
    ],
)
def test_a_state_of_another_network_is_refused(tmp_path, other, message):
    """Of other states or other synapses; with other numbers, what was saved goes on as it stood."""
    saveable().save(tmp_path / "state.npz")
    with pytest.raises(ValueError, match=message):
        saveable(**other).restore(tmp_path / "state.npz")
    saveable(bias_pa=300.0).restore(tmp_path / "state.npz")


def arguments(model, **values):
    return lambda: sn.Network(1e-3).population("a", model, 3, **values)


@pytest.mark.parametrize(
    ("call", "written"),
    [
        (arguments(sn.LIF, tau_mem_s=[0.01, 0.02]), "tau_mem_s"),
        (arguments(sn.LIF, refractory_s=[0.001, 0.002]), "refractory_s"),
        (arguments(sn.LIF(tau_mem_s=[0.01, 0.02])), "tau_mem_s"),
        (arguments(sn.cells.iaf_psc_alpha, tau_exc_s=[0.001, 0.002]), "tau_exc_s"),
        (
            arguments(sn.cells.iaf_cond_exp, exc_reversal_mv=[0.0, 1.0], bias_pa=[3.0, 4.0]),
            "exc_reversal_mv or bias_pa",
        ),
        (arguments(sn.Izhikevich, kind=(0.02, 0.2, [-65.0, -50.0], 8.0)), "kind"),
    ],
)
def test_a_wrong_length_is_named_as_it_was_written(call, written):
    with pytest.raises(ValueError, match=rf"'a': {written}: expected a number or 3 values, got shape \(2,\)"):
        call()


@pytest.mark.parametrize(
    "drawn", [sn.draw.normal(1e-3, 1e-3), sn.draw.uniform(-1e-3, 1e-3), sn.draw.lognormal(-12.0, 1.0)]
)
def test_delays_that_can_be_too_short_are_told_how_to_be_cut(drawn):
    net, cells = driven()
    with pytest.raises(
        ValueError, match=r"delay_s: expected at least 1 step .* that reaches [-\d.e]+ s; give it low=0.0001"
    ):
        net.connect(cells, cells, sn.rules.pairwise(0.1), 1.0, drawn)
    net.connect(cells, cells, sn.rules.pairwise(0.1), 1.0, sn.draw.normal(1e-3, 1e-3, low=1e-4))
