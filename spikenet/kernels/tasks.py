"""A compiled function run for every task by the threads: compiled once, not three times over as numba's own loops are.

numba copies a function into the parallel loop that calls it, and optimises loop and copies anew: two seconds for what
takes half of one alone. Here the function is compiled alone and called by its address, from a single loop that serves
all functions; its arguments go through that loop as a block of numbers (`unpacking`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.by_address import address_of, call_at
from spikenet.kernels.crew import crew
from spikenet.kernels.unpacking import Keys, block_of, keys_of, types_of, unpacking

Kinds = tuple[Any, ...]
SHARES = 8  # of its tasks that a thread takes one after the other: the fewer, the longer one waits for the other


@compiled()
def _alone(unpack: int, function: int, first: int, end: int, block: int) -> None:
    call_at(unpack, (function, first, end, block))


class Shared:
    """run(n, *arguments): function(task, *arguments) for the tasks 0 to n - 1, shared by the threads.

    function: of `compiled` or `compiled_source`, serial; its first argument an int64, the task; it writes only what no
              other task reads or writes
    kinds   : numba types of the others; None to compile it for those of each call, every array as one to be written.
              Arguments: C-contiguous arrays, integers, floats, booleans, tuples of integers
    """

    def __init__(self, function: Any, kinds: Kinds | None = None) -> None:
        self.function = function
        self._fixed = kinds is not None
        self._entries: list[tuple[Keys, tuple[int, int]]] = []  # few: compared one by one sooner than hashed
        self.__doc__ = function.__doc__
        if kinds is not None:
            self._enter(keys_of(kinds), kinds)

    def _enter(self, keys: Keys, kinds: Kinds) -> tuple[int, int]:
        signature = (numba.int64, *kinds)
        if signature not in self.function.overloads:
            self.function.compile(signature)
        entry = unpacking(kinds), address_of(self.function, signature)
        self._entries.append((keys, entry))
        return entry

    def __call__(self, n: int, *arguments: Any) -> None:
        keys, block = block_of(arguments)
        entry = next((entry for known, entry in self._entries if known == keys), None)
        if entry is None:
            if self._fixed:
                raise TypeError(f"{self.function.__name__}: expected arguments {self._entries[0][0]}, got {keys}")
            entry = self._enter(keys, types_of(keys))
        at = block.buffer_info()[0]
        # how many threads there are is asked here: numba keeps no compiled function on disk that asks by itself
        threads = min(n, numba.get_num_threads())
        share = max(1, n // max(threads * SHARES, 1))
        failed = crew().work(*entry, n, at, share, threads) if threads > 1 else None
        if failed is None:
            _alone(*entry, 0, n, at)
        elif failed:
            _alone(*entry, failed - 1, min(failed - 1 + share, n), at)  # raises what it raised there


def shared(function: Callable[..., None]) -> Shared:
    """Decorates a kernel that is run for every task: see `Shared`."""
    return Shared(compiled()(function))


def in_parallel(function: Any, kinds: Kinds) -> Shared:
    """`Shared` of a function that is compiled for these types alone."""
    return Shared(function, kinds)


def array(dtype: Any, axes: int, *, read: bool) -> Any:
    """The numba type of a C-contiguous array; `read`: of one that is only read."""
    return numba.types.Array(numba.from_dtype(np.dtype(dtype)), axes, "C", readonly=read)
