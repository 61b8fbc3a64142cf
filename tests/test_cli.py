"""The command line: exit codes, one line for a mistake, and everything a comparison leaves behind."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

import hw
import spikenet as sn
from spikenet.cli import command, compare, folder, info, main, pictures
from spikenet.cli.unfinished import training_file
from spikenet.derive.compile import without_notices
from spikenet.train import TrainingDiverged
from spikenet.train import step as steps

SMALL = ("--epochs", "1", "--hidden", "16", "--steps", "4", "--quiet")
PICTURES = {
    *("raster.png", "membranes.png", "energy.png", "accuracy_energy.png", "training.png"),
}
FILES = PICTURES | {"table.txt", "results.json", "run.json", "ann.npz", "snn.npz"}


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str
    folder: Path
    nets: dict[str, Any]  # as trained, by the name of the file they were saved in

    def json(self, name):
        """A file read as JSON by its letter: NaN and Infinity are none."""

        def refuse(constant):
            raise AssertionError(f"{name} contains {constant}")

        return json.loads((self.folder / name).read_text(encoding="utf-8"), parse_constant=refuse)


def run(folder, *arguments, drawing=True):
    """`spikenet compare` in this process; without drawing when the pictures are not looked at."""
    out, err, nets = io.StringIO(), io.StringIO(), {}
    save = sn.save

    def kept(path, net):
        nets[Path(path).name] = net
        save(path, net)

    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for one in (contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), without_notices()):
            stack.enter_context(one)
        patch.setattr(sn, "save", kept)
        if not drawing:
            patch.setattr(pictures, "draw", lambda *_: [])
        code = main(["compare", "--out", str(folder), *arguments])
    return Run(code, out.getvalue(), err.getvalue(), Path(folder), nets)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """One comparison on the digits, small but whole."""
    return run(tmp_path_factory.mktemp("cli") / "made" / "by it", *SMALL)


def idx_bytes(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def tiny(tmp_path):
    """An IDX data set of 40 training and 12 test images of 4 x 4 pixels in 3 classes, as an argument of --data."""
    where, rng = tmp_path / "tiny", np.random.default_rng(0)
    where.mkdir()
    for part, n in (("train", 40), ("t10k", 12)):
        labels = np.arange(n) % 3
        images = rng.integers(0, 100, (n, 4, 4)) + 70 * labels[:, None, None]
        (where / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (where / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    return f"idx:{where}"


def contents(where):
    return {path.name: path.read_bytes() for path in where.iterdir()}


# ---- a comparison --------------------------------------------------------------------------------------------------


def test_a_comparison_ends_well_and_says_what_it_does(done):
    assert done.code == 0
    said = done.err.splitlines()
    assert said[0] == "digits: 1438 samples to train on, 359 to test"
    assert [line.split()[0] for line in said[1:]] == ["training", "training", "counting", "drawing", "done"]


def test_everything_is_written_and_nothing_else(done):
    assert {path.name for path in done.folder.iterdir()} == FILES
    assert f"{len(PICTURES)} pictures, table.txt, results.json and both nets are in {done.folder}" in done.out


def test_the_table_is_printed_and_kept(done):
    table = (done.folder / "table.txt").read_text(encoding="utf-8")
    assert table.startswith("digits: 359 test samples")
    assert done.out.startswith(table)
    assert done.out.isascii()
    for word in ("accuracy", "MAC", "AC", "spikes", "memory", "Break-even", "int8", "45 nm CMOS", "Loihi 1"):
        assert word in table


def test_results_hold_every_row(done):
    results = done.json("results.json")
    rows = {(row["net"], row["device"], row["number_format"]): row for row in results["comparison"]["rows"]}
    assert len(rows) == len(results["comparison"]["rows"])
    cmos, loihi = hw.chips.cmos45.name, hw.chips.loihi1.name
    assert rows.keys() == {
        *(("ANN", cmos, "float32"), ("ANN", cmos, "int8")),
        *(("SNN", cmos, "float32"), ("SNN", cmos, "int8"), ("SNN", loihi, "float32")),
    }
    for (net, _, _), row in rows.items():
        assert 0 <= row["accuracy"] <= 1
        assert row["energy_j"] > 0
        assert row["macs"] > 0
        assert (row["spikes"] is None) == (net == "ANN")
        assert f"{row['accuracy']:.2%}" in done.out
    assert rows["ANN", cmos, "int8"]["energy_j"] < rows["ANN", cmos, "float32"]["energy_j"]
    assert rows["SNN", loihi, "float32"]["energy_is_lower_bound"]
    assert results["comparison"]["samples"] == 359


def test_the_plan_is_kept_beside_the_results(done):
    plan = done.json("run.json")
    assert plan == done.json("results.json")["plan"]
    asked = {"data": "digits", "epochs": 1, "steps": 4, "seed": 0, "version": sn.__version__}
    assert {name: plan[name] for name in asked} == asked
    curves = done.json("results.json")["curves"]
    assert curves.keys() == {"ANN", "SNN"}
    for curve in curves.values():
        assert {"loss", "accuracy", "test loss", "test accuracy"} <= curve.keys()
        assert all(len(values) == plan["epochs"] for values in curve.values())


def test_both_nets_can_be_loaded(done):
    """The same outputs bit by bit, and the accuracy that the table states."""
    _, test = sn.data.digits(seed=0)
    accuracy = {row["net"]: row["accuracy"] for row in done.json("results.json")["comparison"]["rows"][::-1]}
    for name, x in (("ann", test.inputs), ("snn", sn.encode.Constant(4)(test.inputs))):
        trained, loaded = done.nets[f"{name}.npz"], sn.load(done.folder / f"{name}.npz")
        assert loaded is not trained
        y = loaded(x).data
        np.testing.assert_array_equal(y, trained(x).data)
        scores = y if name == "ann" else y.sum(axis=0)
        assert np.mean(scores.argmax(axis=1) == test.labels) == pytest.approx(accuracy[name.upper()], abs=1e-12)
        hidden = [p.shape for key, p in loaded.parameters().items() if key.endswith("weight")]
        assert hidden[0] == (64, 16)
        assert hidden[-1] == (16, 10)


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_pictures_show_something(done, name):
    """A PNG of a few hundred to a few thousand dots a side, neither blank nor black."""
    size = (done.folder / name).stat().st_size
    assert 5_000 < size < 2_000_000
    height, width, _ = (dots := matplotlib.image.imread(done.folder / name)).shape
    assert 300 < width < 5000
    assert 200 < height < 5000
    grey = dots[..., :3].mean(axis=2)
    assert 0.3 < grey.mean() < 0.999
    assert (grey < 0.5).mean() > 1e-3


def test_the_same_seed_gives_the_same_files(done, tmp_path):
    """Numbers, table and nets, byte by byte: nothing in them depends on the clock."""
    again = run(tmp_path, *SMALL, drawing=False)
    assert again.code == 0
    for name in FILES - PICTURES:
        assert (tmp_path / name).read_bytes() == (done.folder / name).read_bytes(), name


def test_another_seed_gives_another_result(tiny, tmp_path):
    results = [
        run(tmp_path / str(k), "--data", tiny, "--seed", seed, *SMALL, drawing=False).json("results.json")
        for k, seed in enumerate(("1", "1", "2"))
    ]
    assert results[0] == results[1]
    assert results[0]["curves"] != results[2]["curves"]


def test_idx_files_and_the_smallest_nets(tiny, tmp_path):
    """One hidden unit, one step, fewer samples than a batch: nothing to draw is no reason to stop."""
    small = run(tmp_path / "out", "--data", tiny, "--epochs", "1", "--hidden", "1", "--steps", "1", "--quiet")
    assert (small.code, small.err.splitlines()[0]) == (0, "tiny: 40 samples to train on, 12 to test")
    assert {path.name for path in small.folder.iterdir()} == FILES
    assert small.json("run.json")["batch_size"] == 40
    assert small.json("results.json")["comparison"]["data"] == "tiny"


def test_a_log_gets_lines_and_no_bar(tiny, tmp_path):
    """Standard error is no terminal here: what is done is said, but no bar is drawn over and over."""
    shown = run(tmp_path / "out", "--data", tiny, "--epochs", "2", "--hidden", "3", "--steps", "2", drawing=False)
    assert shown.code == 0
    assert "training the SNN" in shown.err
    assert "epoch 2/2" not in shown.err
    assert "\r" not in shown.err


# ---- mistakes ------------------------------------------------------------------------------------------------------


def one_line(capsys):
    """The one line on standard error; nothing on standard output."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("\n")
    assert len(captured.err.splitlines()) == 1, captured.err
    assert "Traceback" not in captured.err
    return captured.err.rstrip("\n")


