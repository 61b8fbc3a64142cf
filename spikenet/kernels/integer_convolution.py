"""A convolution in integers, max pooling and rectifier with it, picture by picture from float32 to float32.

Inputs are rounded into a padded picture whose channels lie in pairs, as the products take them (of a single channel:
neighbours along the width), so that a window is read where it lies: nothing is gathered, and what lies between rounding
and pooled values stays in the nearest cache.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.filters import Filters, places, tiles
from spikenet.kernels.integer_products import LANES, ROWS, multiply_ns, packed, tile
from spikenet.kernels.lanes import element, load_vector, splat, store_vector
from spikenet.kernels.pictures import map_sizes, padded_pixels
from spikenet.kernels.runs import members
from spikenet.kernels.stretch import transpose
from spikenet.kernels.tasks import shared
from spikenet.kernels.threads import enough_threads
from spikenet.kernels.window import Window

TASKS = 16  # shares of the rows
LEAST = -(2**31)
_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


@compiled()
def _round_pairs(x: Any, channels: Any, beside: Any, size: Any, over: Any, zero: Any, picture: Any) -> None:
    """picture = a picture's channels x / scale rounded, plus zero, within 0 .. 255, two to a number; not its border.

    channels: (n, 2) which two, the second below 0 where there is none;  size: (height, width, padding 2)
    beside  : how far to the right the second of the two lies where each channel is paired with itself, else 0
    """
    height, width, ph, pw = size
    low, high = np.float32(0), np.float32(255)
    for n in range(channels.shape[0]):
        one, other = channels[n, 0], channels[n, 1]
        for i in range(height):
            begin = (n * (height + 2 * ph) + ph + i) * (width + 2 * pw) + pw
            into = picture[begin : begin + width]
            a = x[(one * height + i) * width : (one * height + i + 1) * width]
            for k in range(into.size):
                into[k] = np.int32(min(max(np.rint(a[k] * over) + zero, low), high))
            if other >= 0:
                b = x[(other * height + i) * width : (other * height + i + 1) * width]
                for k in range(into.size):
                    into[k] |= np.int32(min(max(np.rint(b[k] * over) + zero, low), high)) << np.int32(16)
    if beside:
        right = picture[beside:]
        for k in range(right.size):
            picture[k] = (picture[k] & np.int32(0xFFFF)) | (right[k] << np.int32(16))


@intrinsic
def _largest(
    typing: Any, sums: Any, first: Any, width: Any, table: Any, at: Any, taps: Any, scale: Any, start: Any, begin: Any,
    low: Any, into: Any, into_at: Any,
) -> Any:  # fmt: skip
    """into[into_at:][:LANES] = scale[begin:] * the largest of sums[first + width * table[at + t] :], t < taps, +
    start[begin:], and `low` where that is less."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def pointer(k: int, index: Any) -> Any:
            return element(context, builder, signature.args[k], given[k], index)

        kind = ir.VectorType(ir.IntType(32), LANES)
        most = _alloca(builder, ir.Constant(kind, [LEAST] * LANES))
        with _for_range(builder, given[5]) as loop:
            place = builder.sext(builder.load(pointer(3, builder.add(given[4], loop.index))), given[1].type)
            found = load_vector(builder, pointer(0, builder.add(given[1], builder.mul(given[2], place))), LANES)
            before = builder.load(most)
            builder.store(builder.select(builder.icmp_signed(">", found, before), found, before), most)
        real = builder.sitofp(builder.load(most), ir.VectorType(ir.FloatType(), LANES))
        scaled = builder.fmul(real, load_vector(builder, pointer(6, given[8]), LANES))
        value = builder.fadd(scaled, load_vector(builder, pointer(7, given[8]), LANES))
        least = splat(builder, given[9], LANES)
        value = builder.select(builder.fcmp_ordered(">", value, least), value, least)
        store_vector(builder, value, pointer(10, given[11]))
        return context.get_dummy_value()

    whole = types.int64
    return types.void(
        sums, whole, whole, table, whole, whole, scale, start, whole, types.float32, into, whole
    ), generate  # fmt: skip


@cache
def _kernel(multiply_tile: Any) -> Any:
    @shared
    def convolve(
        task: int, x: Any, over: Any, zero: Any, channels: Any, beside: Any, size: Any, pixels: Any, steps: Any,
        shifts: Any, w: Any, of_tiles: Any, scale: Any, start: Any, low: Any, table: Any, taps: Any, y: Any,
        pictures: Any, sums: Any, values: Any,
    ) -> None:  # fmt: skip
        rows, tasks, n_pairs, width = x.shape[0], pictures.shape[0], steps.size, shifts.size * LANES
        share, windows, n_y, flat = (rows + tasks - 1) // tasks, table.size // taps, y.shape[1], y.reshape(y.size)
        picture, sent, pooled = pictures[task], sums[task], values[task]
        for r in range(task * share, min((task + 1) * share, rows)):
            _round_pairs(x[r], channels, beside, size, over, zero, picture)
            for first in range(0, pixels.size, ROWS):
                for t in range(shifts.size):
                    multiply_tile(
                        picture, pixels, first, shifts[t], steps, n_pairs, w, t * n_pairs * 2 * LANES, sent,
                        first * width + t * LANES, width,
                    )  # fmt: skip
            for t in range(shifts.size):
                for p in range(windows):
                    _largest(  # type: ignore[call-arg]  # numba hands the first argument to an intrinsic
                        sent,
                        t * LANES,
                        width,
                        table,
                        p * taps,
                        taps,
                        scale,
                        start,
                        t * LANES,
                        low,
                        pooled,
                        p * LANES,
                    )
                into = r * n_y + of_tiles[t, 0] * windows
                transpose(flat, into, windows, pooled, 0, LANES, windows, of_tiles[t, 1])

    return convolve


