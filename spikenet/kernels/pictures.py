"""Padded pictures: where windows can be read without asking whether they reach over the border."""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.filters import Filters
from spikenet.kernels.stretch import copy_stretch


@compiled()
def pad(picture: Array, x: Array, x_at: int, channels: int, size: Any) -> None:
    """Copies channels of x, from x[x_at], into the middle of a padded picture; size: (height, width, padding 2)."""
    height, width, ph, pw = size
    wide = width + 2 * pw
    if ph == 0 and pw == 0:
        copy_stretch(picture, 0, x, x_at, channels * height * width)
    else:
        for c in range(channels):
            for i in range(height):
                into = (c * (height + 2 * ph) + ph + i) * wide + pw
                copy_stretch(picture, into, x, x_at + (c * height + i) * width, width)


def map_sizes(shape: Filters) -> tuple[int, int, int, int]:
    return (*shape.window.size, *shape.window.padding)


def padded_pixels(shape: Filters) -> int:
    """Pixels of a padded map."""
    (height, width), (ph, pw) = shape.window.size, shape.window.padding
    return (height + 2 * ph) * (width + 2 * pw)


def rooms_for_pictures(shape: Filters, tasks: int, dtype: Any) -> Array:
    """A padded picture for each task."""
    return memory.zeros((tasks, shape.n_in * padded_pixels(shape)), dtype)
