"""Threads that take part in a loop of tasks if they come in time.

A parallel loop of numba's ends when every thread has been there, even one that had to be woken first: on a machine with
anything else to do, milliseconds for a loop of one. Here the caller goes through the tasks, and whoever is awake takes
some of them from the same count. When none is left the door is shut: who has not come by then is not waited for.

Those who wait look for the next job without pause at first, then take naps that grow, then sleep until they are woken.
What all share is a row of 64-bit words; those that change lie on a cache line each.
"""

from __future__ import annotations

import contextlib
import os
import threading

import numpy as np

from spikenet.derive.compile import CORES, compiled
from spikenet.errors import Array
from spikenet.kernels import sleeping
from spikenet.kernels.by_address import succeeds_at
from spikenet.kernels.meeting import LINE, add_to, exchange, give_way, load, nap, rest, store

JOB, DOOR, TAKEN, FAILED, WORK, SLEEP = range(0, 6 * LINE, LINE)  # WORK: unpack, function, n, block, share, hands
SHUT = 1 << 32  # of DOOR, which else counts who is inside
GONE = -1  # of JOB, when the crew is dismissed
EAGER = 1 << 13  # looks for the next job, or for the end of one, before giving the core away: some 100 us
NAP_US, LONGEST_NAP_US = 10, 500  # each nap is longer by 1 / 16; past the longest, after some 10 ms, comes sleep


@compiled()
def _work(words: Array) -> None:
    """Takes tasks until there are none."""
    unpack, function, n, block, share = words[WORK], words[WORK + 1], words[WORK + 2], words[WORK + 3], words[WORK + 4]
    first = np.int64(add_to(words, TAKEN, share))
    while first < n:
        if not succeeds_at(unpack, (function, first, min(first + share, n), block)):
            store(words, FAILED, 1 + first)
        first = np.int64(add_to(words, TAKEN, share))


@compiled()
def _lead(words: Array, unpack: int, function: int, n: int, block: int, share: int, hands: int) -> int:
    """Does all tasks; 0, or 1 + the first of a share in which one failed."""
    for k, word in enumerate((unpack, function, n, block, share, hands)):
        words[WORK + k] = word
    store(words, TAKEN, 0)
    store(words, FAILED, 0)
    store(words, DOOR, 0)
    add_to(words, JOB, 1)
    sleeping.wake_all(words, SLEEP)
    _work(words)
    add_to(words, DOOR, SHUT)
    looks = 0
    while load(words, DOOR) != SHUT:  # those inside finish the tasks they have taken
        if looks < EAGER:
            rest()
        else:
            give_way()
        looks += 1
    return int(load(words, FAILED))


@compiled()
def _serve(words: Array, number: int) -> None:
    """Helps with every job, as far as it takes more than `number` hands, until the crew is dismissed."""
    seen, looks, nap_us = np.int64(0), 0, np.int64(NAP_US)
    while True:
        job = np.int64(load(words, JOB))
        if job == GONE:
            return
        if job != seen:
            seen, looks, nap_us = job, 0, np.int64(NAP_US)
            inside = np.int64(load(words, DOOR))
            while inside < SHUT:
                if exchange(words, DOOR, inside, inside + 1):
                    if number < words[WORK + 5]:
                        _work(words)
                    add_to(words, DOOR, -1)
                    break
                inside = np.int64(load(words, DOOR))
        elif looks < EAGER:
            looks += 1
            rest()
        elif nap_us < LONGEST_NAP_US:
            nap(nap_us)
            nap_us += nap_us // 16 + 1
        else:
            sleeping.sleep_while(words, JOB, seen, SLEEP)


def _member(words: Array, number: int) -> None:
    """What a thread of the crew does, on any core, whatever the one that started it is bound to."""
    if CORES:
        with contextlib.suppress(OSError):  # a core that was taken away meanwhile
            os.sched_setaffinity(0, CORES)
    _serve(words, number)


class Crew:
    """Threads beside the calling one, hired when first wanted. They never hold Python's lock while they serve."""

    def __init__(self) -> None:
        self._words = np.zeros(SLEEP + sleeping.WORDS, np.int64)
        self._words[DOOR] = SHUT
        self._threads: list[threading.Thread] = []
        self._busy = threading.Lock()

    def work(self, unpack: int, function: int, n: int, block: int, share: int, hands: int) -> int | None:
        """Does n tasks, taken `share` at a time, with `hands` threads at most; None if the crew is at work already.

        Returns 0, or 1 + the first of a share in which a task failed.

        unpack, function, block: as of `tasks.Shared`
        """
        if not self._busy.acquire(blocking=False):
            return None
        try:
            while len(self._threads) < hands - 1:
                self._hire()
            return int(_lead(self._words, unpack, function, n, block, share, hands))
        finally:
            self._busy.release()

    def _hire(self) -> None:
        if not self._threads:
            sleeping.prepare(self._words, SLEEP)
            nobody = np.zeros_like(self._words)
            nobody[JOB] = GONE
            _serve(nobody, 0)  # compiled here: a thread that compiles while Python ends may bring it down
        number = len(self._threads) + 1
        one = threading.Thread(target=_member, args=(self._words, number), name=f"spikenet-{number}", daemon=True)
        self._threads.append(one)
        one.start()

    def dismiss(self) -> None:
        """Ends the threads; the crew is of no use any more."""
        self._words[JOB] = GONE
        sleeping.wake_all(self._words, SLEEP)
        for one in self._threads:
            one.join()


_crew = Crew()


def crew() -> Crew:
    """The one of this process."""
    return _crew


def _begin_anew() -> None:
    global _crew
    _crew = Crew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)  # which has none of its parent's threads
