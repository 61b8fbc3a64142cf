"""How many threads really run a plan: as many as are quickest just now.

Two threads that meet every 0.1 ms of simulated time lose more by it than they win where a network is small, or the
machine has other work. Nobody knows beforehand, so it is measured: now and then the other number is tried for a moment.
Results do not depend on it.
"""

from __future__ import annotations

import math
import time

import numba

from spikenet.errors import Array
from spikenet.kernels.program import run_windows

TRIAL_S = 2e-3  # how long the other number is tried
SHORTEST_S, LONGEST_S = 0.05, 1.0  # between two trials; longer each time nothing changes
CALL_S = 0.1  # in compiled code at a time
PARDONED = 2  # times in a row that the threads may fail to meet before that number counts as slow


class Workers:
    """Runs the plans of a simulation of `threads` shares."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        many = min(threads, numba.get_num_threads())
        self._step_s = dict.fromkeys((1, many), math.nan)  # seconds a step, when last measured
        self._now, self._left_s, self._trial, self._stretch_s = many, TRIAL_S, True, SHORTEST_S
        self._missed = 0

    def run(self, plan: Array, t: int, end: int, window: int, halts: Array) -> int:
        """Steps t to end - 1, or to where one of the halts is not 0; the step reached."""
        while t < end and not halts.any():
            if self._left_s <= 0:
                self._choose()
            cost = self._step_s[self._now]
            wanted = min(self._left_s, CALL_S) / cost if cost > 0 else 0.0  # nothing is known of NaN
            steps = window * max(1, int(min(wanted, end - t) / window))
            began = time.perf_counter()
            reached = run_windows(plan, self._threads, t, min(end, t + steps), window, halts, self._now)
            spent = time.perf_counter() - began
            self._left_s -= spent
            self._missed = 0 if reached > t else self._missed + 1  # a core that wakes late once may come in time
            if reached > t or self._missed > PARDONED:
                self._step_s[self._now] = spent / (reached - t) if reached > t else math.inf
            t = reached
            if not self._trial and max(self._step_s.values()) == self._step_s[self._now]:
                self._left_s = 0.0  # it is not the quicker one any more
        return t

    def _choose(self) -> None:
        """After a trial go on with the quicker number, after a longer stretch try the other."""
        costs = self._step_s
        other = next((n for n in costs if n != self._now), self._now)
        if not self._trial or math.isnan(costs[other]):
            self._now, self._left_s, self._trial = other, TRIAL_S, True
            return
        changed = costs[self._now] < costs[other]
        self._stretch_s = SHORTEST_S if changed else min(2 * self._stretch_s, LONGEST_S)
        self._now = self._now if changed else other
        self._left_s, self._trial = self._stretch_s, False
