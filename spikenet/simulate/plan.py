"""The table that the compiled loop reads: each thread's operations and what they work on, as addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels.memory import read_only
from spikenet.kernels.program import operation_address


class Plan:
    """Gathers operations, and keeps alive what their addresses point to."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._lists: list[list[tuple[int, list[int]]]] = [[] for _ in range(2 * threads)]
        self._kept: list[Any] = []

    def add(self, thread: int, operation: Callable[..., None], entry: list[int], *, begins: bool = False) -> None:
        """`operation` comes after those that the thread has already; begins: of a window, not of every step."""
        self._kept.append(operation)
        where = self._lists[thread if begins else self.threads + thread]
        where.append((operation_address(operation), [int(word) for word in entry]))

    def address(self, array: Array) -> int:
        """Where a C-contiguous array begins; it lives as long as the plan."""
        assert array.flags.c_contiguous
        self._kept.append(array)
        return int(array.ctypes.data)

    def written(self) -> Array:
        """The whole table."""
        heads = sum(1 + 2 * len(operations) for operations in self._lists)
        words: list[int] = []
        entries: list[int] = []
        begins = []
        for operations in self._lists:
            begins.append(2 * self.threads + len(words))
            words.append(len(operations))
            for code, entry in operations:
                words += [code, 2 * self.threads + heads + len(entries)]
                entries += entry
        return read_only(np.array([*begins, *words, *entries], np.int64))
