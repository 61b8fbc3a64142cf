"""Pooling of maps: the largest number, or the sum of the numbers, under each window; and the way back.

x (rows, channels * pixels), y (rows, channels * output pixels), place (the same) uint16: which place of the window, row
by row, the largest number has, the first of several. Borders count as -inf or as 0. Threads share the rows.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.filters import Filters, places
from spikenet.kernels.pick import EIGHT, largest_of_eight, sum_of_eight
from spikenet.kernels.pictures import pad
from spikenet.kernels.stretch import copy_stretch
from spikenet.kernels.tasks import shared
from spikenet.kernels.threads import enough_threads
from spikenet.kernels.window import Window

TASKS = 16  # shares of the rows
NS_PER_NUMBER = 0.3  # of an input, one core, about what it takes here


@cache
def _kernel(of_eight: Any) -> Any:
    """Pads a picture at a time into one whose border stays as it is, and picks from there."""

    @shared
    def pool(task: int, x: Array, y: Array, place: Array, size: Any, windows: Array, taps: Array, pictures: Array,
             pooled: Array, found: Array) -> None:  # fmt: skip
        rows, tasks = x.shape[0], pictures.shape[0]
        share, n_in, flat = (rows + tasks - 1) // tasks, x.shape[1] // (size[0] * size[1]), x.reshape(x.size)
        picture, row, where = pictures[task], pooled[task], found[task]
        for r in range(task * share, min((task + 1) * share, rows)):
            pad(picture, flat, r * x.shape[1], n_in, size)
            for k in range(0, windows.size, EIGHT):
                of_eight(picture, windows, k, taps, taps.size, row, k, where)
            into, into_place = y[r], place[r]
            for k in range(into.size):
                into[k] = row[k]
            for k in range(into_place.size):
                into_place[k] = where[k]

    return pool


@shared
def _back(
    task: int, g: Array, place: Array, g_x: Array, size: Any, windows: Array, taps: Array, pictures: Array
) -> None:
    """place: of the only input that gets an output's gradient; of no columns: all of the window get it."""
    height, width, ph, pw = size
    rows, tasks = g.shape[0], pictures.shape[0]
    share, wide, flat = (rows + tasks - 1) // tasks, width + 2 * pw, g_x.reshape(g_x.size)
    picture = pictures[task]
    for r in range(task * share, min((task + 1) * share, rows)):
        for k in range(picture.size):
            picture[k] = 0
        row = g[r]
        if place.shape[1]:
            where = place[r]
            for k in range(row.size):
                picture[windows[k] + taps[where[k]]] += row[k]
        else:
            for tap in taps:
                for k in range(row.size):
                    picture[windows[k] + tap] += row[k]
        for line in range(g_x.shape[1] // width):
            channel, i = line // height, line % height
            source = (channel * (height + 2 * ph) + ph + i) * wide + pw
            copy_stretch(flat, r * g_x.shape[1] + line * width, picture, source, width)


def largest(x: Array, channels: int, window: Window) -> tuple[Array, Array]:
    """(largest numbers, their places)."""
    y = memory.empty((len(x), channels * window.n_out), x.dtype)
    place = memory.empty(y.shape, np.uint16)
    _run(largest_of_eight, x, y, place, channels, window, -np.inf)
    return y, place


def sums(x: Array, channels: int, window: Window) -> Array:
    """Sums of the windows."""
    y = memory.empty((len(x), channels * window.n_out), x.dtype)
    _run(sum_of_eight, x, y, np.empty((len(x), 0), np.uint16), channels, window, 0.0)
    return y


def back(g: Array, place: Array | None, channels: int, window: Window) -> Array:
    """Gradient of x for the gradient g of the largest numbers at `place`, or of the sums if None."""
    g_x = memory.empty((len(g), channels * window.n_in), g.dtype)
    n_padded, windows, taps = _indices(channels, window)
    with enough_threads(g_x.size * NS_PER_NUMBER):
        _back(
            TASKS, g, np.empty((len(g), 0), np.uint16) if place is None else place, g_x,
            (*window.size, *window.padding), windows, taps, memory.empty((TASKS, n_padded), g.dtype),
        )  # fmt: skip
    return g_x


def _run(of_eight: Any, x: Array, y: Array, place: Array, channels: int, window: Window, border: float) -> None:
    n_padded, windows, taps = _indices(channels, window)
    pictures = memory.empty((TASKS, n_padded), x.dtype)
    pictures[...] = border
    rooms = memory.empty((TASKS, windows.size), x.dtype), memory.empty((TASKS, windows.size), np.uint16)
    with enough_threads(x.size * NS_PER_NUMBER):
        _kernel(of_eight)(
            TASKS, x, y, place, (*window.size, *window.padding), windows, taps, pictures, *rooms
        )  # fmt: skip


@cache
def _indices(channels: int, window: Window) -> tuple[int, Array, Array]:
    """(size of a padded picture, where each window begins in it, filled up to whole EIGHTs, places from there)."""
    one = places(Filters(channels, channels, channels, window))
    (height, width), (ph, pw) = window.size, window.padding
    n_padded = (height + 2 * ph) * (width + 2 * pw)
    begins = np.add.outer(np.arange(channels) * n_padded, one.pixels[: window.n_out]).reshape(-1)
    whole = np.zeros(-(-begins.size // EIGHT) * EIGHT, np.int64)
    whole[: begins.size] = begins
    return channels * n_padded, whole, one.taps
