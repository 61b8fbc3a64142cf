"""Recordings written to disk while a network runs."""

from __future__ import annotations

import numpy as np
import pytest

import spikenet as sn
from spikenet.simulate import pieces, stream

DT = 1e-3


def network():
    net = sn.Network(DT)
    source = net.source("s/1", sn.inputs.poisson(50.0), 40)
    cells = net.population("cells", sn.LIF, 30, tau_mem_s=20e-3)
    net.connect(source, cells, sn.rules.pairwise(0.3), 0.2, 2e-3)
    return net, cells


def test_what_is_streamed_is_what_is_recorded(tmp_path, monkeypatch):
    """In many small files, over two stretches with a parameter changed between them."""
    monkeypatch.setattr(stream, "FILE_BYTES", 1)
    monkeypatch.setattr(pieces, "PIECE", 100)
    net, cells = network()
    simulations = [sn.Simulation(net, seed=2) for _ in range(2)]
    probes = [sn.probe(cells, ["v"], neurons=[3, 7], every_s=7 * DT)]
    whole = []
    for k, threshold in enumerate((1.0, 0.5)):
        for simulation in simulations:
            simulation.set(cells, threshold=threshold)
        whole.append(simulations[0].run(0.45, states=probes))
        run = simulations[1].stream(tmp_path / "new", 0.45, states=probes)
        assert run.simulated_s == pytest.approx(0.45)
        assert len(list((tmp_path / "new").iterdir())) == 5 * (k + 1)
    expected, read = sn.joined(whole), sn.joined(sn.recordings(tmp_path / "new"))
    assert len(expected["cells"]) > 100
    for name in ("s/1", "cells"):
        assert np.array_equal(expected[name].steps, read[name].steps)
        assert np.array_equal(expected[name].neurons, read[name].neurons)
    assert np.array_equal(expected.states["cells"].times_s, read.states["cells"].times_s)
    assert np.array_equal(expected.states["cells"].values["v"], read.states["cells"].values["v"])
    assert (read.start_s, round(read.stop_s, 6), read.run.synapses) == (0.0, 0.9, expected.run.synapses)


def test_a_bar_shows_simulated_time_and_real_time_factor(capsys):
    net, _ = network()
    seen = []
    sn.simulate(net, 0.5, progress=lambda *seconds: seen.append(seconds))
    assert len(seen) >= 2
    assert np.all(np.diff(seen, axis=0) > 0)
    assert seen[-1][0] == pytest.approx(0.5)
    sn.simulate(net, 0.5, progress=True)
    shown = capsys.readouterr().err
    assert "0.5/0.5 s simulated" in shown
    assert "x real time" in shown
    with pytest.raises(TypeError, match="progress: expected True or a function, got 3"):
        sn.simulate(net, DT, progress=3)


def test_mistakes(tmp_path):
    net, cells = network()
    simulation = sn.Simulation(net)
    simulation.stream(tmp_path, 0.05)
    with pytest.raises(ValueError, match=r"holds recordings up to 0\.05 s, this one begins at 0 s"):
        sn.Simulation(net).stream(tmp_path, 0.05)
    first = next(sn.recordings(tmp_path))
    with pytest.raises(ValueError, match="stretches of one run, in order"):
        sn.joined([first, first])
    with pytest.raises(ValueError, match="expected recordings, got none"):
        sn.joined([])
    with pytest.raises(FileNotFoundError, match="no recordings"):
        sn.recordings(tmp_path / "nothing")
    file = next(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ValueError, match="no whole recording"):
        list(sn.recordings(tmp_path))
    with pytest.raises(ValueError, match="there is one already"):
        simulation.run(DT, states=[sn.probe(cells), sn.probe(cells, "v", neurons=[1])])
    other = sn.Network(DT).population("cells", sn.LIF, 30)
    with pytest.raises(ValueError, match="belongs to another network"):
        simulation.run(DT, states=[sn.probe(other)])
