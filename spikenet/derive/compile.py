"""The one door through which code is compiled.

`compiled` decorates a kernel; `compiled_source` compiles emitted text. Both compile when first called with a type,
keep the result on disk, and say so on the terminal when it takes more than a second.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.compiler_lock import global_compiler_lock

from spikenet.derive import cache

F = TypeVar("F", bound=Callable[..., Any])

compile_times_s: dict[str, float] = {}
"""Seconds spent compiling, by function name: what a benchmark reports apart from the running time."""


def compiled(*, parallel: bool = False, nogil: bool = True) -> Callable[[F], F]:
    """numba.njit for a kernel of this package: no fastmath, C division, safe disk cache.

    parallel: numba.prange runs over threads
    """

    def decorate(function: F) -> F:
        room = Path(inspect.getfile(function)).resolve().parent
        return _with_cache(function, inspect.getsource(function), (room,), parallel=parallel, nogil=nogil)

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
    dispatcher: Any = _with_cache(function, source, (), parallel=parallel, nogil=True)
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    loop: Callable[..., Any] = dispatcher
    return loop


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


def _with_cache(function: F, source: str, rooms: tuple[Path, ...], *, parallel: bool, nogil: bool) -> F:
    dispatcher: Any = numba.njit(parallel=parallel, nogil=nogil, error_model="numpy")(function)
    root: Path = cache.folder()
    dispatcher._cache = cache.DiskCache(function, f"{source} parallel={parallel}", rooms, root)
    compile_now = dispatcher.compile

    def compile_once(signature: Any) -> Any:
        if dispatcher._cache.holds(signature, dispatcher.targetctx):
            return compile_now(signature)  # only reads: nobody who compiles something else need be waited for
        with global_compiler_lock, cache.one_process_at_a_time(root):
            started = time.perf_counter()
            notice = threading.Timer(1.0, _say, (function.__name__,))
            notice.daemon = True
            notice.start()
            try:
                return compile_now(signature)
            finally:
                notice.cancel()
                spent = time.perf_counter() - started
                compile_times_s[function.__name__] = compile_times_s.get(function.__name__, 0.0) + spent

    dispatcher.compile = compile_once
    return cast(F, dispatcher)


def _say(name: str) -> None:
    if sys.stderr.isatty():
        print(f"spikenet: compiling {name} (once; kept in {cache.folder()})", file=sys.stderr)
