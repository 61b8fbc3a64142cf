"""Compiled functions kept on disk: one file a function and signature, named by a digest of all that it depends on.

numba's own disk cache notices edits of the file a function stands in, but not of other files whose functions it calls,
and its shared index can mix up two processes that compile different signatures at once. Here the name of the file
*is* the key: a digest of the function's source and closure, of its file and all that this imports of the package, of
the versions and of the processor. So an entry is never stale, nothing is shared that
could be mixed up, writing is one atomic rename, and a folder that cannot be written is simply not written. As with
numba's cache, entries are pickles: the folder must be the user's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import compiler, serialize

_rebuild: Any = compiler.CompileResult._rebuild  # as numba's own disk cache uses them
_dumps: Any = serialize.dumps


@cache
def folder() -> Path:
    """Where compiled code is kept: the user's cache folder, by the platform's own convention."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", _home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        root = _home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache")
    return root / "spikenet" / "compiled"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without a home, as in some containers: nothing can be kept there, and nothing is
        return Path(os.devnull)


_PACKAGE = Path(__file__).resolve().parent.parent
_IMPORTS = re.compile(rf"^ *(?:from|import) +({_PACKAGE.name}[\w.]*)(?: +import +(\([^)]*\)|[^\n]*))?", re.MULTILINE)


@cache
def imported(file: Path) -> tuple[Path, ...]:
    """The files of this package that a source file imports, read from its text."""
    found: set[Path] = set()
    for module, names in _IMPORTS.findall(file.read_text(encoding="utf-8")):
        place = _PACKAGE.joinpath(*module.split(".")[1:])
        for candidate in (place, *(place / name for name in re.findall(r"\w+", names))):
            found.update(f for f in (candidate.with_suffix(".py"), candidate / "__init__.py") if f.is_file())
    return tuple(sorted(found))


@cache
def sources_digest(*sources: Path) -> bytes:
    """Digest of the files in `sources`, of all that they import of this package, and of the versions.

    sources: files, or folders that stand for all the files in them
    """
    files: set[Path] = set()
    waiting = [file for source in sources for file in (source.glob("*.py") if source.is_dir() else (source,))]
    while waiting:
        file = waiting.pop()
        if file not in files and file.is_file():
            files.add(file)
            waiting += imported(file)
    digest = hashlib.sha256(f"{numba.__version__} {platform.python_version()} {platform.machine()}".encode())
    for file in sorted(files):
        digest.update(str(file.name).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.digest()


def read(file: Path) -> bytes | None:
    """What `write` put there, or None when there is nothing or it is not whole."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, payload = content[:32], content[32:]
    return payload if hashlib.sha256(payload).digest() == digest else None


def write(file: Path, payload: bytes) -> None:
    """An entry, whole or not at all; a folder that cannot be written is left alone."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(hashlib.sha256(payload).digest() + payload)
            os.replace(temporary, file)
        except OSError:
            Path(temporary).unlink(missing_ok=True)


class DiskCache:
    """What a numba dispatcher asks of its cache: load or save one compiled signature.

    source: all that the function is made of
    places: files and folders of the functions it may call, besides what they import from this package
    root  : where entries are kept

    `digest` tells the function from all others, in whatever process.
    """

    def __init__(self, function: Any, source: str, places: tuple[Path, ...], root: Path) -> None:
        closure = tuple(cell.cell_contents for cell in function.__closure__ or ())
        self._key = hashlib.sha256(sources_digest(*places))
        for part in (function.__module__, function.__qualname__, source, repr(closure)):
            self._key.update(part.encode() + b"\0")
        self._name = function.__name__
        self.digest = self._key.hexdigest()[:16]
        self.cache_path = str(root)

    def _file(self, signature: Any, codegen: Any) -> Path:
        key = self._key.copy()
        key.update(repr((str(signature), codegen.magic_tuple())).encode())
        return Path(self.cache_path) / f"{self._name}-{key.hexdigest()[:32]}.bin"

    def holds(self, signature: Any, target: Any) -> bool:
        """Whether there is an entry, so that loading it may well succeed."""
        return self._file(signature, target.codegen()).is_file()

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function, or None when it is not there or cannot be read."""
        target.refresh()
        payload = read(self._file(signature, target.codegen()))
        if payload is None:
            return None
        try:
            return _rebuild(target, *pickle.loads(payload))
        except Exception:  # whole but from elsewhere: unpickling may raise anything, and compiling anew is always right
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep the compiled function; a folder that cannot be written leaves it in memory only."""
        if compiled.library.has_dynamic_globals or any(not part.can_cache for part in compiled.lifted):
            return
        write(self._file(signature, compiled.codegen), _dumps(compiled._reduce()))

    def flush(self) -> None:
        """numba's recompile() asks for this; an entry named by its content needs no removal."""

    def enable(self) -> None:
        """Part of numba's interface; this cache is always on."""

    def disable(self) -> None:
        """Part of numba's interface; this cache is always on."""


_held = 0


@contextlib.contextmanager
def one_process_at_a_time(root: Path) -> Iterator[None]:
    """Lets one process compile while others wait for it; without a writable folder each compiles for itself."""
    global _held  # compiling one function compiles those it calls: the lock is counted, under numba's compiler lock
    if _held:
        _held += 1
        try:
            yield
        finally:
            _held -= 1
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            root.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(root / "lock", "w"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed, or the process dies
        _held = 1
        try:
            yield
        finally:
            _held = 0
