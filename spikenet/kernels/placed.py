"""Max pooling within a convolution, picture by picture: the convolution's output is never written out.

Forward, the largest sums of each window and their places; backward, a gradient comes as (value, place) for each window
and is spread over the rows of a picture's outputs in the nearest cache. Places are kept as (rows, tiles, windows,
lanes) uint8, tiles being those of `tile_lanes` filters, whichever route computes them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.filters import Filters, tile_lanes, tiles
from spikenet.kernels.lane_rows import add_placed
from spikenet.kernels.runs import members
from spikenet.kernels.stretch import transpose
from spikenet.kernels.window import Window


class Placed(NamedTuple):
    """A gradient that max pooling sends back: window.n_out numbers for each filter, and where they belong.

    g     : (rows, filters * windows)
    place : (rows * tiles * windows * lanes,) uint8
    window: of the pooling, on the convolution's output
    """

    g: Array
    place: Array
    window: Window


def room_for_places(rows: int, shape: Filters, window: Window, dtype: object) -> Array:
    """Where a forward pass writes its places."""
    lanes = tile_lanes(shape.per_group, dtype)
    return memory.empty((rows * shape.groups * tiles(shape.per_group, lanes) * window.n_out * lanes,), np.uint8)


def pool_table(window: Window | None) -> tuple[Array, int, int]:
    """(pixels of each window as `members` lists them, windows, places of each); nothing without pooling."""
    return (np.empty(0, np.int32), 0, 0) if window is None else (members(window), window.n_out, window.n_taps)


def sizes_kind(n: int) -> Any:
    """The numba type of n sizes."""
    kind: Any = numba.types.UniTuple
    return kind(numba.int64, n)


@compiled()
def lay_out(
    source: Array, turned: Array, lanes: int, g: Array, g_at: int, filters: int, pixels: int, place: Array,
    place_at: int, table: Array, windows: int, places: int,
) -> None:  # fmt: skip
    """source (pixels + 1, lanes) = the gradient of one picture's outputs, `filters` of them from g[g_at].

    With windows it is spread from there to its places; turned (windows, lanes) is scratch then.
    """
    if windows == 0:
        transpose(source, 0, lanes, g, g_at, pixels, filters, pixels)
    else:
        transpose(turned, 0, lanes, g, g_at, windows, filters, windows)
        for k in range((pixels + 1) * lanes):
            source[k] = 0
        for window in range(windows):
            for k in range(places):
                add_placed(source, table[window * places + k] * lanes, turned, window * lanes,
                           place, place_at + window * lanes, k, lanes)  # fmt: skip
