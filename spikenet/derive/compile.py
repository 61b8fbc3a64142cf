"""The one door through which code is compiled.

`compiled` decorates a kernel; `compiled_source` compiles emitted text. Both compile when first called with a type,
keep the result on disk, and say so on standard error when it takes more than a second.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import linecache
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import sigutils
from numba.core.compiler_lock import global_compiler_lock

from spikenet.derive import cache

F = TypeVar("F", bound=Callable[..., Any])

_normalised: Any = sigutils.normalize_signature

_PACKAGE = Path(__file__).resolve().parent.parent

compile_times_s: dict[str, float] = {}
"""Seconds spent compiling, by function name: what a benchmark reports apart from the running time."""

compiled_count: Counter[str] = Counter()
"""How often a function was compiled in this process, by name: once for each signature."""

loaded_count: Counter[str] = Counter()
"""How often one was read from the disk instead."""


def compiled(*, parallel: bool = False, nogil: bool = True) -> Callable[[F], F]:
    """numba.njit for a kernel of this package: no fastmath, C division, safe disk cache.

    parallel: numba.prange runs over threads
    """

    def decorate(function: F) -> F:
        file = Path(inspect.getfile(function)).resolve()
        ours = file.is_relative_to(_PACKAGE)  # a stranger's kernel may call any file beside it
        places = (file if ours else file.parent, Path(__file__).resolve())
        line = str(function.__code__.co_firstlineno)  # with the file's digest among the places, its source
        return _with_cache(function, line, places, parallel=parallel, nogil=nogil)

    return decorate


def compiled_source(
    name: str, source: str, names: dict[str, Any], signature: tuple[Any, ...], *, parallel: bool = True
) -> Callable[..., Any]:
    """The compiled function `name` of the emitted module text `source`; `names` are put among its globals.

    signature: numba types of the arguments. One, given: left to itself numba compiles once more for every combination
               of read-only arguments, such as views with stride 0
    """
    file = f"<spikenet {name}>"
    # numba ties a cached function to a module it can import by name: this one.
    module: dict[str, Any] = {"__name__": __name__, **names}
    exec(compile(source, file, "exec"), module)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # readable tracebacks
    function: Callable[..., Any] = module[name]
    called = {Path(inspect.getfile(v.py_func)).resolve() for v in names.values() if hasattr(v, "py_func")}
    places = (*sorted(called), Path(__file__).resolve())
    dispatcher: Any = _with_cache(function, source, places, parallel=parallel, nogil=True)
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    loop: Callable[..., Any] = dispatcher
    return loop


CORES: frozenset[int] = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
"""Those this process may use; empty where the system does not tell. Asked before OpenMP is loaded, which binds the
thread that loads it to one core if OMP_PROC_BIND says so, and with it every thread that this one starts."""


def _load_thread_pool() -> None:
    """Load numba's OpenMP pool so that waiting threads soon sleep instead of spinning.

    By default they spin for milliseconds; on a machine with anything else to do the spinning thread then takes the core
    the awaited one needs, and a loop of 0.5 ms takes 8. The setting is read when the library is loaded, so it is put
    into the environment for that moment only. Where OpenMP is missing, numba chooses another pool by itself.
    """
    chosen = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys()
    if not chosen:
        os.environ["GOMP_SPINCOUNT"] = "2000"  # about 40 us
    with contextlib.suppress(ImportError):
        importlib.import_module("numba.np.ufunc.omppool")
    if not chosen:
        del os.environ["GOMP_SPINCOUNT"]


_load_thread_pool()  # at import: whatever asks numba about threads first would load it as it is by default


def _with_cache(function: F, source: str, places: tuple[Path, ...], *, parallel: bool, nogil: bool) -> F:
    root: Path = cache.folder()
    entries = cache.DiskCache(function, f"{source} parallel={parallel}", places, root)
    # numba names machine code by qualified name, types and a number that counts from 1 in every process: two functions
    # called alike, compiled by different processes and loaded into a third, would both be the one loaded first.
    function.__qualname__ += f"_{entries.digest}"
    dispatcher: Any = numba.njit(parallel=parallel, nogil=nogil, error_model="numpy")(function)
    dispatcher._cache = entries
    compile_now = dispatcher.compile

    def compile_once(signature: Any) -> Any:
        if _normalised(signature)[0] in dispatcher.overloads:
            return compile_now(signature)  # numba asks for every call from compiled code, also of what it has
        if dispatcher._cache.holds(signature, dispatcher.targetctx):
            loaded_count[function.__name__] += 1
            return compile_now(signature)  # only reads: nobody who compiles something else need be waited for
        with global_compiler_lock, cache.one_process_at_a_time(root):
            started = time.perf_counter()
            notice = threading.Timer(1.0, _notices.say, (function.__name__,))
            notice.daemon = True
            notice.start()
            try:
                return compile_now(signature)
            finally:
                notice.cancel()
                compiled_count[function.__name__] += 1
                spent = time.perf_counter() - started
                compile_times_s[function.__name__] = compile_times_s.get(function.__name__, 0.0) + spent

    dispatcher.compile = compile_once
    return cast(F, dispatcher)


class _Notices:
    """What a user sees while something compiles: a line for each function on a terminal, one line in all elsewhere.

    In a notebook or a log as well: half a minute of silence looks like a fault, and ninety lines like an error.
    """

    def __init__(self) -> None:
        self.wanted, self.said = True, False

    def say(self, name: str) -> None:
        terminal = sys.stderr.isatty()
        if self.wanted and (terminal or not self.said):
            self.said = True
            what = name if terminal else "what is needed"
            root = cache.folder()
            kept = (
                f"once; kept in {root}" if os.access(root, os.W_OK) else f"{root} cannot be written: in every process"
            )
            print(f"spikenet: compiling {what} ({kept})", file=sys.stderr)


_notices = _Notices()


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Inside, nothing is said about compiling: for whoever shows it in another way."""
    before, _notices.wanted = _notices.wanted, False
    try:
        yield
    finally:
        _notices.wanted = before
