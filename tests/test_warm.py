"""`spikenet warm`: compiles once, into the cache, what training then finds there; what is said about compiling."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numba
import pytest

from spikenet.cli import main, warm
from spikenet.derive import compile as door

ROOT = Path(__file__).resolve().parent.parent


def process(cache, *command):
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=120, env=environment, check=True, cwd=ROOT
    )


ONE_PART = """
from spikenet.cli.warm import _update, warm
from spikenet.train import optim
print(*warm([("SGD", lambda: _update(optim.SGD(0.1)))]))
"""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the cache is elsewhere by default")
def test_the_second_time_nothing_is_compiled(tmp_path):
    first, second = (process(tmp_path, "-c", ONE_PART) for _ in range(2))
    n_compiled, n_there = map(int, first.stdout.split())
    assert n_compiled > 2
    assert n_there == 0
    kept = [file for file in tmp_path.rglob("*.bin") if not file.name.startswith("unpacking")]
    assert len(kept) == n_compiled
    n_compiled, n_there = map(int, second.stdout.split())
    assert n_compiled == 0
    assert n_there > 1
    assert "compiling ahead: 1 parts" in second.stderr


def test_every_part_has_tasks_and_covers_the_models():
    from spikenet.neurons import surrogate

    names = {part: [name for name, _ in tasks()] for part, tasks in warm.PARTS.items()}
    assert all(names.values())
    for model in ("IF", "LIF", "CubaLIF"):
        for curve in surrogate.USUAL:
            assert f"{model} with {curve.name}" in names["neurons"]
            assert f"recurrent {model} with {curve.name}" in names["recurrent"]
    assert {"LI", "LeakyRate", "LIFRate"} <= set(names["neurons"])


@pytest.mark.usefixtures("interpreted")
def test_every_model_can_be_run(monkeypatch):
    """With the loops interpreted: that each task works; what compiles is tried elsewhere."""
    for _, work in [*warm.neurons()][::11]:
        work()


def test_says_how_many_and_refuses_unknown_parts(capsys, monkeypatch):
    ran = []
    monkeypatch.setitem(warm.PARTS, "optimisers", lambda: iter([("one", lambda: ran.append(1))]))
    assert main(["warm", "optimisers"]) == 0
    captured = capsys.readouterr()
    assert ran == [1]
    assert captured.out.startswith("compiled 0 functions in 0 s, 0 were there already")
    assert "compiling ahead: 1 parts" in captured.err
    assert main(["warm", "nothing"]) == 2
    assert "expected parts among neurons, recurrent" in capsys.readouterr().err


@pytest.fixture
def notices(monkeypatch):
    fresh = door._Notices()
    monkeypatch.setattr(door, "_notices", fresh)
    return fresh


def test_a_log_gets_one_line_about_compiling(notices, capsys):
    for name in ("forward", "adjoint"):
        notices.say(name)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("spikenet: compiling what is needed (once; kept in ")


def test_a_terminal_gets_a_line_for_each(notices, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for name in ("forward", "adjoint"):
        notices.say(name)
    assert [line.split()[2] for line in capsys.readouterr().err.splitlines()] == ["forward", "adjoint"]


def test_nothing_is_said_where_it_is_shown_otherwise(notices, capsys):
    with door.without_notices():
        notices.say("forward")
    assert capsys.readouterr().err == ""
    notices.say("forward")
    assert "compiling" in capsys.readouterr().err


def test_compiling_is_counted_and_announced_after_a_second(notices, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(door.cache, "folder", lambda: tmp_path)
    timer = threading.Timer
    monkeypatch.setattr(door.threading, "Timer", lambda wait, *rest: timer(wait / 100, *rest))
    before = door.compiled_count.total()
    source = "def made_up(x):\n    for i in range(x.size):\n        x[i] += 1\n"
    door.compiled_source("made_up", source, {}, (numba.float64[::1],), parallel=False)
    assert door.compiled_count.total() == before + 1
    assert door.compiled_count["made_up"] == 1
    time.sleep(0.05)
    assert "compiling" in capsys.readouterr().err
    loaded = door.loaded_count["made_up"]
    door.compiled_source("made_up", source, {}, (numba.float64[::1],), parallel=False)
    assert door.loaded_count["made_up"] == loaded + 1
    assert door.compiled_count["made_up"] == 1
