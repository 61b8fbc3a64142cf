"""Processes that share a network over MPI: each has its own neurons and the synapses onto them.

    mpiexec -n 4 python -m mpi4py script.py     # which makes sn.Simulation(net, communicator=MPI.COMM_WORLD)

(With -m mpi4py, an error in one process ends them all.) After every shortest delay they tell each other who fired. Each
lists the spikes of lower processes before and those of higher ones behind its own, so that synapses are summed in the
same order by any number of processes, and the results are the same bits. Nothing here imports mpi4py: whoever has a
communicator hands it in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import exchange
from spikenet.kernels.memory import read_only
from spikenet.simulate.layout import Layout

T = TypeVar("T")


class Communicator(Protocol):
    """What of an mpi4py communicator is used."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def allgather(self, thing: Any) -> list[Any]: ...

    def Allgather(self, send: Array, receive: Array) -> None: ...


class Ranks:
    """This process among all; alone without a communicator."""

    def __init__(self, communicator: Any = None) -> None:
        if communicator is not None and (
            isinstance(communicator, type)
            or not all(hasattr(communicator, name) for name in ("rank", "size", "allgather", "Allgather"))
        ):
            raise TypeError(
                f"simulate: communicator: expected one of mpi4py such as MPI.COMM_WORLD, got {communicator!r:.60}"
            )
        self._communicator: Communicator | None = communicator
        self.rank = 0 if communicator is None else int(communicator.rank)
        self.size = 1 if communicator is None else int(communicator.size)

    def everybody(self, thing: Any) -> list[Any]:
        """What each process has given, in their order."""
        return [thing] if self._communicator is None else self._communicator.allgather(thing)

    def by_first(self, work: Callable[[], T]) -> T | None:
        """What `work` returns in the first process, None in others, which wait; when it fails there, all raise."""
        result, failure = None, None
        if self.rank == 0:
            try:
                result = work()
            except Exception as error:
                if self.size == 1:
                    raise
                failure = error
        said = self.everybody(None if failure is None else (type(failure).__name__, str(failure)))[0]
        if failure is not None:
            raise failure
        if said is not None:
            raise RuntimeError(f"simulate: process 0 failed: {said[0]}: {said[1]}")
        return result

    def all_same(self, facts: dict[str, Any]) -> None:
        """ValueError naming what differs between processes."""
        for other, theirs in enumerate(self.everybody(facts)):
            for name, value in facts.items():
                if theirs[name] != value:
                    raise ValueError(
                        f"simulate: communicator: expected the same {name} in all processes, got {value!r:.60} here "
                        f"and {theirs[name]!r:.60} in process {other}"
                    )

    def gather_rows(self, send: Array) -> Array:
        """(size, *send.shape)."""
        assert self._communicator is not None
        received = np.empty((self.size, *send.shape), send.dtype)
        self._communicator.Allgather(np.ascontiguousarray(send), received)
        return received

    def joined(self, pieces: Sequence[Array], axis: int = 0) -> Array:
        """Everybody's pieces, one after the other."""
        mine = np.concatenate(pieces, axis=axis)
        return mine if self.size == 1 else np.concatenate(self.everybody(mine), axis=axis)


class Exchange:
    """Spikes of a window, told to all."""

    def __init__(self, ranks: Ranks, layout: Layout) -> None:
        self._ranks, self._layout = ranks, layout
        self._own = np.array([_words(one) for shares in layout.shares for one in shares], np.int64)
        self._others = np.array([[_words(lists[0]), _words(lists[-1])] for lists in layout.lists], np.int64)
        self._room = np.empty(1 << 12, np.uint32)

    def tell(self, step: int, end: int, stop: bool) -> bool:
        """Exchange the spikes of steps `step` to end - 1, at most a window; whether anybody wants to stop there."""
        steps, slots = end - step, self._layout.slots
        counts = np.empty((len(self._own) + 1, steps), np.int32)
        counts[-1] = 0
        counts[-1, 0] = stop
        own = read_only(self._own)
        total = exchange.pack(own, slots, step, steps, counts, self._room)
        if total > self._room.size:
            self._room = np.empty(2 * total, np.uint32)
            exchange.pack(own, slots, step, steps, counts, self._room)
        all_counts = self._ranks.gather_rows(counts)
        most = int(all_counts[:, :-1].sum(axis=(1, 2), dtype=np.int64).max())
        if most == 0:
            neurons = np.empty((self._ranks.size, 0), np.uint32)
        else:
            if most > self._room.size:
                self._room = np.concatenate([self._room[:total], np.empty(2 * most - total, np.uint32)])
            neurons = self._ranks.gather_rows(self._room[:most])
        exchange.unpack(
            read_only(self._others), slots, step, steps, self._ranks.rank, self._layout.threads, all_counts, neurons
        )
        return bool(all_counts[:, -1, 0].any())


def _words(one: Any) -> list[int]:
    return [one.counts.ctypes.data, one.places.ctypes.data, one.places.shape[1]]
