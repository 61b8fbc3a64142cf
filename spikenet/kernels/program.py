"""The loop of the simulator: for every step, each thread runs its own list of operations.

An operation is a compiled function (plan, at, t): it finds what it works on in the table `plan`, from place `at` on,
and does its part of step t. Operations are called by address, so this loop is compiled once for all networks. A spike
takes at least the shortest delay to arrive anywhere: for so many steps (a window) the threads need nothing of each
other, and meet only then.

The plan: first, for each thread, the place of its list of operations at the beginning of a window, after which the
threads meet, then of its list of every step; there the number of operations, then the address of the code and the place
of the entry of each.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import meeting
from spikenet.kernels.by_address import call_at, compiled_address
from spikenet.kernels.pointers import array_at
from spikenet.kernels.tasks import shared

PLAN = numba.types.Array(numba.int64, 1, "C", readonly=True)
OPERATION = (PLAN, numba.int64, numba.int64)
"""The signature of every operation."""

_longs_at = array_at("int64")
_ONE = np.int64(1)  # typed: a plain number would be compiled for by itself


def operation_address(function: Any) -> int:
    """Where the code of an operation begins; it is compiled if it was not. Valid as long as the function lives."""
    return compiled_address(function, OPERATION)


@compiled()
def _steps(plan: Array, list_at: Any, t: int, steps: Any) -> None:
    begin = plan[list_at]
    for step in range(t, t + steps):
        for k in range(plan[begin]):
            call_at(plan[begin + 1 + 2 * k], (plan, plan[begin + 2 + 2 * k], np.int64(step)))


@compiled()
def _some_halt(stop: Array) -> Any:
    halted = False
    for k in range(stop.size):
        halted |= stop[k] != 0
    return halted


@compiled()
def _alone(plan: Array, threads: int, t: int, end: int, window: int, halts: int, n_halts: int) -> int:
    """Steps t to end - 1, by windows, one share after the other; the step reached."""
    stop = _longs_at(halts, n_halts)
    while t < end:
        steps = min(window, end - t)
        for thread in range(threads):
            _steps(plan, thread, t, _ONE)
        for thread in range(threads):
            _steps(plan, threads + thread, t, steps)
        t += steps
        if _some_halt(stop):
            break
    return t


@compiled()
def _together(
    plan: Array, worker: Any, workers: int, threads: int, t: int, end: int, window: int, stop: Array, words: Array
) -> None:  # fmt: skip
    """As `_alone`, the shares of one worker among several, which meet after each window."""
    first, last = threads * worker // workers, threads * (worker + 1) // workers
    if meeting.all_here(words, workers):
        turn, begins = 0, False
        for thread in range(threads):
            begins |= plan[plan[thread]] > 0
        while t < end:
            steps = min(window, end - t)
            if begins:
                for thread in range(first, last):
                    _steps(plan, thread, t, _ONE)
                turn += 1
                if meeting.is_last(words, workers, turn):
                    meeting.let_go(words, turn)
                else:
                    meeting.wait(words, turn)
            for thread in range(first, last):
                _steps(plan, threads + thread, t, steps)
            t += steps
            turn += 1
            if meeting.is_last(words, workers, turn):  # one looks at the halts, so that all decide alike
                words[meeting.REACHED], words[meeting.VERDICT] = t, _some_halt(stop)
                meeting.let_go(words, turn)
            else:
                meeting.wait(words, turn)
            if words[meeting.VERDICT] != 0:
                break


@shared
def _windows(
    worker: int, plan: Array, workers: int, threads: int, t: int, end: int, window: int, halts: Array, words: Array
) -> None:
    _together(plan, worker, workers, threads, t, end, window, halts, words)


def run_windows(plan: Array, threads: int, t: int, end: int, window: int, halts: Array, workers: int = 1) -> int:
    """Run steps t to end - 1 of a plan for `threads`; returns the step reached: `end`, or where one of the halts was
    not 0 any more, or t if the workers could not come together.

    window : steps between two meetings of the threads, at most the shortest delay
    halts  : int64, looked at after each window
    workers: threads that really run, at most numba.get_num_threads(); the results do not depend on it
    """
    if t >= end:
        return t
    at = int(halts.ctypes.data), halts.size
    if workers == 1:
        return int(_alone(plan, threads, t, end, window, *at))
    words = meeting.words()
    words[meeting.REACHED] = t
    _windows(workers, plan, workers, threads, t, end, window, halts, words)
    return int(words[meeting.REACHED])
