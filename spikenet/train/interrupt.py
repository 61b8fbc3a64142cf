"""Ctrl-C between two steps: a signal that arrives during one waits until it is over, so no update is cut in half."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Deferred:
    """A signal handler that remembers the first Ctrl-C and lets the second one through at once.

    forced: whether the second one has come: then nothing is known to be whole
    """

    def __init__(self, handler: Any) -> None:
        self.forced = False
        self._handler = handler
        self._waiting: int | None = None

    @property
    def waiting(self) -> bool:
        """Whether a Ctrl-C has come that was not delivered."""
        return self._waiting is not None

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        if self._waiting is None:
            self._waiting = signum
        else:
            self.forced = True
            self._handler(signum, frame)

    def deliver(self) -> None:
        """Gives a waiting Ctrl-C to the handler that was there before, which usually raises KeyboardInterrupt."""
        if self._waiting is not None:
            signum, self._waiting = self._waiting, None
            self._handler(signum, None)


@contextmanager
def deferred_interrupt() -> Iterator[Deferred]:
    """Defers Ctrl-C inside the block, where Python may: in the main thread, when it is handled at all."""
    before = signal.getsignal(signal.SIGINT)
    deferred = Deferred(before)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield deferred
        return
    signal.signal(signal.SIGINT, deferred)
    try:
        yield deferred
    finally:
        signal.signal(signal.SIGINT, before)
    deferred.deliver()  # one that came too late for the block
