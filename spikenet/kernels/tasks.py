"""A compiled function run for every task by the threads: compiled once, not three times over as numba's own loops are.

numba copies a function into the parallel loop that calls it, and optimises loop and copies anew. Here the function is
compiled alone and called by its address, from a loop that serves all functions with the same arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled_source
from spikenet.kernels.by_address import address_of, call_at

Kinds = tuple[Any, ...]

_TASKS = """
def tasks(address, n, {names}):
    for task in numba.prange(n):
        call_at(address, (np.int64(task), {names}))
"""


@cache
def _loop(kinds: Kinds) -> Callable[..., Any]:
    text = _TASKS.format(names=", ".join(f"a{k}" for k in range(len(kinds))))
    names = {"np": np, "numba": numba, "call_at": call_at}
    return compiled_source("tasks", text, names, (numba.int64, numba.int64, *kinds))


def in_parallel(function: Any, kinds: Kinds) -> Callable[..., None]:
    """run(n, *arguments): function(task, *arguments) for the tasks 0 to n - 1, shared by the threads.

    function: of `compiled` or `compiled_source`, serial; it writes only what no other task reads or writes
    kinds   : numba types of its arguments without the first, an int64
    """
    signature = (numba.int64, *kinds)
    if not function.overloads:
        function.compile(signature)
        function.disable_compile()
    elif signature not in function.overloads:
        raise TypeError(
            f"in_parallel: {function.__name__} was compiled for other types; make one function for each set"
        )
    loop, address = _loop(kinds), address_of(function)

    def run(n: int, *arguments: Any) -> None:
        loop(address, n, *arguments)

    run.function = function  # type: ignore[attr-defined]  # the address is valid as long as the function lives
    return run


def array(dtype: Any, axes: int, *, read: bool) -> Any:
    """The numba type of a C-contiguous array; `read`: of one that is only read."""
    return numba.types.Array(numba.from_dtype(np.dtype(dtype)), axes, "C", readonly=read)
