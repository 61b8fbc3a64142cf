"""SONATA networks and spikes: the network shipped with NEST's reference spikes, round trips, and what is refused."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spikenet as sn
from spikenet.cli.command import main
from spikenet.io.sonata_spikes import on_steps

h5py = pytest.importorskip("h5py")
SHIPPED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "sonata" / "300_pointneurons"
DT = 1e-4


def spikes_of(recording, name):
    return set(zip((recording[name].steps + 1).tolist(), recording[name].neurons.tolist(), strict=True))


@pytest.mark.skipif(not SHIPPED.exists(), reason="the SONATA network of 300 cells is not here")
def test_spikes_are_those_of_nest():
    """300 cells, 48,432 synapses, 1.5 s at 0.1 ms: every spike of NEST 3.10, and no other."""
    network, duration_s = sn.io.read_sonata(SHIPPED / "config.json", dt_s=DT)
    assert duration_s == 1.5
    assert {p.name: p.n for p in network.populations} == {"internal": 300, "external": 100, "external, spike 2": 2}
    recording = sn.simulate(network, duration_s, dtype=np.float64)
    with np.load(SHIPPED / "nest3.10_dt0.1_spikes.npz") as nest:
        expected = set(zip(np.round(nest["times"] / 0.1).astype(int).tolist(), nest["ids"].tolist(), strict=True))
    assert len(expected) == 18753
    assert spikes_of(recording, "internal") == expected


def small(dt_s=DT):
    """Drawn parameters, starts, weights and delays; one loop serves all neurons, also those shipped."""
    net = sn.Network(dt_s)
    level = sn.draw.normal(-60.0, 1.0, low=-65.0)
    exc = net.population(
        "L4/E", sn.cells.iaf_psc_alpha, 60, threshold_mv=level, tau_mem_s=np.linspace(9e-3, 11e-3, 60),
        reset_mv=np.linspace(-71, -69, 60), start={"v": sn.draw.uniform(-68, -61)},
    )  # fmt: skip
    inh = net.population(
        "I", sn.cells.iaf_psc_alpha, 15, threshold_mv=np.linspace(-62, -58, 15), tau_mem_s=sn.draw.uniform(8e-3, 9e-3),
        reset_mv=np.linspace(-72, -70, 15),
    )  # fmt: skip
    rng = np.random.default_rng(4)
    source = net.source("s", sn.inputs.trains(np.arange(1, 400) * 5 * DT, rng.integers(0, 20, 399)), 20)
    net.connect(source, exc, sn.rules.pairwise(0.5), sn.draw.normal(200.0, 20.0, low=0.0), 1e-3)
    net.connect(exc, inh, sn.rules.fixed_indegree(20), 90.0, sn.draw.uniform(5e-4, 3e-3))
    net.connect(inh, exc, sn.rules.fixed_total(300), sn.draw.normal(-80.0, 9.0), sn.draw.normal(1e-3, 2e-4, low=DT))
    net.connect(source, inh, sn.rules.listed([0, 1], [3, 4]), [100.0, 5.0], [1e-3, 2e-3])
    noise = net.source("by/chance", sn.inputs.poisson(40.0), 12)
    net.connect(noise, exc, sn.rules.fixed_indegree(3), 20.0, DT)
    return net


def test_a_network_written_and_read_fires_the_same_spikes(tmp_path):
    net = small()
    config = sn.io.write_sonata(tmp_path / "net", net, duration_s=0.2, seed=3)
    again, duration_s = sn.io.read_sonata(config)
    before = sn.simulate(net, 0.2, seed=3, dtype=np.float64)
    after = sn.simulate(again, duration_s, seed=99, dtype=np.float64)
    assert again.dt_s == DT
    assert len(before["L4/E"]) > 200 < len(before["I"]) * 10
    assert spikes_of(before, "L4/E") == spikes_of(after, "L4_E")
    assert spikes_of(before, "I") == spikes_of(after, "I")
    assert spikes_of(before, "s") == spikes_of(after, "s")
    assert spikes_of(before, "by/chance") == spikes_of(after, "by_chance") != set()
    assert sum(p.rule.source.size for p in again.projections) == sn.Simulation(net, seed=3).synapses


def driven():
    """A network that lives of what drives it: Poisson events of either sign, currents, one for all or one a neuron."""
    net = sn.Network(DT)
    cells = net.population("L4/E", sn.cells.iaf_psc_alpha, 40, threshold_mv=np.linspace(-61, -59, 40))
    shunted = net.population("C", sn.cells.iaf_cond_exp, 10)
    net.connect(cells, cells, sn.rules.pairwise(0.2), 20.0, 1.5e-3)
    net.drive(cells, sn.inputs.varying_poisson([0.0, 9000.0], DT), 60.0)
    net.drive(cells, sn.inputs.varying_poisson(np.outer([0.0, 1.0], np.linspace(900, 1100, 40)), DT), -80.0)
    net.drive(shunted, sn.inputs.varying_poisson([0.0, 4000.0], DT), 14.0)
    net.drive(shunted, sn.inputs.varying_poisson([0.0, 500.0], DT), -1.0)
    net.drive(cells, sn.inputs.step_current([0.0, 0.02, 0.05], [20.0, 300.0, 0.0]))
    net.drive(cells, sn.inputs.step_current([0.03], [np.repeat([0.0, 50.0, -70.0, 90.0], 10)]), 2.0)
    return net


def test_drives_are_written_as_spikes_and_clamps(tmp_path):
    """Several events of a step, either sign, conductances; the same spikes when read."""
    net = driven()
    config = sn.io.write_sonata(tmp_path / "net", net, duration_s=0.1, seed=5)
    again, duration_s = sn.io.read_sonata(config)
    before = sn.simulate(net, 0.1, seed=5, dtype=np.float64)
    after = sn.simulate(again, duration_s, seed=1, dtype=np.float64)
    assert len(before["L4/E"]) > 100
    assert len(before["C"]) > 20
    assert spikes_of(before, "L4/E") == spikes_of(after, "L4_E")
    assert spikes_of(before, "C") == spikes_of(after, "C")
    assert len(net.drives) == 6, "what was given is left as it was"
    assert {p.name for p in again.populations} >= {"L4_E, drive 0", "L4_E, drive 0, spike 2", "C, drive 3"}


def test_the_adaptive_exponential_neuron_comes_back(tmp_path):
    """Every parameter another than its default, some one a neuron; g_L in nS from the time constant."""
    net = sn.Network(DT)
    each = np.linspace(0.9, 1.1, 6)
    cells = net.population(
        "A", sn.cells.aeif_psc_exp, 6, tau_mem_s=8e-3, capacitance_pf=250.0 * each, tau_exc_s=1e-3, tau_inh_s=3e-3,
        rest_mv=-69.0, rheobase_mv=-51.0, slope_mv=2.0 * each, threshold_mv=5.0, reset_mv=-61.0, tau_adapt_s=0.1,
        coupling_ns=3.0 * each, jump_pa=60.0, refractory_s=1e-3, bias_pa=900.0,
        start={"v": sn.draw.uniform(-69.0, -55.0)},
    )  # fmt: skip
    net.connect(cells, cells, sn.rules.all_to_all(), 200.0, 1e-3)
    config = sn.io.write_sonata(tmp_path, net, duration_s=0.2, seed=3)
    with h5py.File(tmp_path / "nodes.h5") as file:
        theirs = file["nodes/A/0/dynamics_params"]
        assert np.allclose(theirs["g_L"], 250.0 * each / 8.0, rtol=1e-12)
        assert (theirs["V_th"][0], theirs["V_peak"][0], theirs["t_ref"][0]) == (-51.0, 5.0, 1.0)
    again, duration_s = sn.io.read_sonata(config)
    before, after = (sn.simulate(n, duration_s, seed=3, dtype=np.float64) for n in (net, again))
    assert len(before["A"]) > 30
    assert spikes_of(before, "A") == spikes_of(after, "A")


def test_times_of_one_step_and_a_name_with_quotes(tmp_path):
    """Of currents whose times are rounded to one step the last holds, as in a run."""
    net = sn.Network(DT)
    cells = net.population('the "E"', sn.cells.iaf_psc_exp, 3)
    net.drive(cells, sn.inputs.step_current([0.01, 0.01001, 0.01002, 0.03], [0.0, 9000.0, 700.0, 0.0]))
    again, duration_s = sn.io.read_sonata(sn.io.write_sonata(tmp_path, net, duration_s=0.05))
    before, after = (sn.simulate(n, duration_s, dtype=np.float64) for n in (net, again))
    assert spikes_of(before, 'the "E"') == spikes_of(after, 'the "E"')
    assert before['the "E"'].times_s.min() > 0.015, "9 nA would have fired it at once"
    assert len(before['the "E"']) == 6


@pytest.mark.parametrize(
    ("make", "duration_s"),
    [
        (lambda: sn.networks.microcircuit(scale=0.01, indegrees=0.05), 0.05),
        (lambda: sn.networks.brunel(scale=0.01), 0.1),
    ],
    ids=["microcircuit", "brunel"],
)
def test_networks_of_papers_are_written_as_if_their_drives_began_a_step_later(tmp_path, make, duration_s):
    """The first step's Poisson events are said to be left out; all else is the same run, spike for spike."""
    net = make()
    with pytest.warns(UserWarning, match=r"\d+ Poisson events of the first step are left out"):
        config = sn.io.write_sonata(tmp_path / "net", net, duration_s=duration_s, seed=3)
    again, read_s = sn.io.read_sonata(config)
    later = [
        replace(d, drive=sn.inputs.varying_poisson(np.vstack([0 * d.drive.rates_hz, d.drive.rates_hz]), net.dt_s))
        for d in net.drives
    ]
    assert later
    net.drives[:] = later
    before = sn.simulate(net, duration_s, seed=3, dtype=np.float64)
    after = sn.simulate(again, read_s, seed=99, dtype=np.float64)
    assert sum(len(before[p]) for p in net.populations) > 50
    for p in net.populations:
        assert spikes_of(before, p) == spikes_of(after, p.name.replace("/", "_")), p.name