MISTAKES = [
    ([], "COMMAND"),
    (["bogus"], "'bogus'"),
    (["--bogus", "compare"], "COMMAND|--bogus"),
    (["info", "more"], "more"),
    (["chips", "--all"], "--all"),
    (["compare", "--bogus"], "--bogus"),
    (["compare", "--a\nb"], "--a b"),
    (["compare", "--epochs"], "--epochs: expected one argument"),
    (["compare", "--epochs", "0"], "--epochs: .*>= 1, got 0"),
    (["compare", "--epochs", "-3"], "--epochs: .*>= 1, got -3"),
    (["compare", "--epochs", "x"], "--epochs: .*'x'"),
    (["compare", "--epochs", "nan"], "--epochs: .*'nan'"),
    (["compare", "--epochs", "1.5"], "--epochs: .*'1.5'"),
    (["compare", "--steps", "0"], "--steps: .*>= 1, got 0"),
    (["compare", "--hidden", "-1"], "--hidden: .*>= 1, got -1"),
    (["compare", "--seed", "-1"], "--seed: .*>= 0, got -1"),
    (["compare", "--seed", str(2**64)], rf"--seed: .*< 2\*\*64, got {2**64}"),
    (["compare", "--data", "mnist"], "--data: expected digits or idx:FOLDER, got 'mnist'"),
    (["compare", "--data", ""], "--data: .*''"),
    (["compare", "--data", "Digits\n"], "--data: .*Digits"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=lambda value: " ".join(value)[:30] or "nothing")
def test_a_mistake_gets_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    """Before any work: nothing is written either."""
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == command.MISTAKE
    line = one_line(capsys)
    assert line.startswith("spikenet")
    assert re.search(words, line), line
    assert not list(tmp_path.iterdir())


def test_a_missing_folder(capsys, tmp_path):
    assert main(["compare", "--data", f"idx:{tmp_path / 'nowhere'}", "--out", str(tmp_path / "out")]) == command.MISTAKE
    assert f"{tmp_path / 'nowhere'}: expected a folder" in one_line(capsys)


def test_a_folder_without_data(capsys, tmp_path):
    assert main(["compare", "--data", f"idx:{tmp_path}", "--out", str(tmp_path / "out")]) == command.MISTAKE
    assert "expected a file train-images-idx3-ubyte" in one_line(capsys)


@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_truncated_file(file, tiny, capsys, tmp_path):
    path = Path(tiny.removeprefix("idx:")) / file
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["compare", "--data", tiny, "--out", str(tmp_path / "out")]) == command.MISTAKE
    assert f"{path}: truncated" in one_line(capsys)