def packed_filters(weight: Array, channels: int, across: int, groups: int) -> Array:
    """Integers (channels of a group * places, filters) as int16 tiles; across: places of a window along the width."""
    filters = weight.shape[1]
    pairs_of = (-1, across, 1) if channels == 1 else (1, channels, -1)  # places along the width, or channels
    apart = weight.reshape(*pairs_of, filters)
    whole = np.zeros((len(apart), apart.shape[1] + apart.shape[1] % 2, *apart.shape[2:]), np.int16)
    whole[:, : apart.shape[1]] = apart
    pairs = whole.reshape(len(whole), -1, 2, *apart.shape[2:]).swapaxes(2, 3)
    flat = pairs.reshape(-1, groups, filters // groups)
    return np.concatenate([packed(flat[:, group]) for group in range(groups)])


def convolve(
    x: Array, grid: tuple[float, float], w: Array, scale: Array, start: Array, rectify: bool, shape: Filters,
    pooling: Window | None, *, plain: bool | None = None,
) -> Array:  # fmt: skip
    """float32 (rows, filters * pixels or windows) of x (rows, channels * pixels) on its grid (scale, zero).

    w           : as `packed_filters` has it;  scale, start: (filters,) float32: y = scale * sum of integers + start
    rectify     : whether 0 is put in place of what is negative
    pooling     : the largest under each of these windows on the output, scale being positive
    """
    plan, scale_x, zero = _plan(shape), np.float32(grid[0]), np.float32(grid[1])
    within = pooling or Window(shape.window.out, (1, 1))
    table, taps = members(within), within.n_taps
    table = np.where(table < within.n_in, table, np.int32(len(plan.pixels)))
    tasks = max(1, min(TASKS, len(x)))
    pictures = memory.empty((tasks, len(plan.channels) * padded_pixels(shape)), np.int32)
    pictures[...] = int(zero) * 0x10001
    width = len(plan.shifts) * LANES
    sums = memory.empty((tasks, (len(plan.pixels) + 1) * width), np.int32)
    sums[:, -width:] = LEAST  # the border
    y = memory.empty((len(x), shape.n_out * (len(table) // taps)), np.float32)
    with enough_threads(len(x) * shape.window.n_out * multiply_ns(shape.depth, shape.n_out)):
        _kernel(tile(plain))(
            tasks, x, np.float32(1) / scale_x, zero, plan.channels, plan.beside, map_sizes(shape),
            plan.pixels, plan.steps, plan.shifts, w.reshape(-1), plan.filters,
            _by_tiles(scale, plan), _by_tiles(start, plan),
            np.float32(0 if rectify else -np.inf), table, taps, y, pictures, sums,
            memory.empty((tasks, within.n_out * LANES), np.float32),
        )  # fmt: skip
    return y


def _by_tiles(of_filters: Array, plan: Plan) -> Array:
    """One number a filter where the tiles have it."""
    apart = np.zeros((len(plan.filters), LANES), np.float32)
    for into, (first, n) in zip(apart, plan.filters, strict=True):
        into[:n] = of_filters[first : first + n]
    return apart.reshape(-1)


class Plan(NamedTuple):
    """channels: (pairs, 2) which lie together, -1 for none;  beside: see `_round_pairs`
    pixels  : of each output's window on the padded picture;  steps: from there, of each pair of weights
    shifts  : of each tile of filters, its group's pairs;  filters: (tiles, 2) the first of each tile, and how many
    """

    channels: Array
    beside: int
    pixels: Array
    steps: Array
    shifts: Array
    filters: Array


@cache
def _plan(shape: Filters) -> Plan:
    window, pairs, blocks = shape.window, -(-shape.channels // 2), tiles(shape.per_group, LANES)
    of_pairs = places(Filters(shape.groups * pairs, shape.groups, shape.groups, window))
    first = np.arange(shape.groups)[:, None] * shape.channels + 2 * np.arange(pairs)
    lone = 2 * np.arange(pairs) + 1 >= shape.channels
    channels = np.stack([first, np.where(lone, -1, first + 1)], axis=-1).reshape(-1, 2)
    beside, steps = 0, of_pairs.depth
    if shape.channels == 1:
        beside = window.dilation[1]
        steps = np.ascontiguousarray(steps.reshape(window.kernel)[:, ::2]).reshape(-1)
    shifts = np.repeat(np.arange(shape.groups) * pairs * padded_pixels(shape), blocks)
    begins = np.arange(blocks) * LANES
    filters = np.stack([begins, np.minimum(shape.per_group - begins, LANES)], axis=1)[None].repeat(shape.groups, axis=0)
    filters[..., 0] += shape.per_group * np.arange(shape.groups)[:, None]
    return Plan(channels, beside, of_pairs.pixels, steps, shifts, filters.reshape(-1, 2))
