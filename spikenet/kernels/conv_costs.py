"""What each route of a convolution takes, in ns for a picture, from sizes and the number of events alone.

The coefficients are what twelve shapes (1 to 128 channels, windows of 1 to 49 places, one to sixteen groups) took at
densities from 0.3 to 70 %, float32, on one core of a Zen 3: non-negative least squares of the relative error, within
a fifth of most times. Only the ratio of two routes counts, and it varies less than either from machine to machine.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from spikenet.kernels import meetings
from spikenet.kernels.filters import Filters, lanes_of, tile_lanes, tiles
from spikenet.kernels.runs import runs_of
from spikenet.kernels.tile import ROWS
from spikenet.kernels.window import Window

KIND = np.float32  # costs are counted in its vectors of eight; float64 doubles those of every route


class _Counts(NamedTuple):
    """Of one picture: tiles of filters in all groups and in one, vectors of a tile, windows an event lies in, runs."""

    all_tiles: int
    tiles: int
    vectors: int
    meetings: float
    runs: int


@cache
def _counts(shape: Filters) -> _Counts:
    lanes = tile_lanes(shape.per_group, KIND)
    n = tiles(shape.per_group, lanes)
    met = float(meetings.table(shape.window).counts.mean())
    return _Counts(shape.groups * n, n, lanes // 8, met, len(runs_of(shape).offsets))


def gathered(shape: Filters, events: float) -> float:
    """`conv_events` forward, `events` being those of a picture."""
    c, pixels = _counts(shape), shape.window.n_out
    listing = 3.5 * pixels * shape.groups * c.runs + 9.4 * events + 2.2 * shape.window.n_in * shape.groups
    met = events * c.meetings * c.tiles
    return listing + 5.4 * pixels * c.all_tiles * c.vectors + met * (0.8 + 0.3 * c.vectors)


def scattered(shape: Filters, events: float) -> float:
    """`conv_scatter` forward."""
    return _event_by_event(shape, events, 4.0, 0.2, 9.1, 0.77)


def weights_by_events(shape: Filters, events: float) -> float:
    """`conv_events.weight_gradient`."""
    return _event_by_event(shape, events, 4.7, 0.2, 8.0, 0.77)


def input_where_wanted(shape: Filters, places: float) -> float:
    """`conv_wanted.input_gradient`, for so many places of a picture."""
    return _event_by_event(shape, places, 4.4, 0.2, 10.4, 0.59)


def _event_by_event(shape: Filters, events: float, out: float, seen: float, event: float, vector: float) -> float:
    c = _counts(shape)
    met = events * c.meetings * c.tiles * c.vectors
    return (
        out * shape.window.n_out * c.all_tiles * c.vectors
        + events * (seen * c.all_tiles + event * c.tiles)
        + vector * met
    )


def dense(shape: Filters) -> float:
    """`convolution` forward."""
    outputs = _dense_vectors(shape)
    return 0.22 * outputs * _filled(shape.window.n_out) * shape.depth + 4.1 * outputs * shape.window.n_out


def weights_densely(shape: Filters) -> float:
    """`convolution.weight_gradient`."""
    return _dense_vectors(shape) * shape.window.n_out * (0.26 * _filled(shape.depth) + 0.5) + 0.38 * shape.n_x


def input_densely(shape: Filters) -> float:
    """`convolution.input_gradient`."""
    vectors = shape.groups * tiles(shape.channels, lanes_of(KIND)) * lanes_of(KIND) // 8
    products = _filled(shape.window.n_out) * shape.window.n_taps * shape.per_group
    return vectors * (0.25 * products + 4.0 * shape.window.n_in)


def weights_placed(shape: Filters, pooling: Window) -> float:
    """`conv_placed.weight_gradient`."""
    rows, wide = _rows_of_windows(shape)
    largest = pooling.n_out * shape.n_out
    return 0.13 * largest * rows * wide + 33.0 * shape.n_out * rows + 8.7 * largest + 1.3 * shape.n_x


def input_placed(shape: Filters, pooling: Window) -> float:
    """`conv_placed.input_gradient`."""
    rows, wide = _rows_of_windows(shape)
    c, places = _counts(shape), pooling.n_out * pooling.n_taps
    listing = places * c.all_tiles * (9.1 * rows + 13.5 * c.vectors)
    return 0.39 * pooling.n_out * shape.n_out * rows * wide + listing + 0.5 * shape.n_x


def _rows_of_windows(shape: Filters) -> tuple[int, int]:
    """(pieces of all runs of a window, vectors of a piece)."""
    runs = runs_of(shape)
    lanes = tile_lanes(runs.length, KIND)
    return len(runs.offsets) * tiles(runs.length, lanes), lanes // 8


def _dense_vectors(shape: Filters) -> int:
    """Vectors of one output pixel."""
    return shape.groups * tiles(shape.per_group, lanes_of(KIND)) * lanes_of(KIND) // 8


def _filled(n: int) -> int:
    return -(-n // ROWS) * ROWS
