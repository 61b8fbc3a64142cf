"""The disk cache of compiled code: never stale, safe among processes, and never in the way.

Only tiny functions are compiled. What concerns edits and processes runs in processes of its own, with a copy of the
rooms that compile and a cache folder of its own.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import pytest

from spikenet.derive import cache
from spikenet.derive.compile import compiled_source

PACKAGE = Path(cache.__file__).resolve().parents[1]

CALLER = """
from spikenet.derive.compile import compiled
from {package}.helper import times

@compiled()
def twice(x):
    return times(times(x))
"""
HELPER = """
from spikenet.derive.compile import compiled

FACTOR = 2

@compiled()
def times(x):
    return FACTOR * x
"""
PROGRAM = """
from {package}.caller import twice
from {package}.helper import times
print(twice(3), sum(sum(f.stats.cache_misses.values()) for f in (twice, times)))
"""


class House:
    """A copy of the package with two small kernels in `package`, and an empty cache folder."""

    def __init__(self, root: Path, package: str) -> None:
        self.package, self.home, self.cache = package, root / "home", root / "cache"
        for room in ("derive", "neurons", "kernels"):
            shutil.copytree(PACKAGE / room, self.home / "spikenet" / room, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PACKAGE / "errors.py", self.home / "spikenet")
        (self.home / "spikenet/__init__.py").touch()
        self.folder = self.home / package.replace(".", "/")
        self.folder.mkdir(exist_ok=True)
        (self.folder / "__init__.py").touch()
        (self.folder / "caller.py").write_text(CALLER.format(package=package))
        (self.folder / "helper.py").write_text(HELPER)

    def start(self, before: str = "") -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
        environment |= {"PYTHONPATH": str(self.home), "XDG_CACHE_HOME": str(self.cache), "PYTHONDONTWRITEBYTECODE": "1"}
        program = before + PROGRAM.format(package=self.package)
        return subprocess.Popen(
            [sys.executable, "-c", program], env=environment, cwd=self.home, text=True, stdout=-1, stderr=-1
        )

    def run(self, before: str = "") -> tuple[int, int]:
        """(what twice(3) is, how many functions had to be compiled)."""
        return finished(self.start(before))

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.home / file
        text = path.read_text()
        assert text.count(old) == 1
        stamp = path.stat().st_mtime_ns
        path.write_text(text.replace(old, new))
        os.utime(path, ns=(stamp, stamp))  # an edit that the clock does not show

    def entries(self) -> list[Path]:
        return sorted(self.cache.rglob("*.bin"))


def finished(process: subprocess.Popen[str]) -> tuple[int, int]:
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert all(line.startswith("spikenet: compiling") for line in error.splitlines()), error  # when it takes long
    value, misses = out.split()
    return int(value), int(misses)


def test_never_stale_after_an_edit(tmp_path):
    """Of a function called from another file, of a constant, of the caller."""
    house = House(tmp_path, "spikenet.kernels")
    helper, caller = "spikenet/kernels/helper.py", "spikenet/kernels/caller.py"
    assert house.run() == (12, 2)
    assert house.run() == (12, 0)
    house.edit(helper, "return FACTOR * x", "return FACTOR + x")
    assert house.run() == (7, 2)
    house.edit(helper, "FACTOR = 2", "FACTOR = 5")
    assert house.run() == (13, 2)
    house.edit(caller, "times(times(x))", "times(times(times(x)))")
    assert house.run() == (18, 1), "what the caller calls has not changed"
    house.edit(helper, "FACTOR = 5", "FACTOR = 2")
    house.edit(helper, "return FACTOR + x", "return FACTOR * x")
    house.edit(caller, "times(times(times(x)))", "times(times(x))")
    assert house.run() == (12, 0), "back to what is still kept"


def test_kernels_of_another_package(tmp_path):
    """Edits in their own folder count, and edits of what they import from this package; others do not."""
    house = House(tmp_path, "elsewhere")
    assert house.run() == (12, 2)
    house.edit("elsewhere/helper.py", "return FACTOR * x", "return FACTOR + x")
    assert house.run() == (7, 2)
    house.edit("spikenet/derive/cache.py", "import os\n", "import os\n\n")
    assert house.run() == (7, 2)
    house.edit("spikenet/neurons/primitives.py", "import math\n", "import math\n\n")
    assert house.run() == (7, 0)


def test_eight_processes_on_an_empty_cache(tmp_path):
    """All succeed and agree; one compiles, the others wait and load; nothing half-written stays behind."""
    house = House(tmp_path, "spikenet.kernels")
    results = [finished(process) for process in [house.start() for _ in range(8)]]
    assert {value for value, _ in results} == {12}
    assert sum(misses for _, misses in results) == 2
    assert len(house.entries()) == 2
    assert {file.name.split("-")[0] for file in (house.cache / "spikenet/compiled").iterdir()} == {
        "twice",
        "times",
        "lock",
    }
    assert house.run() == (12, 0)


# As root every folder can be written: the capability to do so is dropped, which takes effect in a program started anew.
WITHOUT_ROOTS_RIGHTS = """
import ctypes, os, sys
if os.getuid() == 0 and "dropped" not in sys.argv:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP
    os.execv(sys.executable, [sys.executable, "-c", sys.orig_argv[2], "dropped"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="drops a Linux capability")
def test_a_folder_that_cannot_be_written_is_read_and_left_alone(tmp_path):
    house = House(tmp_path, "spikenet.kernels")
    assert house.run() == (12, 2)
    folder = house.cache / "spikenet/compiled"
    before = sorted(folder.iterdir())
    (folder / "lock").chmod(0o444)
    folder.chmod(0o555)
    try:
        assert house.run(WITHOUT_ROOTS_RIGHTS) == (12, 0)
        house.edit("spikenet/kernels/helper.py", "FACTOR = 2", "FACTOR = 3")
        assert house.run(WITHOUT_ROOTS_RIGHTS) == (27, 2)
        assert sorted(folder.iterdir()) == before
    finally:
        folder.chmod(0o755)


def test_a_cache_folder_that_is_no_folder(tmp_path):
    house = House(tmp_path, "spikenet.kernels")
    house.cache.write_text("in the way")
    assert house.run() == (12, 2)
    assert house.cache.read_text() == "in the way"


# In this process: functions are compiled in a module made anew each time


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setattr(cache, "folder", lambda: folder)
    return folder


def function(tmp_path, monkeypatch, body="return x + 1", name="f", decorator="compiled()"):
    """A function compiled from a file, as if by a process that has just started."""
    file = tmp_path / "one_kernel.py"
    file.write_text(
        f"from spikenet.derive.compile import compiled\n\n@{decorator}\ndef {name}(x):\n"
        + textwrap.indent(body, "    ")
        + "\n"
    )
    spec = importlib.util.spec_from_file_location("one_kernel", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "one_kernel", module)
    monkeypatch.setattr("linecache.cache", {})
    cache.sources_digest.cache_clear()
    cache.imported.cache_clear()
    spec.loader.exec_module(module)
    return getattr(module, name)


def hits(compiled):
    return sum(compiled.stats.cache_hits.values())


def with_digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest() + payload


DAMAGE = {
    "empty": lambda good: b"",
    "cut off": lambda good: good[:40],
    "cut off by a byte": lambda good: good[:-1],
    "one bit": lambda good: good[:1000] + bytes([good[1000] ^ 1]) + good[1001:],
    "noise": lambda good: os.urandom(len(good)),
    "no pickle": lambda good: with_digest(b"noise"),
    "pickle of something else": lambda good: with_digest(pickle.dumps(("something", "else"))),
    "pickle of no tuple": lambda good: with_digest(pickle.dumps(3)),
    "pickle of what is gone": lambda good: with_digest(b"cno_such_module\nthing\n."),
    "pickle that raises": lambda good: with_digest(b"cbuiltins\nint\n(S'x'\ntR."),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_compiled_anew_and_mended(damage, tmp_path, root, monkeypatch):
    assert function(tmp_path, monkeypatch)(1) == 2
    (entry,) = root.glob("*.bin")
    good = entry.read_bytes()
    entry.write_bytes(DAMAGE[damage](good))
    again = function(tmp_path, monkeypatch)
    assert again(1) == 2
    assert hits(again) == 0
    assert hashlib.sha256(entry.read_bytes()[32:]).digest() == entry.read_bytes()[:32]
    mended = function(tmp_path, monkeypatch)
    assert mended(1) == 2
    assert hits(mended) == 1


def test_an_entry_that_is_a_folder(tmp_path, root, monkeypatch):
    assert function(tmp_path, monkeypatch)(1) == 2
    (entry,) = root.glob("*.bin")
    entry.unlink()
    entry.mkdir()
    assert function(tmp_path, monkeypatch)(1) == 2
    assert not list(root.glob(".writing-*"))


def test_every_type_has_its_own_entry(tmp_path, root, monkeypatch):
    f = function(tmp_path, monkeypatch)
    assert f(1) == 2
    assert f(1.5) == 2.5
    assert len(list(root.glob("f-*.bin"))) == 2
    again = function(tmp_path, monkeypatch)
    assert (again(1), again(1.5)) == (2, 2.5)
    assert hits(again) == 2


def test_what_else_makes_another_entry(tmp_path, root, monkeypatch):
    """The text, the name, the kind of loop."""
    made = [
        function(tmp_path, monkeypatch),
        function(tmp_path, monkeypatch, "return x + 2"),
        function(tmp_path, monkeypatch, name="g"),
        function(tmp_path, monkeypatch, decorator="compiled(parallel=True)"),
    ]
    with pytest.warns(numba.NumbaPerformanceWarning):  # nothing to run in parallel in it
        assert [f(1) for f in made] == [2, 3, 2, 2]
    assert len(list(root.glob("*.bin"))) == 4


def test_closures_are_told_apart(tmp_path, root, monkeypatch):
    file = tmp_path / "makers.py"
    file.write_text(
        "from spikenet.derive.compile import compiled\n\n"
        "def adder(n):\n    @compiled()\n    def add(x):\n        return x + n\n    return add\n"
    )
    spec = importlib.util.spec_from_file_location("makers", file)
    for _ in range(2):
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "makers", module)
        spec.loader.exec_module(module)
        assert [module.adder(n)(10) for n in (1, 2, 30)] == [11, 12, 40]
    assert len(list(root.glob("add-*.bin"))) == 3


def emitted(text, names=None):
    signature = (numba.types.float64,)
    return compiled_source("f", f"def f(x):\n    return {text}\n", names or {}, signature, parallel=False)


ALIKE = """
import sys
import numba
import numpy as np
from spikenet.derive.compile import compiled_count, compiled_source
from spikenet.kernels.tasks import array, in_parallel

kind = array(np.int64, 1, read=False)
texts = [f"def f(task, x): x[task] += {n}" for n in sys.argv[1:]]
for f in [compiled_source("f", text, {}, (numba.int64, kind), parallel=False) for text in texts]:
    x = np.zeros(2, np.int64)
    f(0, x)
    in_parallel(f, (kind,))(1, x)  # by its address
    print(x[0])
in_parallel(f, (kind,))(2, x)
print(sum(compiled_count.values()))
"""


def test_functions_called_alike_that_different_processes_compiled(tmp_path):
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}

    def run(*numbers):
        return subprocess.check_output([sys.executable, "-c", ALIKE, *numbers], env=environment, text=True).split()

    assert run("1") == ["2", "8"]  # with what goes through tasks, and the threads that help
    assert run("2") == ["4", "1"]
    assert run("1", "2") == ["2", "4", "0"]  # numba numbers functions anew in every process: both were its first