def test_spikes_go_out_and_come_back(tmp_path):
    trains = {"a/b": (np.array([0.3, 0.1, 0.1]), np.array([2, 5, 1])), "none": (np.empty(0), np.empty(0, np.int64))}
    assert sn.io.write_sonata_spikes(tmp_path / "s.h5", trains) == {"a/b": "a_b", "none": "none"}
    read = sn.io.read_sonata_spikes(tmp_path / "s.h5")
    times, ids = read["a_b"]
    assert np.abs(times - [0.1, 0.1, 0.3]).max() < 1e-15
    assert ids.tolist() == [1, 5, 2]
    assert read["none"][0].size == 0
    with h5py.File(tmp_path / "s.h5") as file:
        assert h5py.check_enum_dtype(file["spikes/a_b"].attrs.get_id("sorting").dtype) == {
            "none": 0,
            "by_id": 1,
            "by_time": 2,
        }
        assert file["spikes/a_b"].attrs["sorting"] == 2
        assert file["spikes/a_b/timestamps"].attrs["units"] == "ms"
    with h5py.File(tmp_path / "old.h5", "w") as file:  # the first version of the format
        file["spikes/gids"], file["spikes/timestamps"] = [3, 4], [2.0, 1.0]
    ((times, ids),) = sn.io.read_sonata_spikes(tmp_path / "old.h5").values()
    assert (times.tolist(), ids.tolist()) == ([0.001, 0.002], [4, 3])


