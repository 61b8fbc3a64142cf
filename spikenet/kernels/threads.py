"""Small loops run on one thread: waking a second one costs more than it takes over.

Results do not depend on it: every kernel gives each target to one thread and sums in a fixed order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numba

WORTH_SHARING_NS = 50_000.0  # a parallel region costs some 10 us, several times that while the machine is busy


@contextlib.contextmanager
def enough_threads(expected_ns: float) -> Iterator[None]:
    """Inside, parallel kernels use one thread if the work of `expected_ns` nanoseconds is not worth sharing."""
    threads = numba.get_num_threads()
    if threads == 1 or expected_ns >= WORTH_SHARING_NS:
        yield
        return
    with one_thread():
        yield


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Inside, parallel kernels use one thread."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(threads)
