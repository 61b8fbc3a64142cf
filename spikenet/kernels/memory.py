"""Large arrays from memory that is used again.

A training step needs the same large arrays every time. Given back to the system and asked for anew, each costs a page
fault for every 4 KB, on a virtual machine several times the work done in it. Here a buffer goes back to a shelf when
the last array on it is gone, and the next request of its size takes it from there. Buffers begin at a cache line:
vector loads that straddle two lines take twice as long.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import Any

import numpy as np

from spikenet.errors import Array

LINE = 64  # bytes of a cache line
SMALL = 1 << 16  # bytes below which the system's allocator is as good
IDLE_LIMIT = 1 << 29  # bytes kept on the shelf at most; what has lain longest goes first


class _Shelf:
    """Idle buffers by size, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # reentrant: collecting garbage while holding it may put another buffer back
        self._idle: OrderedDict[int, list[Array]] = OrderedDict()
        self._idle_bytes = 0

    def take(self, size: int) -> Array:
        with self._lock:
            buffers = self._idle.get(size)
            if buffers:
                self._idle_bytes -= size
                return buffers.pop()
        raw = np.empty(size + LINE, np.uint8)
        start = -raw.ctypes.data % LINE
        return raw[start : start + size]

    def put(self, buffer: Array) -> None:
        with self._lock:
            self._idle.setdefault(buffer.size, []).append(buffer)
            self._idle.move_to_end(buffer.size)
            self._idle_bytes += buffer.size
            while self._idle_bytes > IDLE_LIMIT:
                size, buffers = next(iter(self._idle.items()))
                if buffers:
                    buffers.pop()
                    self._idle_bytes -= size
                if not buffers:
                    del self._idle[size]


_SHELF = _Shelf()


class _Lease:
    """Owns a buffer as long as any array looks at it; numpy keeps it alive as the arrays' base."""

    def __init__(self, shape: tuple[int, ...], kind: np.dtype[Any], buffer: Array) -> None:
        self._buffer, self._put = buffer, _SHELF.put  # its own: when Python ends, names of modules are gone before it
        data = (buffer.ctypes.data, False)
        self.__array_interface__ = {"shape": shape, "typestr": kind.str, "data": data, "version": 3}

    def __del__(self) -> None:
        self._put(self._buffer)


def empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """An uninitialised C-contiguous array that begins at a multiple of 64 bytes."""
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size < SMALL:
        raw = np.empty(size + LINE, np.uint8)
        start = -raw.ctypes.data % LINE
        small: Array = raw[start : start + size].view(kind).reshape(shape)
        return small
    return np.asarray(_Lease(shape, kind, _SHELF.take(-(-size // SMALL) * SMALL)))


def read_only(array: Array) -> Array:
    """The same array for reading: numba compiles a kernel once more for every mixture of the two."""
    view = array.view()
    view.flags.writeable = False
    return view


def aligned(array: Array) -> Array:
    """A copy that begins at a multiple of 64 bytes."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """As `empty`, filled with 0."""
    array = empty(shape, dtype)
    array.fill(0)
    return array
