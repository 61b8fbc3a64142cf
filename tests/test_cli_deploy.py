"""`spikenet deploy`: files that say the same as the library, and one line for every mistake."""

from __future__ import annotations

import json
import re

import matplotlib.image
import pytest

import hw
import spikenet as sn
from spikenet.cli import main


def saved(path, reset):
    net = sn.models.spiking_mlp((64, 20, 10), neuron=lambda: sn.LIF(tau_mem_s=10e-3, reset=reset), seed=0)
    sn.save(path, net)
    return net


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("deploy")


def test_a_saved_net_runs_on_loihi(folder, capsys):
    net = saved(folder / "net.npz", sn.reset.to_zero)
    out = folder / "out"
    code = main(
        ["deploy", str(folder / "net.npz"), "--out", str(out), "--steps", "12", "--samples", "40", "--seed", "3"]
    )
    printed = capsys.readouterr().out
    assert code == 0
    results = json.loads((out / "results.json").read_text())
    assert (out / "table.txt").read_text() in printed
    assert "Loihi 1, 2 layers, in the reading lava\n" in printed
    assert results["is_bit_exact"] is True
    train, test = sn.data.digits(seed=3)
    encode = sn.encode.Rate(12)
    some, x = encode(train.inputs[:256], seed=3), encode(test.inputs[:40], seed=3)
    got = hw.place_program(hw.compile(net, hw.chips.loihi1, calibrate=some), calibrate=some, seed=3).run(x)
    right = got.output.sum(axis=0).argmax(axis=1) == test.labels[:40]
    in_float = net(x).data.sum(axis=0).argmax(axis=1) == test.labels[:40]
    assert results["accuracy"] == right.mean()
    assert results["accuracy_float"] == in_float.mean()
    assert results["energy"]["energy_j"] == got.energy().joules
    assert results["time"]["inference_s"] == got.times.inference_s
    assert sum(core["events"]["synaptic_ops"] for core in results["cores"]) == got.events.synaptic_ops.sum()
    assert results["rates"] == got.rates
    for name in ("mesh.png", "energy.png"):
        assert matplotlib.image.imread(out / name).std() > 0.05


def test_a_conventional_net_runs_on_akida(folder, capsys):
    train, test = sn.data.digits(seed=0)
    net = sn.models.mlp((64, 20, 10), seed=0)
    sn.save(folder / "ann.npz", net)
    assert main(["deploy", str(folder / "ann.npz"), "--chip", "akida", "--out", str(folder / "akida")]) == 0
    results = json.loads((folder / "akida" / "results.json").read_text())
    program = hw.compile(net, hw.chips.akida, calibrate=train.inputs[:256])
    assert results["accuracy"] == (program.run(test.inputs).output.argmax(axis=1) == test.labels).mean()
    assert results["accuracy_float"] == (net(test.inputs).data.argmax(axis=1) == test.labels).mean()
    assert results["rates"] == program.run(test.inputs).rates
    assert "steps)" not in capsys.readouterr().out


def test_a_convolution_in_front_gets_images(folder, capsys):
    net = sn.Sequential(sn.Conv2d(1, 3, 3, seed=0), sn.ReLU(), sn.Flatten(3), sn.Linear(108, 10, seed=1))
    sn.save(folder / "cnn.npz", net)
    out = folder / "cnn"
    assert main(["deploy", str(folder / "cnn.npz"), "--chip", "akida2", "--samples", "20", "--out", str(out)]) == 0
    train, test = (data.inputs.reshape(-1, 1, 8, 8) for data in sn.data.digits(seed=0))
    program = hw.compile(net, hw.chips.akida2, calibrate=train[:256])
    assert json.loads((out / "results.json").read_text())["rates"] == program.run(test[:20]).rates
    assert "1 ReLU" in capsys.readouterr().out


def test_noise_on_brainscales2_is_that_of_the_seed(folder, capsys):
    net = saved(folder / "net.npz", sn.reset.to_zero)
    out = folder / "analogue"
    arguments = ["--steps", "6", "--samples", "20", "--seed", "3", "--out", str(out)]
    assert main(["deploy", str(folder / "net.npz"), "--chip", "brainscales2", *arguments]) == 0
    train, test = sn.data.digits(seed=3)
    some, x = (sn.encode.Rate(6)(inputs, seed=3) for inputs in (train.inputs[:256], test.inputs[:20]))
    got = hw.compile(net, hw.chips.brainscales2, calibrate=some, seed=3).run(x, seed=3)
    results, printed = json.loads((out / "results.json").read_text()), capsys.readouterr().out
    assert (results["rates"], results["is_bit_exact"]) == (got.rates, False)
    assert "not published" in printed
    assert "BrainScaleS-2, 2 layers, a noisy model: NOT bit exact\n" in printed


