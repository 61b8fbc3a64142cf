"""Large arrays from memory that is used again.

A training step needs the same large arrays every time. Given back to the system and asked for anew, each costs a page
fault for every 4 KB, on a virtual machine several times the work done in it. Here a buffer goes back to a shelf when
the last array on it is gone, and the next request of its size takes it from there. Buffers begin at a cache line:
vector loads that straddle two lines take twice as long.
"""

from __future__ import annotations

import math
import mmap
import threading
from collections import OrderedDict
from typing import Any

import numpy as np

from spikenet.errors import Array

LINE = 64  # bytes of a cache line
TINY = 1 << 12  # bytes below which it does not matter where an array begins
SMALL = 1 << 16  # bytes below which the system's allocator is as good
IDLE_LIMIT = 1 << 29  # bytes kept on the shelf at most; what has lain longest goes first


class _Shelf:
    """Idle buffers by size, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # reentrant: collecting garbage while holding it may put another buffer back
        self._idle: OrderedDict[tuple[int, bool], list[Array]] = OrderedDict()
        self._idle_bytes = 0

    def take(self, size: int, roomy: bool) -> Array:
        with self._lock:
            buffers = self._idle.get((size, roomy))
            if buffers:
                self._idle_bytes -= size
                return buffers.pop()
        if roomy:
            return _small_pages(size)
        raw = np.empty(size + LINE, np.uint8)
        start = -raw.ctypes.data % LINE
        return raw[start : start + size]

    def put(self, buffer: Array, roomy: bool) -> None:
        with self._lock:
            self._idle.setdefault((buffer.size, roomy), []).append(buffer)
            self._idle.move_to_end((buffer.size, roomy))
            self._idle_bytes += buffer.size
            while self._idle_bytes > IDLE_LIMIT:
                key, buffers = next(iter(self._idle.items()))
                if buffers:
                    self._idle_bytes -= buffers.pop().size
                if not buffers:
                    del self._idle[key]


def _small_pages(size: int) -> Array:
    """A buffer of pages of 4 KB: numpy asks for those of 2 MB, of which one touched byte costs all."""
    pages = mmap.mmap(-1, size)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):  # Linux
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, np.uint8)


_SHELF = _Shelf()


class _Lease:
    """Owns a buffer as long as any array looks at it; numpy keeps it alive as the arrays' base."""

    def __init__(self, shape: tuple[int, ...], kind: np.dtype[Any], buffer: Array, roomy: bool) -> None:
        self._roomy = roomy
        self._buffer, self._put = buffer, _SHELF.put  # its own: when Python ends, names of modules are gone before it
        data = (buffer.ctypes.data, False)
        self.__array_interface__ = {"shape": shape, "typestr": kind.str, "data": data, "version": 3}

    def __del__(self) -> None:
        self._put(self._buffer, self._roomy)


def empty(shape: tuple[int, ...], dtype: Any, *, roomy: bool = False) -> Array:
    """An uninitialised C-contiguous array that begins at a multiple of 64 bytes, unless it is tiny.

    roomy: much of it will never be touched: it gets a buffer of which that is true already, for untouched pages cost
           no memory
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if size < TINY:
        return np.empty(shape, kind)
    if size < SMALL:
        raw = np.empty(size + LINE, np.uint8)
        start = -raw.ctypes.data % LINE
        small: Array = raw[start : start + size].view(kind).reshape(shape)
        return small
    return np.asarray(_Lease(shape, kind, _SHELF.take(-(-size // SMALL) * SMALL, roomy), roomy))


def read_only(array: Array) -> Array:
    """The same array for reading: numba compiles a kernel once more for every mixture of the two."""
    view = array.view()
    view.flags.writeable = False
    return view


def aligned(array: Array) -> Array:
    """A copy that begins at a multiple of 64 bytes, unless it is tiny."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """As `empty`, filled with 0."""
    array = empty(shape, dtype)
    array.fill(0)
    return array