@given(st.integers(1, 10**9), st.sampled_from([1e-5, 1e-4, 2e-4, 1e-3]))
def test_times_between_steps_come_at_the_steps_end(picoseconds, dt_s):
    """Against whole numbers of picoseconds: the step whose end is next, or one no further than half a microsecond."""
    step = round(Fraction(dt_s).limit_denominator(10**6) * 10**12)
    below, rest = divmod(picoseconds * 10, step)
    half = 500_000
    if abs(rest - half) < 10 or abs(step - rest - half) < 10:
        return  # which of the two is a matter of rounding
    expected = below if rest <= half else below + 1
    assert on_steps([picoseconds * 10e-12], dt_s).tolist() == [expected]


def test_a_missing_library_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"read_sonata: needs h5py.*pip install 'spikenet-hw\[sonata\]'"):
        sn.io.read_sonata(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.drive(n.populations[0], sn.inputs.noise_current(0.0, 5.0)), "not Noise to 'current'"),
        (
            lambda n: n.drive(n.populations[0], sn.inputs.varying_poisson([0.0, 5.0], DT), -1.0, receptor="exc"),
            "weight -1 goes to 'exc'.*would go to 'inh'",
        ),
        (lambda n: n.population("lif", sn.LIF, 3), "'lif': SONATA names no such model"),
        (lambda n: n.population("a", sn.cells.aeif_psc_exp, 3, method=sn.integrate.euler), "'a': method: a file names"),
        (lambda n: n.population("L4_E", sn.cells.iaf_psc_exp, 3), "two populations would be of one name"),
        (
            lambda n: n.drive(n.populations[1], sn.inputs.poisson(5.0)) and n.population("I, drive 0", sn.LIF, 3),
            "two populations would be of one name",
        ),
        (
            lambda n: n.connect(*n.populations[:2], sn.rules.all_to_all(), -1.0, DT, receptor="exc"),
            "they would go to 'inh'",
        ),
        (lambda n: n.population("x", sn.cells.iaf_psc_exp, 3, start={"rests": 2.0}), "the membrane's only"),
    ],
)
def test_what_sonata_cannot_say_is_refused(tmp_path, change, message):
    net = small()
    change(net)
    with pytest.raises(ValueError, match=message):
        sn.io.write_sonata(tmp_path / "net", net)


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def clamped(folder, **entry):
    config = json.loads((folder / "simulation_config.json").read_text())
    config["inputs"]["held"] = {"input_type": "current_clamp", "module": "IClamp", **entry}
    (folder / "simulation_config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: edit(f / "node_types.csv", "iaf_psc_alpha", "izhikevich"), "no model 'nest:izhikevich'"),
        (
            lambda f: edit(f / "node_types.csv", "point_neuron", "biophysical"),
            "expected virtual nodes or point neurons",
        ),
        (lambda f: edit(f / "edge_types.csv", "static_synapse", "stdp_synapse"), "only static ones"),
        (lambda f: edit(f / "circuit_config.json", "nodes.h5", "gone.h5"), "there is no"),
        (
            lambda f: edit(f / "simulation_config.json", '"spikes"', '"current_clamp"'),
            "expected spikes from an h5 file or an IClamp",
        ),
        (lambda f: clamped(f, amp=1.0, delay=0.0, duration=5.0), "expected a node_set with a population of point"),
        (lambda f: clamped(f, amp=1.0, delay=0.0, node_set={"population": "I"}), "duration is not there"),
        (
            lambda f: clamped(f, amp=math.nan, delay=0, duration=5, node_set={"population": "I"}),
            "amp: expected a finite",
        ),
        (
            lambda f: clamped(f, amp=1, delay=0, duration=0, node_set={"population": "I"}),
            "duration: expected a number >",
        ),
        (lambda f: clamped(f, amp=1, delay=-1, duration=5, node_set={"population": "I"}), "rising times >= 0"),
        (
            lambda f: clamped(f, amp=1, delay=0, duration=5, node_set={"population": "I", "node_id": [3, 99]}),
            "some of the 2 nodes",
        ),
        (lambda f: edit(f / "simulation_config.json", '"dt": 0.1', '"dt": -1'), "dt: expected a number > 0"),
        (lambda f: edit(f / "simulation_config.json", "{", "{,"), "no JSON"),
        (lambda f: put(f / "edges.h5", "edges/I_to_L4_E_2/source_node_id", 15), "there is no node 15"),
        (lambda f: put(f / "edges.h5", "edges/I_to_L4_E_2/0/syn_weight", math.nan), "no syn_weight of number 0"),
        (lambda f: put(f / "edges.h5", "edges/I_to_L4_E_2/0/delay", -1.0), "at least 1 step"),
        (lambda f: put(f / "spikes_in.h5", "spikes/s/node_ids", 20), "there is no node 20"),
        (lambda f: (f / "edges.h5").write_bytes(b"no"), r"edges.h5: no HDF5 file"),
    ],
)
def test_files_that_are_wrong_are_refused(written, tmp_path, change, message):
    for file in written.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    change(tmp_path)
    with pytest.raises((ValueError, OSError), match=message):
        sn.io.read_sonata(tmp_path / "simulation_config.json")


