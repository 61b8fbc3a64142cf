"""Convolution of arrays that are not sparse.

    forward         y = w * x + bias, or the largest of each pooling window
    weight_gradient of w and bias
    input_gradient  of x

Each picture is copied into a padded one; `multiply_tile` then picks the numbers of six windows from it, for as many
filters as a tile has lanes. So nothing is laid out anew, and all a task works on stays in its cache. Tasks have fixed
shares of the pictures and sums of their own, whatever the number of threads: results do not depend on it.

x (rows, channels * pixels), y (rows, filters * pixels), w (filters, depth), all C-contiguous and of one float type.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.filters import Filters, aligned, filled, lanes_of, packed, places, tile_lanes, tiles, unpacked
from spikenet.kernels.lane_rows import largest_rows
from spikenet.kernels.pictures import map_sizes, pad, padded_pixels, rooms_for_pictures
from spikenet.kernels.placed import pool_table, room_for_places
from spikenet.kernels.stretch import add_stretch, copy_stretch, transpose
from spikenet.kernels.tasks import shared
from spikenet.kernels.threads import enough_threads
from spikenet.kernels.tile import ROWS, multiply_tile
from spikenet.kernels.window import Window

TASKS = 16  # shares of the rows
PARTIAL_BYTES = 1 << 26  # for the tasks' own sums of the weight gradient
NS_PER_MULTIPLY_ADD = 0.03  # one core, float32, about what it takes here


@cache
def _forward_kernel(lanes: int) -> Any:
    multiply = multiply_tile(lanes)

    largest = largest_rows(lanes)

    @shared
    def convolve(task: int, x: Array, w: Array, bias: Array, y: Array, place: Array, sizes: Any, size: Any,
                 windows: Array, targets: Array, depth: Array, table: Array, pictures: Array, sums: Array,
                 pooled: Array) -> None:  # fmt: skip
        groups, pixels, n_largest, places, wide = sizes
        n_y = n_largest if n_largest > 0 else pixels
        rows, n_out = y.shape[0], y.shape[1] // n_y
        tasks, per_group, n_tiles = pictures.shape[0], n_out // groups, w.shape[0] // groups
        share, n_in = (rows + tasks - 1) // tasks, x.shape[1] // (size[0] * size[1])
        flat_x, flat_y = x.reshape(x.size), y.reshape(y.size)
        picture, into, best = pictures[task], sums[task], pooled[task]
        for r in range(task * share, min((task + 1) * share, rows)):
            pad(picture, flat_x, r * x.shape[1], n_in, size)
            for tile in range(w.shape[0]):
                group, low = tile // n_tiles, (tile % n_tiles) * lanes
                for p in range(pixels):
                    copy_stretch(into, p * lanes, bias, tile * lanes, lanes)
                group_at = group * (picture.size // groups)
                for p in range(0, windows.size, ROWS):
                    multiply(into, 0, targets, picture, group_at, windows, p, depth, depth.size,
                             w, tile * depth.size * lanes)  # fmt: skip
                filters = min(lanes, per_group - low)
                start = (r * n_out + group * per_group + low) * n_y
                if n_largest == 0:
                    transpose(flat_y, start, pixels, into, 0, lanes, pixels, filters)
                else:
                    for k in range(lanes):
                        into[pixels * lanes + k] = -np.inf  # the border of pooling
                    wide_tiles = (per_group + wide - 1) // wide
                    first = ((r * groups + group) * wide_tiles + low // wide) * n_largest * wide + low % wide
                    for p in range(n_largest):
                        largest(into, 0, table, p * places, places, best, p * lanes, place, first + p * wide)
                    transpose(flat_y, start, n_largest, best, 0, lanes, n_largest, filters)

    return convolve


@cache
def _weight_kernel(lanes: int) -> Any:
    multiply = multiply_tile(lanes)

    @shared
    def convolve_weights(task: int, x: Array, g: Array, g_w: Array, g_bias: Array, groups: int, pixels: int, size: Any,
                         windows: Array, targets: Array, depth: Array, pictures: Array,
                         turned: Array) -> None:  # fmt: skip
        rows, n_out = g.shape[0], g.shape[1] // pixels
        tasks, per_group, n_tiles = pictures.shape[0], n_out // groups, g_w.shape[1] // groups
        share, n_in = (rows + tasks - 1) // tasks, x.shape[1] // (size[0] * size[1])
        flat_x, flat_g = x.reshape(x.size), g.reshape(g.size)
        picture, factor, into, into_bias = pictures[task], turned[task], g_w[task], g_bias[task]
        for r in range(task * share, min((task + 1) * share, rows)):
            pad(picture, flat_x, r * x.shape[1], n_in, size)
            for tile in range(g_w.shape[1]):
                group, low = tile // n_tiles, (tile % n_tiles) * lanes
                filters = min(lanes, per_group - low)
                start = (r * n_out + group * per_group + low) * pixels
                transpose(factor, 0, lanes, flat_g, start, pixels, filters, pixels)
                for p in range(pixels):
                    add_stretch(into_bias, tile * lanes, factor, p * lanes, lanes)
                group_at = group * (picture.size // groups)
                for k in range(0, depth.size, ROWS):
                    multiply(into, tile * g_w.shape[2], targets, picture, group_at, depth, k, windows, pixels,
                             factor, 0)  # fmt: skip

    return convolve_weights


@cache
def _input_kernel(lanes: int) -> Any:
    multiply = multiply_tile(lanes)

    @shared
    def convolve_back(task: int, g: Array, w: Array, g_x: Array, groups: int, pixels: int, size: Any, sources: Array,
                      targets: Array, taps: Array, filters: Array, pictures: Array) -> None:  # fmt: skip
        height, width, ph, pw = size
        rows, n_in = g.shape[0], g_x.shape[1] // (height * width)
        tasks, per_group, n_tiles = pictures.shape[0], n_in // groups, w.shape[0] // groups
        share, wide = (rows + tasks - 1) // tasks, width + 2 * pw
        flat_g, flat_x = g.reshape(g.size), g_x.reshape(g_x.size)
        into = pictures[task]
        for r in range(task * share, min((task + 1) * share, rows)):
            for tile in range(w.shape[0]):
                group, low = tile // n_tiles, (tile % n_tiles) * lanes
                into[:] = 0
                source = (r * groups + group) * filters.size * pixels
                for t in range(taps.size):
                    at = (tile * taps.size + t) * filters.size * lanes
                    for p in range(0, sources.size, ROWS):
                        multiply(into, taps[t] * lanes, targets, flat_g, source, sources, p,
                                 filters, filters.size, w, at)  # fmt: skip
                channels = min(lanes, per_group - low)
                start = (r * n_in + group * per_group + low) * height * width
                if ph == 0 and pw == 0:
                    transpose(flat_x, start, height * width, into, 0, lanes, height * width, channels)
                else:
                    for i in range(height):
                        transpose(flat_x, start + i * width, height * width,
                                  into, ((ph + i) * wide + pw) * lanes, lanes, width, channels)  # fmt: skip

    return convolve_back


def forward(x: Array, w: Array, bias: Array | None, shape: Filters) -> Array:
    """y (rows, filters * pixels)."""
    return _forward(x, w, bias, shape, None, np.empty(0, np.uint8))


def largest(x: Array, w: Array, bias: Array | None, shape: Filters, window: Window) -> tuple[Array, Array]:
    """(the largest of y under each window, (rows, filters * windows); their places as `placed` keeps them)."""
    place = room_for_places(len(x), shape, window, x.dtype)
    return _forward(x, w, bias, shape, window, place), place


def _forward(x: Array, w: Array, bias: Array | None, shape: Filters, window: Window | None, place: Array) -> Array:
    lanes, at = lanes_of(x.dtype), places(shape)
    n_pixels = shape.window.n_out
    table, windows, n_places = pool_table(window)
    y = memory.empty((len(x), shape.n_out * (windows or n_pixels)), x.dtype)
    plus = packed(np.zeros(shape.n_out, x.dtype) if bias is None else bias, shape.groups, lanes)
    sums = memory.empty((TASKS, (n_pixels + 1) * lanes), x.dtype)
    with enough_threads(shape.multiply_adds(len(x)) * NS_PER_MULTIPLY_ADD):
        _forward_kernel(lanes)(
            TASKS, x, _flat_tiles(packed(w, shape.groups, lanes)), plus.reshape(-1), y, place,
            (shape.groups, n_pixels, windows, n_places, tile_lanes(shape.per_group, x.dtype)), map_sizes(shape),
            at.pixels, _rows(n_pixels, lanes), at.depth, table, rooms_for_pictures(shape, TASKS, x.dtype), sums,
            aligned((TASKS, windows * lanes), x.dtype),
        )  # fmt: skip
    return y


def weight_gradient(x: Array, g: Array, shape: Filters) -> tuple[Array, Array]:
    """(gradient of w (filters, depth), gradient of the bias (filters,)) for the gradient g of y."""
    lanes, at = lanes_of(x.dtype), places(shape)
    n_tiles = shape.groups * tiles(shape.per_group, lanes)
    tasks = weight_tasks(shape, x.dtype)
    # one more row: what fills up the last six weights adds to it
    partial = memory.zeros((tasks, n_tiles, (shape.depth + 1) * lanes), x.dtype)
    partial_bias = np.zeros((tasks, n_tiles * lanes), x.dtype)
    turned = memory.zeros((tasks, shape.window.n_out * lanes), x.dtype)  # lanes without a filter stay 0
    with enough_threads(shape.multiply_adds(len(x)) * NS_PER_MULTIPLY_ADD):
        _weight_kernel(lanes)(
            tasks, x, g, partial, partial_bias, shape.groups, shape.window.n_out, map_sizes(shape),
            at.pixels, _rows(shape.depth, lanes), filled(at.depth), rooms_for_pictures(shape, tasks, x.dtype), turned,
        )  # fmt: skip
    whole = partial.sum(axis=0).reshape(n_tiles, shape.depth + 1, lanes)[:, :-1]
    return (
        unpacked(whole, shape.groups, shape.per_group),
        unpacked(partial_bias.sum(axis=0).reshape(n_tiles, lanes), shape.groups, shape.per_group),
    )


def input_gradient(g: Array, w: Array, shape: Filters) -> Array:
    """Gradient of x (rows, channels * pixels) for the gradient g of y."""
    lanes, at = lanes_of(g.dtype), places(shape)
    n_pixels, n_padded = shape.window.n_out, padded_pixels(shape)
    g_x = memory.empty((len(g), shape.n_x), g.dtype)
    # (groups, filters, channels, taps) -> (groups, channels, taps, filters)
    turned = w.reshape(shape.groups, shape.per_group, shape.channels, -1).transpose(0, 2, 3, 1)
    tiled = packed(turned.reshape(shape.n_in, -1, shape.per_group), shape.groups, lanes)
    targets = at.pixels * lanes
    targets[n_pixels:] = n_padded * lanes  # behind the map, wherever in the window
    pictures = memory.empty((TASKS, (n_padded + int(at.taps[-1]) + 1) * lanes), g.dtype)
    with enough_threads(shape.multiply_adds(len(g)) * NS_PER_MULTIPLY_ADD):
        _input_kernel(lanes)(
            TASKS, g, _flat_tiles(tiled), g_x, shape.groups, n_pixels, map_sizes(shape),
            filled(np.arange(n_pixels)), targets, at.taps, np.arange(shape.per_group) * n_pixels, pictures,
        )  # fmt: skip
    return g_x


def weight_tasks(shape: Filters, dtype: Any) -> int:
    """Shares of the rows that have sums of their own: fewer where those would fill the memory."""
    return max(2, min(TASKS, PARTIAL_BYTES // (shape.n_out * shape.depth * int(np.dtype(dtype).itemsize))))


def _rows(n: int, lanes: int) -> Array:
    """Where n rows of sums begin, filled up with a row more."""
    return filled(np.arange(n) * lanes, n * lanes)


def _flat_tiles(tiled: Array) -> Array:
    return tiled.reshape(len(tiled), -1)