def test_a_net_trained_through_a_chip_runs_in_the_integers_it_was_trained_in(folder, capsys):
    """On TrueNorth, where compiling anew finds other weights; so does a program without its net."""
    train, test = sn.data.digits(seed=0)
    code = sn.encode.Rate(12)
    net = sn.Sequential(sn.Linear(64, 30, seed=0), sn.IF(), sn.Linear(30, 10, seed=1), sn.IF())
    how = {"loss": sn.loss.count_cross_entropy, "encode": code, "progress": False, "seed": 0}
    sn.fit(net, train, optimiser=sn.optim.Adam(5e-3), epochs=2, **how)
    some = code(train.inputs[:256], seed=0)
    got = hw.train_through(
        net, hw.chips.truenorth, train, calibrate=some, optimiser=sn.optim.Adam(2e-3), epochs=2, **how
    )
    got.program.save(folder / "both.npz", net)
    got.program.save(folder / "alone.npz")
    sn.save(folder / "net.npz", net)
    output = got.program.run(code(test.inputs, seed=0)).output
    right = (output.sum(axis=0).argmax(axis=1) == test.labels).mean()
    results = {}
    for name, chip in (("both", ()), ("alone", ("--chip", "truenorth")), ("net", ("--chip", "truenorth"))):
        out = folder / f"of {name}"
        assert main(["deploy", str(folder / f"{name}.npz"), *chip, "--steps", "12", "--out", str(out)]) == 0
        results[name] = json.loads((out / "results.json").read_text())
        again = hw.load_program(out / "program.npz").run(code(test.inputs, seed=0))
        assert again.rates == results[name]["rates"]
        printed = capsys.readouterr()
        assert ("in the integers it was saved in" in printed.out) != results[name]["was_compiled"]
        assert ("taking the program" in printed.err) != results[name]["was_compiled"]
    assert [results[name]["was_compiled"] for name in ("both", "alone", "net")] == [False, False, True]
    assert results["both"]["accuracy"] == results["alone"]["accuracy"] == right > 0.8
    assert results["both"]["rates"] == results["alone"]["rates"] != results["net"]["rates"]
    assert results["both"]["accuracy_float"] == results["net"]["accuracy_float"]
    assert results["alone"]["accuracy_float"] is None


def test_a_program_for_another_chip_is_compiled_of_its_net(folder, capsys):
    net = saved(folder / "net.npz", sn.reset.to_zero)
    train, _ = sn.data.digits(seed=0)
    program = hw.compile(net, hw.chips.loihi1, calibrate=sn.encode.Rate(6)(train.inputs[:32]))
    program.save(folder / "both.npz", net)
    program.save(folder / "alone.npz")
    arguments = ["--steps", "6", "--samples", "5", "--out", str(folder / "other")]
    assert main(["deploy", str(folder / "both.npz"), "--reading", "nengo_loihi", *arguments]) == 0
    results = json.loads((folder / "other" / "results.json").read_text())
    assert (results["was_compiled"], results["reading"]) == (True, "nengo_loihi")
    for asked in (("--chip", "loihi2"), ("--reading", "nengo_loihi")):
        capsys.readouterr()
        assert main(["deploy", str(folder / "alone.npz"), *asked, *arguments]) == 2
        assert re.search("a program for Loihi 1, reading lava, and no net", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.npz",), "missing.npz.*No such file"),
        (("net.npz", "--chip", "pentium"), "expected one of .*loihi1.*'pentium'"),
        (("net.npz", "--chip", "cpu"), r"expected one of (?!.*\bcpu\b,).*xylo_imu, got 'cpu'"),
        (("net.npz", "--steps", "0"), "--steps.*got 0"),
        (("net.npz", "--samples", "0"), "--samples.*got 0"),
        (("net.npz", "--data", "cifar"), "--data"),
        (("net.npz", "--out", "net.npz/x"), "--out"),
        (
            ("subtract.npz",),
            "does not fit, 2 limits broken\n  Loihi 1: 0 Linear: .*reset.*\n  Loihi 1: 2 Linear: .*reset",
        ),
        (("damaged.npz",), "damaged.npz"),
        ((), "checkpoint"),
    ],
)
def test_mistakes_get_one_line_and_limits_one_each(folder, arguments, said, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    saved(folder / "net.npz", sn.reset.to_zero)
    saved(folder / "subtract.npz", sn.reset.subtract)
    (folder / "damaged.npz").write_bytes((folder / "net.npz").read_bytes()[:-100])
    assert main(["deploy", *arguments]) == 2
    *_, last = capsys.readouterr().err.strip().partition("spikenet deploy: ")
    assert re.search(said, last)
    assert len(last.splitlines()) == said.count("\n") + 1


def test_a_chip_with_two_energies_that_are_all_in_has_both_in_its_picture(folder, capsys, monkeypatch):
    """TrueNorth: that of its events and that of its power, neither part of the other."""
    drawn = list[object]()
    draw = sn.plot.energy_levels
    monkeypatch.setattr(sn.plot, "energy_levels", lambda levels: drawn.append(levels) or draw(levels))
    net = sn.Sequential(sn.Linear(64, 12, seed=0), sn.IF(), sn.Linear(12, 10, seed=1), sn.IF())
    sn.save(folder / "small.npz", net)
    arguments = ["deploy", str(folder / "small.npz"), "--chip", "truenorth", "--steps", "5", "--samples", "20"]
    assert main([*arguments, "--out", str(folder / "truenorth")]) == 0
    results = json.loads((folder / "truenorth" / "results.json").read_text())
    (levels,) = drawn
    totals = [table["total"]["known"] for table in levels.values()]
    assert totals == [results[name]["energy_j"] for name in ("energy", "energy_by_power")]
    assert [title.split(":")[0] for title in levels] == ["TrueNorth", "TrueNorth, power x time"]
    assert (results["steps"], results["steps_on_chip"]) == (5, 6)  # the last layer hears a step later
    capsys.readouterr()
