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
from spikenet.kernels.unpacking import Key, block_of, key_of, key_of_type, type_of, unpacking

Kinds = tuple[Any, ...]


@compiled(parallel=True)
def _together(unpack: int, function: int, n: int, block: int, threads: int) -> None:
    for thread in numba.prange(threads):
        k = np.int64(thread)
        call_at(unpack, (function, (k * n + threads - 1) // threads, ((k + 1) * n + threads - 1) // threads, block))


@compiled()
def _alone(unpack: int, function: int, n: int, block: int) -> None:
    call_at(unpack, (function, np.int64(0), n, block))


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
        self._entries: dict[tuple[Key, ...], tuple[int, int]] = {}
        self.__doc__ = function.__doc__
        if kinds is not None:
            self._enter(tuple(map(key_of_type, kinds)), kinds)

    def _enter(self, keys: tuple[Key, ...], kinds: Kinds) -> tuple[int, int]:
        signature = (numba.int64, *kinds)
        if signature not in self.function.overloads:
            self.function.compile(signature)
        entry = self._entries[keys] = unpacking(kinds), address_of(self.function, signature)
        return entry

    def __call__(self, n: int, *arguments: Any) -> None:
        keys = tuple(map(key_of, arguments))
        entry = self._entries.get(keys)
        if entry is None:
            if self._fixed:
                raise TypeError(f"{self.function.__name__}: expected arguments {next(iter(self._entries))}, got {keys}")
            entry = self._enter(keys, tuple(map(type_of, keys)))
        block = block_of(arguments)
        # how many threads there are is asked here: numba keeps no compiled function on disk that asks by itself
        threads = min(n, numba.get_num_threads())
        if threads > 1:
            _together(*entry, n, block.ctypes.data, threads)
        else:
            _alone(*entry, n, block.ctypes.data)


def shared(function: Callable[..., None]) -> Shared:
    """Decorates a kernel that is run for every task: see `Shared`."""
    return Shared(compiled()(function))


def in_parallel(function: Any, kinds: Kinds) -> Shared:
    """`Shared` of a function that is compiled for these types alone."""
    return Shared(function, kinds)


def array(dtype: Any, axes: int, *, read: bool) -> Any:
    """The numba type of a C-contiguous array; `read`: of one that is only read."""
    return numba.types.Array(numba.from_dtype(np.dtype(dtype)), axes, "C", readonly=read)
