"""What convolutions and poolings allocate besides their outputs and gradients, in bytes, from sizes alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.kernels import conv_routes, pass_bytes
from spikenet.kernels.convolution import TASKS, weight_tasks
from spikenet.kernels.filters import tile_lanes, tiles
from spikenet.layers.convolution import Convolution
from spikenet.layers.pooling import Pooling, max_pool


def of_convolution(
    layer: Convolution, shape: tuple[int, ...], rows: int, dtype: np.dtype[np.generic], data: bool
) -> dict[str, Any]:
    """Fields of `footprint.LayerMemory`: lists of events that are looked for in data, tiles of weights, their sums.

    shape: of the input of one row, (channels, ...); data: whether nobody asks for a gradient in it, nor lists it
    """
    sizes = layer.filters_on(shape)
    searched = data and sizes.multiply_adds(rows) >= conv_routes.WORTH_LOOKING
    lists = pass_bytes.event_bytes(rows, sizes.n_x) if searched else 0
    lanes = tile_lanes(sizes.per_group, dtype)
    tiled = sizes.groups * tiles(sizes.per_group, lanes) * lanes * sizes.depth * dtype.itemsize
    rooms = TASKS * dtype.itemsize * (sizes.n_x + (sizes.window.n_out + 1) * lanes)  # a picture for each task
    sums = (weight_tasks(sizes, dtype) + 2) * tiled
    return {"kept": lists, "forward_scratch": lists + tiled + rooms, "backward_scratch": sums + rooms}


def of_pooling(layer: Pooling, shape: tuple[int, ...], rows: int, listed: bool) -> dict[str, Any]:
    """The same of a pooling that stands alone, whose output for one row has this shape; listed: by events."""
    n = int(np.prod(shape))
    places = rows * n * np.dtype(np.uint16).itemsize if layer.function is max_pool else 0
    kept = places + (pass_bytes.event_bytes(rows, n) if listed else 0)
    return {"kept": kept, "forward_scratch": kept}


def of_joined(layer: Convolution, windows: int, rows: int, dtype: np.dtype[np.generic]) -> dict[str, Any]:
    """The same of a pooling that is computed with the convolution before it: the places alone."""
    per_group = layer.n_out // layer.groups
    lanes = tile_lanes(per_group, dtype)
    places = rows * layer.groups * tiles(per_group, lanes) * lanes * windows
    return {"kept": places, "forward_scratch": places, "gradient": 0}