def test_the_command_simulates_files(written, tmp_path, capsys):
    """As long as they say, in float64; spikes are written in both formats."""
    assert main(["simulate", str(written / "simulation_config.json"), "--out", str(tmp_path)]) == 0
    facts = json.loads((tmp_path / "results.json").read_text())
    assert (facts["run"]["duration_s"], facts["run"]["dtype"]) == (0.2, "float64")
    times, _ = sn.io.read_sonata_spikes(tmp_path / "spikes.h5")["L4_E"]
    assert times.size == facts["populations"]["L4_E"]["spikes"] > 0
    assert main(["simulate", str(written / "simulation_config.json"), "--scale", "2", "--out", str(tmp_path)]) == 2
    assert "of one size" in capsys.readouterr().err


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return sn.io.write_sonata(tmp_path_factory.mktemp("sonata") / "net", small(), duration_s=0.2).parent


def put(file, name, value):
    with h5py.File(file, "r+") as root:
        root[name][0] = value


def test_types_give_what_the_nodes_do_not(written, tmp_path):
    """A parameter from the type's file, a weight and a delay from the edge types, several synapses at once; NEST's
    defaults for the rest."""
    for file in written.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with h5py.File(tmp_path / "nodes.h5", "r+") as root:
        del root["nodes/I/0/dynamics_params"]
    (tmp_path / "params.json").write_text(json.dumps({"C_m": 100.0}))
    edit(tmp_path / "node_types.csv", "model_template\n", "model_template dynamics_params\n")
    edit(
        tmp_path / "node_types.csv",
        '"I" point_neuron nest:iaf_psc_alpha',
        '"I" point_neuron nest:iaf_cond_exp params.json',
    )
    with h5py.File(tmp_path / "edges.h5", "r+") as root:
        group = root["edges/L4_E_to_I_1/0"]
        del group["syn_weight"], group["delay"]
        group["nsyns"] = np.full(300, 3)
    edit(tmp_path / "edge_types.csv", "model_template\n", "model_template syn_weight\n")
    edit(tmp_path / "edge_types.csv", "101 static_synapse", "101 static_synapse 2.5")
    net, _ = sn.io.read_sonata(tmp_path / "simulation_config.json")
    cell = next(p for p in net.populations if p.name == "I")
    assert cell.model is sn.cells.iaf_cond_exp
    assert cell.values["capacitance_pf"] == 100.0
    assert abs(cell.values["tau_mem_s"] - 1e-3 * 100.0 / 16.6667) < 1e-15
    assert cell.values["inh_reversal_mv"] == -85.0
    (projection,) = (p for p in net.projections if p.source.name == "L4_E")
    assert set(projection.weight) == {7.5}
    assert projection.delay_s == 1e-3
