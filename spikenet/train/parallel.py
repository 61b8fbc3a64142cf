"""Data-parallel training over MPI: every process has the whole net and a share of each minibatch.

    mpiexec -n 4 python train.py        # which calls sn.fit(..., communicator=MPI.COMM_WORLD)

The gradients of the shares, weighted by their sizes, are summed in the order of the processes, whatever the order in
which messages arrive: process k gets everybody's k-th part, sums it and sends the sum to all. So the same number of
processes gives the same bits each time, and another number the same to rounding. Nothing here imports mpi4py: whoever
has a communicator hands it in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from spikenet.errors import Array
from spikenet.train.diverged import TrainingDiverged
from spikenet.train.parameters import Parameters


class Communicator(Protocol):
    """What of an mpi4py communicator is used."""

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def allgather(self, thing: Any) -> list[Any]: ...

    def Bcast(self, buffer: Array, root: int = 0) -> None: ...

    def Alltoall(self, send: Array, receive: Array) -> None: ...

    def Allgather(self, send: Array, receive: Array) -> None: ...


def checked_communicator(where: str, given: Any) -> Communicator | None:
    """The communicator; None for none and for one of a single process. TypeError for what is none."""
    if given is None:
        return None
    wanted = ("rank", "size", "allgather", "Bcast", "Alltoall", "Allgather")
    if isinstance(given, type) or not all(hasattr(given, name) for name in wanted):
        raise TypeError(f"{where}: communicator: expected one of mpi4py such as MPI.COMM_WORLD, got {given!r:.60}")
    one: Communicator = given
    return one if one.size > 1 else None


def share(n: int, communicator: Communicator) -> range:
    """The consecutive samples of n that fall to this process; shares differ by one at most."""
    rank, size = communicator.rank, communicator.size
    return range(n * rank // size, n * (rank + 1) // size)


def begin_together(communicator: Communicator, params: Parameters, same: dict[str, str]) -> None:
    """Every process gets the first one's weights, in place.

    same: what must not differ between processes, by name

    Raises ValueError naming what differs.
    """
    everybody = communicator.allgather((same, {name: (p.shape, str(p.dtype)) for name, p in params.items()}))
    for rank, (other, shapes) in enumerate(everybody):
        for what, value in everybody[0][0].items():
            if other.get(what) != value:
                raise ValueError(
                    f"fit: communicator: expected the same {what} in all processes, got {value} in process 0 and "
                    f"{other.get(what)} in process {rank}"
                )
        if shapes != everybody[0][1]:
            raise ValueError(f"fit: communicator: the net of process {rank} differs from that of process 0")
    for p in params.values():
        whole = np.ascontiguousarray(p.data)
        communicator.Bcast(whole, root=0)
        p.data[...] = whole


def gradients_together(
    communicator: Communicator,
    params: Parameters,
    n: int,
    n_all: int,
    work: Callable[[], tuple[float, dict[str, float]]],
) -> tuple[float, dict[str, float]]:
    """(loss, metrics) of the whole minibatch; its gradients are in the parameters then, the same in all processes.

    n, n_all: samples of this process's share, and of all; without samples there is no work
    work    : computes the gradients of the share, a mean over its samples, and returns its loss and metrics
    """
    for p in params.values():
        p.grad = None
    loss, values, present = 0.0, dict[str, float](), list[str]()

    def mine() -> Any:
        nonlocal loss, values, present
        if n:
            loss, values = work()
            present = [name for name, p in params.items() if p.grad is not None]
        return n, loss, values, present

    everybody = _all_succeed(communicator, mine)
    reached = {name for _, _, _, names in everybody for name in names}
    learnt = [(name, p) for name, p in params.items() if name in reached]
    if learnt:
        kind = np.result_type(*(p.dtype for _, p in learnt))
        weight = kind.type(n / n_all)
        parts = [np.zeros(p.size, kind) if p.grad is None else p.grad.ravel() * weight for _, p in learnt]
        total = ordered_sum(communicator, np.concatenate(parts).astype(kind, copy=False))
        ends = np.cumsum([p.size for _, p in learnt])
        for (_, p), g in zip(learnt, np.split(total, ends[:-1]), strict=True):
            p.grad = g.reshape(p.shape).astype(p.dtype)
    mean = sum(count * value for count, value, _, _ in everybody) / n_all
    names = next(values for count, _, values, _ in everybody if count)
    return mean, {name: sum(c * v[name] for c, _, v, _ in everybody if c) / n_all for name in names}


def summed_together(communicator: Communicator, work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """The sums over all processes of what `work` returns in each, added in their order."""
    everybody = _all_succeed(communicator, work)
    names: dict[str, float] = next((sums for sums in everybody if sums), {})
    return {name: sum(sums.get(name, 0.0) for sums in everybody) for name in names}


def follow_first(communicator: Communicator, params: Parameters, work: Callable[[], set[str]]) -> None:
    """Runs `work` in process 0 and puts what it changed, the parameters it names, into those of all others.

    Their bounds go with them. When it fails, all processes raise.
    """
    is_first = communicator.rank == 0

    def mine() -> Any:
        return {name: (params[name].data, params[name].bounds) for name in work()} if is_first else None

    for name, (values, bounds) in _all_succeed(communicator, mine)[0].items():
        if not is_first:
            params[name].data[...] = values
            params[name].bounds = bounds


def ordered_sum(communicator: Communicator, vector: Array) -> Array:
    """The sum of everybody's vector (n,), the same bits in all processes and at every call."""
    size = communicator.size
    part = -(-vector.size // size)
    padded = np.zeros(size * part, vector.dtype)
    padded[: vector.size] = vector
    received = np.empty((size, part), vector.dtype)
    communicator.Alltoall(padded, received)
    total = received[0]
    for more in received[1:]:
        total += more
    communicator.Allgather(np.ascontiguousarray(total), padded)
    return padded[: vector.size]


def anywhere(communicator: Communicator, here: bool) -> bool:
    """Whether `here` holds in any process."""
    return any(communicator.allgather(here))


def _all_succeed(communicator: Communicator, work: Callable[[], Any]) -> list[Any]:
    """What `work` returns in each process; when it fails in one, all raise: none must wait for one that left."""
    failure: Exception | None = None
    result: Any = None
    try:
        result = work()
    except Exception as error:  # whatever it is, the others have to hear of it
        failure = error
    said = None if failure is None else failure if isinstance(failure, TrainingDiverged) else repr(failure)
    everybody = communicator.allgather((result, said))
    if failure is not None:
        raise failure
    for rank, (_, other) in enumerate(everybody):
        if isinstance(other, TrainingDiverged):
            raise other
        if other is not None:
            raise RuntimeError(f"fit: process {rank} failed: {other}")
    return [result for result, _ in everybody]
