"""The simulate command: a network by name, one from a file, and mistakes."""

from __future__ import annotations

import json

import numpy as np
import pytest

import spikenet as sn
from spikenet.cli.command import main


def test_a_named_network_is_simulated(tmp_path, capsys):
    asked = [
        "simulate",
        "brunel",
        "--scale",
        "0.05",
        "--duration",
        "0.05",
        "--seed",
        "3",
        "--out",
        str(tmp_path / "new"),
    ]
    assert main(asked) == 0
    printed = capsys.readouterr().out
    results = json.loads((tmp_path / "new" / "results.json").read_text())
    with np.load(tmp_path / "new" / "spikes.npz") as spikes:
        assert len(spikes["E.times_s"]) == results["populations"]["E"]["spikes"] > 0
        assert spikes["E.neurons"].max() < 500
    assert (tmp_path / "new" / "raster.png").stat().st_size > 10_000
    assert "real" not in printed.splitlines()[0]
    assert "computed for each second simulated" in printed
    assert results["run"]["synapses"] == 625 * (50 + 12)


def test_sources_are_told_apart_and_not_drawn(tmp_path, capsys, monkeypatch):
    """A column as wide as the longest name; the picture is of the neurons, the files have all spikes."""
    script, drawn, populations = tmp_path / "mine.py", [], sn.plot.populations
    monkeypatch.setattr(
        sn.plot, "populations", lambda trains, *a: drawn.append(list(trains)) or populations(trains, *a)
    )
    script.write_text(
        "import spikenet as sn\n"
        "def network(scale):\n"
        "    net = sn.Network(1e-3)\n"
        "    net.source('cell, drive 0, spike 2', sn.inputs.poisson(50.0), 30)\n"
        "    if scale == 1:\n"
        "        net.population('cell', sn.LIF, 10, tau_mem_s=20e-3)\n"
        "    return net\n"
    )
    for scale, wanted in (("1", ["cell"]), ("2", ["cell, drive 0, spike 2"])):
        assert main(["simulate", str(script), "--scale", scale, "--duration", "0.1", "--out", str(tmp_path)]) == 0
        assert drawn.pop() == wanted
    first, source, *_ = capsys.readouterr().out.splitlines()
    assert first.index("neurons") + len("neurons") == source.index(" 30 ") + len(" 30")
    with np.load(tmp_path / "spikes.npz") as spikes:
        assert len(spikes["cell, drive 0, spike 2.times_s"]) > 50


def test_a_network_from_a_file(tmp_path, capsys):
    script = tmp_path / "mine.py"
    script.write_text(
        "import spikenet as sn\n"
        "def network(scale):\n"
        "    net = sn.Network(1e-3)\n"
        "    cell = net.population('cell', sn.LIF, round(10 * scale), tau_mem_s=20e-3)\n"
        "    net.drive(cell, sn.inputs.constant_current(0.1))\n"
        "    return net\n"
    )
    assert main(["simulate", str(script), "--scale", "2", "--duration", "0.1", "--out", str(tmp_path)]) == 0
    assert "cell" in capsys.readouterr().out


def test_names_that_differ_in_a_stroke_keep_their_spikes(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "import spikenet as sn\n"
        "def network(scale):\n"
        "    net = sn.Network(1e-3)\n"
        "    for k, name in enumerate(('a/b', 'a_b', 'a//b')):\n"
        "        net.source(name, sn.inputs.trains([0.01], [k]), 3)\n"
        "    return net\n"
    )
    assert main(["simulate", str(script), "--duration", "0.1", "--out", str(tmp_path)]) == 0
    with np.load(tmp_path / "spikes.npz") as spikes:
        assert [int(spikes[f"{name}.neurons"][0]) for name in ("a_b", "a_b_", "a__b")] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "expected brunel"),
        (["brunel", "--duration", "0.00015"], "multiple of"),
        (["brunel", "--duration", "0"], "expected seconds > 0"),
        (["brunel", "--duration", "nan"], "expected seconds > 0"),
        (["brunel", "--scale", "-1"], "scale"),
        (["brunel", "--scale", "0.01", "--threads", "0"], "threads"),
        (["{empty}"], "expected a function network"),
    ],
)
def test_mistakes_get_one_line(tmp_path, capsys, arguments, message):
    (tmp_path / "empty.py").write_text("")
    asked = [a.format(empty=tmp_path / "empty.py") for a in arguments]
    if "--scale" not in asked and "brunel" in asked:
        asked += ["--scale", "0.01"]
    assert main(["simulate", *asked, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in error
    assert error.startswith("spikenet simulate: ")