def test_emitted_text_is_its_own_key(root):
    assert emitted("x + 1.0")(1.0) == 2
    assert emitted("x + 2.0")(1.0) == 3
    assert len(list(root.glob("*.bin"))) == 2
    again = emitted("x + 1.0")
    assert again(1.0) == 2
    assert hits(again) == 1


def test_emitted_code_takes_the_types_it_was_made_for_and_no_others(root):
    f = emitted("x + 1.0")
    assert len(f.signatures) == 1
    with pytest.raises(TypeError, match="No matching definition"):
        f("text")


def test_an_error_in_emitted_code_shows_its_line(root):
    with pytest.raises(numba.TypingError, match=r"return len\(x\)"):
        emitted("len(x)")


def test_a_failed_compilation_releases_the_lock(root):
    with pytest.raises(numba.TypingError):
        emitted("unknown")
    assert emitted("x - 1.0")(1.0) == 0
    assert cache._held == 0


def test_where_the_cache_is(monkeypatch, tmp_path):
    where = cache.folder.__wrapped__
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert where() == tmp_path / "spikenet/compiled"
    for value in ("", None):
        monkeypatch.setenv("XDG_CACHE_HOME", value) if value is not None else monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", str(tmp_path / "me"))
        assert where() == tmp_path / "me/.cache/spikenet/compiled"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert where() == tmp_path / "me/Library/Caches/spikenet/compiled"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert where() == tmp_path / "local/spikenet/compiled"


def test_a_user_without_a_home_compiles_all_the_same(monkeypatch, tmp_path):
    """As in a container that runs under an arbitrary number."""

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    folder = cache.folder.__wrapped__()
    monkeypatch.setattr(cache, "folder", lambda: folder)
    assert function(tmp_path, monkeypatch)(1) == 2
    assert not folder.exists()