@pytest.mark.parametrize("below", ["", "/folder", "/folder/deeper"])
def test_a_place_where_nothing_can_be_written(below, capsys, tmp_path):
    (tmp_path / "file").write_text("kept")
    assert main(["compare", "--out", f"{tmp_path / 'file'}{below}"]) == command.MISTAKE
    assert f"--out: expected a folder to write into, got '{tmp_path / 'file'}{below}'" in one_line(capsys)
    assert contents(tmp_path) == {"file": b"kept"}


def test_a_traceback_for_who_asks_for_it(tmp_path):
    with pytest.raises(ValueError, match="--epochs"):
        main(["compare", "--epochs", "0", "--traceback", "--out", str(tmp_path)])


# ---- failures during the work --------------------------------------------------------------------------------------


def failing(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(compare, "_spiking", fail)


FAILURES = [
    (KeyboardInterrupt(), command.INTERRUPTED, "interrupted"),
    (TrainingDiverged("the loss is nan", 3, 1, "layer 0", None), command.FAILED, "epoch 3, step 1: the loss is nan"),
    (MemoryError("Unable to allocate 477. GiB"), command.FAILED, "Unable to allocate 477. GiB"),
    (MemoryError(), command.FAILED, "not enough memory"),
    (OverflowError("int too large"), command.MISTAKE, "int too large"),
    (ValueError("first\n  second"), command.MISTAKE, "first second"),
    (FileNotFoundError(2, "No such file", "some/where"), command.MISTAKE, "some/where: No such file"),
]


@pytest.mark.parametrize(("error", "code", "words"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_failure_gets_one_line_and_its_own_code(error, code, words, tiny, tmp_path, monkeypatch):
    """After the lines that said how far it had come; codes are 1, 2 and 130."""
    assert (command.FAILED, command.MISTAKE, command.INTERRUPTED) == (1, 2, 130)
    failing(monkeypatch, error)
    stopped = run(tmp_path / "out", "--data", tiny, *SMALL)
    assert stopped.code == code
    *said, last = stopped.err.splitlines()
    assert [line.split()[0] for line in said] == ["tiny:", "training", "training"]
    assert last.startswith("spikenet compare: ")
    assert words in last
    assert stopped.out == ""


def test_our_own_mistakes_are_not_hidden(tiny, tmp_path, monkeypatch):
    failing(monkeypatch, KeyError("a bug"))
    with pytest.raises(KeyError, match="a bug"):
        run(tmp_path / "out", "--data", tiny, *SMALL)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("too late"), MemoryError()], ids=repr)
def test_a_run_that_stops_keeps_the_results_of_an_earlier_one(error, done, tiny, monkeypatch):
    before = contents(done.folder)
    failing(monkeypatch, error)
    assert run(done.folder, "--data", tiny, *SMALL).code != 0
    after = contents(done.folder)
    training_file(done.folder, "ANN").unlink()
    assert after.pop("ann-training.npz")
    assert after == before


@pytest.mark.parametrize("mistake", [("--epochs", "0"), ("--data", "mnist"), ("--data", "idx:/nowhere/at/all")])
def test_a_mistake_keeps_the_results_of_an_earlier_run(mistake, done):
    before = contents(done.folder)
    assert run(done.folder, *mistake).code == command.MISTAKE
    assert contents(done.folder) == before


# ---- going on after a stop -----------------------------------------------------------------------------------------


def interrupted_in(step, monkeypatch):
    """Ctrl-C, a real signal, in one step of training; each epoch of the tiny data is one step."""
    taken = 0

    def take_step(*arguments):
        nonlocal taken
        taken += 1
        if taken == step:
            signal.raise_signal(signal.SIGINT)
        return steps.take_step(*arguments)

    monkeypatch.setattr("spikenet.train.advance.take_step", take_step)


@pytest.mark.parametrize("step", [3, 9], ids=["in the ANN", "in the SNN"])
def test_a_resumed_run_equals_one_that_was_never_stopped(step, tiny, tmp_path):
    """Everything it writes, byte by byte."""
    arguments = ("--data", tiny, "--epochs", "6", "--hidden", "5", "--steps", "3", "--quiet")
    with pytest.MonkeyPatch.context() as patch:
        interrupted_in(step, patch)
        stopped = run(tmp_path / "out", *arguments, drawing=False)
    assert stopped.code == command.INTERRUPTED
    assert stopped.err.endswith("interrupted; the same command with --resume goes on from there\n")
    assert contents(tmp_path / "out").keys() == {"ann-training.npz"} | ({"snn-training.npz"} if step > 6 else set())
    assert run(tmp_path / "out", *arguments, "--resume", drawing=False).code == 0
    assert run(tmp_path / "whole", *arguments, drawing=False).code == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_nothing_to_resume(tiny, tmp_path):
    refused = run(tmp_path / "out", "--data", tiny, *SMALL, "--resume")
    assert refused.code == command.MISTAKE
    assert "--resume: expected ann-training.npz in" in refused.err.splitlines()[-1]


def test_another_run_cannot_be_resumed(tiny, tmp_path, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    assert run(tmp_path / "out", "--data", tiny, *SMALL).code == command.INTERRUPTED
    refused = run(tmp_path / "out", "--data", tiny, *SMALL, "--resume", "--seed", "3")
    assert refused.code == command.MISTAKE
    assert "ann-training.npz: resume: expected seed 0, got 3" in refused.err.splitlines()[-1]


# ---- the folder ----------------------------------------------------------------------------------------------------


def test_the_folder_is_made_and_probed_without_a_trace(tmp_path):
    made = folder.result_folder(str(tmp_path / "a" / "b"))
    assert made == tmp_path / "a" / "b"
    assert made.is_dir()
    assert folder.result_folder(str(made)) == made
    assert not list(made.iterdir())


def test_text_is_whole_or_as_before(tmp_path, monkeypatch):
    path, usual = tmp_path / "table.txt", tmp_path / "usual"
    usual.touch()
    folder.write_text(path, "old\n")
    folder.write_text(path, "µ new\n")
    assert path.read_bytes() == "µ new\n".encode()
    assert path.stat().st_mode == usual.stat().st_mode
    usual.unlink()

    def full(*_):
        raise OSError(28, "No space left on device")

    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, full)
            with pytest.raises(OSError, match="No space"):
                folder.write_text(path, "lost\n")
        assert contents(tmp_path) == {"table.txt": "µ new\n".encode()}


# ---- the other commands --------------------------------------------------------------------------------------------


def test_info(capsys):
    assert main(["info"]) == 0
    captured = capsys.readouterr()
    facts = dict(line.split(maxsplit=1) for line in captured.out.splitlines())
    assert captured.err == ""
    assert facts["spikenet"] == sn.__version__
    assert facts["python"] == sys.version.split()[0]
    assert facts["numpy"] == np.__version__
    for name, value in info.facts().items():
        assert f"{name:18}{value}" in captured.out.splitlines()
        assert value.strip()
    for name in ("numba", "llvmlite", "scipy", "matplotlib", "scikit-learn", "tqdm", "processor", "threads", "cache"):
        assert facts[name] not in ("", "not installed")
    assert any(pool in info.facts()["threading layer"] for pool in ("omp", "tbb", "workqueue"))


def test_chips(capsys):
    assert main(["chips"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{hw.report.limits(hw.chips.ALL)}\n{hw.report.chips(hw.chips.ALL)}\n"
    assert captured.err == ""
    for chip in hw.chips.ALL:
        assert chip.name in captured.out
    assert main(["chips", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["Loihi 1"]["energies"]["synaptic op"]["value"] == 23.6
    assert found["Loihi 2"]["energies"]["synaptic op"]["value"] is None
    assert list(found) == [chip.name for chip in hw.chips.ALL]


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"spikenet {sn.__version__}\n"
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in ("compare", "info", "chips"):
        assert name in out
        assert main([name, "--help"]) == 0
        assert f"usage: spikenet {name}" in capsys.readouterr().out


def test_help_states_the_defaults(capsys):
    options = command.parser().parse_args(["compare"])
    main(["compare", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name in ("steps", "hidden", "seed", "out"):
        assert f"({getattr(options, name)})" in shown, name
    options.data = "idx:somewhere"
    epochs = [compare._plan(command.parser().parse_args(["compare"])).epochs, compare._plan(options).epochs]
    assert "({} for digits, {} for idx)".format(*epochs) in shown


# ---- as a process --------------------------------------------------------------------------------------------------


def process(*arguments, **more):
    """`python -m spikenet`, its output buffered as it usually is."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command_line = [sys.executable, "-m", "spikenet", *arguments]
    return subprocess.Popen(command_line, stderr=subprocess.PIPE, text=True, env=environment, **more)


def test_a_reader_that_went_away():
    """As `spikenet chips | head -0`: no complaint and no error."""
    chips = process("chips", stdout=subprocess.PIPE)
    chips.stdout.close()
    assert chips.stderr.read() == ""
    chips.stderr.close()
    assert chips.wait(60) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        _, err = (chips := process("chips", stdout=full)).communicate(timeout=60)
    assert chips.returncode == command.MISTAKE
    assert len(err.splitlines()) == 1
    assert "No space left" in err


@pytest.mark.skipif(sys.platform == "win32", reason="there, Ctrl-C cannot be sent to one process")
def test_ctrl_c(tmp_path):
    """A real one, in the middle of training: 130, one line, and the training so far."""
    training = process(
        "compare", "--epochs", "100000", "--hidden", "3", "--quiet", "--out", str(tmp_path), stdout=subprocess.PIPE
    )
    try:
        while not (tmp_path / "ann-training.npz").exists():  # after the first epoch
            assert training.poll() is None
            time.sleep(0.05)
        training.send_signal(signal.SIGINT)
        out, err = training.communicate(timeout=60)
    finally:
        training.kill()
        training.wait()
    assert training.returncode == command.INTERRUPTED
    *said, last = err.splitlines()
    assert [line.split()[0] for line in said] == ["digits:", "training"]
    assert (out, last) == ("", "spikenet compare: interrupted; the same command with --resume goes on from there")
    assert [path.name for path in tmp_path.iterdir()] == ["ann-training.npz"]


INTERRUPTED_BY_AN_IMPORT = """
import sys
library = sys.argv.pop()
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == library:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from spikenet_command import main
sys.exit(main())
"""


@pytest.mark.parametrize(("library", "said"), [("lazy_loader", "spikenet"), ("numba", "spikenet compare")])
def test_ctrl_c_during_the_imports(library, said):
    """The installed command answers from the first import on: nothing of the package is loaded before."""
    arguments = [sys.executable, "-c", INTERRUPTED_BY_AN_IMPORT, "compare", library]
    stopped = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (130, "", f"{said}: interrupted\n")
