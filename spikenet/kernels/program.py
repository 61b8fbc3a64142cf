"""The loop of the simulator: for every step, each thread runs its own list of operations.

An operation is a compiled function (plan, at, t): it finds what it works on in the table `plan`, from place `at` on,
and does its part of step t. Operations are called by address, so this loop is compiled once for all networks. A spike
takes at least the shortest delay to arrive anywhere: for so many steps (a window) the threads need nothing of each
other, and meet only then.

The plan: first, for each thread, the place of its list; there the number of operations, then the address of the code
and the place of the entry of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.by_address import address_of, call_at
from spikenet.kernels.pointers import array_at

PLAN = numba.types.Array(numba.int64, 1, "C", readonly=True)
OPERATION = (PLAN, numba.int64, numba.int64)
"""The signature of every operation."""

_longs_at = array_at("int64")


def operation_address(function: Any) -> int:
    """Where the code of an operation begins; it is compiled if it was not. Valid as long as the function lives."""
    if not function.overloads:
        function.compile(OPERATION)
        function.disable_compile()
    return address_of(function)


@compiled()
def _steps(plan: Array, thread: Any, t: int, steps: int) -> None:
    begin = plan[thread]
    for step in range(t, t + steps):
        for k in range(plan[begin]):
            call_at(plan[begin + 1 + 2 * k], (plan, plan[begin + 2 + 2 * k], np.int64(step)))


@compiled(parallel=True)
def _windows(plan: Array, threads: int, t: int, end: int, window: int, halts: int, n_halts: int) -> int:
    """Steps t to end - 1, by windows; the step reached, before `end` when one of the words at `halts` is not 0."""
    stop = _longs_at(halts, n_halts)
    while t < end:
        steps = min(window, end - t)
        for thread in numba.prange(threads):
            _steps(plan, np.int64(thread), t, steps)
        t += steps
        halted = False
        for k in range(n_halts):
            halted |= stop[k] != 0
        if halted:
            break
    return t


def run_windows(plan: Array, threads: int, t: int, end: int, window: int, halts: Array) -> int:
    """Run steps t to end - 1 by `threads` threads; returns the step reached, which is `end` unless one halted.

    window: steps between two meetings of the threads, at most the shortest delay
    halts : int64, looked at after each window
    """
    reached: int = _run()(plan, threads, t, end, window, int(halts.ctypes.data), halts.size)
    return reached


def _run() -> Callable[..., int]:
    return _windows
