"""Whether operations remember how they were computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_recording: ContextVar[bool] = ContextVar("recording", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside `with no_grad():` operations remember nothing, so their results cannot be differentiated.

    Holds for the thread (or asynchronous task) that entered it; a new thread records again. Also a decorator.
    """
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


@contextmanager
def recording() -> Iterator[None]:
    """Inside, operations remember again, also within `no_grad`: for a vjp that runs a part of the graph anew."""
    token = _recording.set(True)
    try:
        yield
    finally:
        _recording.reset(token)


def is_recording() -> bool:
    """Whether operations remember how they were computed: False inside `no_grad`."""
    return _recording.get()
