"""What a run needs besides its plan: threads, its length in steps, and what to say when a state is no number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba

from spikenet.errors import Array, finite_number, whole
from spikenet.network.clock import LAST
from spikenet.network.network import Network

MOST_SHARES = 1024  # of neurons; more than any machine's cores


def parts_of(network: Network) -> tuple[list[Any], ...]:
    """What a network is made of, as it is now."""
    return list(network.populations), list(network.projections), list(network.drives)


def check_unchanged(network: Network, built: tuple[list[Any], ...]) -> None:
    """ValueError, by name, for what was put into a network after a simulation of it was built."""
    kinds = ("population {0.name!r}", "projection {0.name}", "drive of {0.target.name!r}")
    for kind, before, now in zip(kinds, built, parts_of(network), strict=True):
        known = set(map(id, before))
        if late := [part for part in now if id(part) not in known]:
            raise ValueError(
                f"simulate: the {kind.format(late[0])} came after this simulation was made, and is not in it; "
                "make another one, sn.Simulation(net), once the network is whole"
            )


@contextmanager
def using_threads(wanted: int) -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(min(wanted, most_threads()))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def steps_in(duration_s: float, dt_s: float) -> int:
    seconds = finite_number("simulate: duration_s", duration_s)
    if seconds > LAST * dt_s:
        raise ValueError(f"simulate: duration_s: expected at most {LAST * dt_s:g} s, got {seconds:g}")
    steps = round(seconds / dt_s)
    if seconds < 0 or abs(steps * dt_s - seconds) > 1e-6 * dt_s * max(1.0, 1e-6 * steps):
        raise ValueError(f"simulate: duration_s: expected a multiple of {dt_s:g} s, got {seconds!r}")
    return steps


def raise_fault(network: Network, faults: list[Array], dt_s: float) -> None:
    """FloatingPointError when a state is no number; faults: of each process (populations, threads, 2)."""
    found = [
        (int(f[0]), k, int(f[1])) for ours in faults for k, by_thread in enumerate(ours) for f in by_thread if f[0] >= 0
    ]
    if found:
        step, population, neuron = min(found)
        name = network.populations[population].name
        raise FloatingPointError(
            f"simulate: a state of neuron {neuron} of {name!r} is no number (NaN) "
            f"after step {step}, at {(step + 1) * dt_s:g} s"
        )


def thread_count(wanted: Any) -> int:
    """How many shares a simulation has; as many as there are threads when None is wanted."""
    threads = most_threads() if wanted is None else whole("simulate: threads", wanted)
    if threads > MOST_SHARES:
        raise ValueError(f"simulate: threads: expected at most {MOST_SHARES}, got {threads}")
    return threads


def most_threads() -> int:
    """How many threads compiled loops may use."""
    config: Any = numba.config
    return int(config.NUMBA_NUM_THREADS)
