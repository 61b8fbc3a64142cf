"""Products of small integers, summed exactly in int32: what 8-bit inference is made of.

Numbers of at most 8 bits lie in int16, two inputs side by side; one instruction (pmaddwd) multiplies 16 of them and
adds them in pairs to 8 sums of 32 bits, twice the multiply-adds of a float32 one of the same width. Where the processor
lacks it, a product in float64 gives the same integers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import prange
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.lanes import element

ROWS, LANES = 6, 16  # a tile: 12 accumulators of 8 sums, within 16 registers
_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value
_function: Any = cgutils.get_or_insert_function


@cache
def has_paired_products() -> bool:
    """Whether the processor multiplies 16 int16 at once."""
    return bool(llvm.get_host_cpu_features().get("avx2", False))


@intrinsic
def _tile(
    typing: Any, x: Any, x_at: Any, stride: Any, w: Any, w_at: Any, n_pairs: Any, out: Any, out_at: Any, width: Any
) -> Any:
    """out (ROWS, LANES) from its `_at`, rows `width` apart = x (ROWS, 2 n_pairs) @ w, rows of x `stride` apart."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def pointer(k: int, index: Any) -> Any:
            return element(context, builder, signature.args[k], given[k], index)

        i16, i32, i64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
        shorts, sums = ir.VectorType(i16, 16), ir.VectorType(i32, 8)
        pairs = _function(builder.module, ir.FunctionType(sums, [shorts, shorts]), "llvm.x86.avx2.pmadd.wd")
        zero, mask = ir.Constant(sums, [0] * 8), ir.Constant(ir.VectorType(i32, 8), [0] * 8)
        held = [[_alloca(builder, zero) for _ in range(2)] for _ in range(ROWS)]
        with _for_range(builder, given[5]) as loop:
            two = builder.mul(loop.index, ir.Constant(i64, 2))
            place = builder.add(given[4], builder.mul(loop.index, ir.Constant(i64, 2 * LANES)))
            columns = []
            for half in range(2):
                at = builder.add(place, ir.Constant(i64, 16 * half))
                columns.append(builder.load(builder.bitcast(pointer(3, at), shorts.as_pointer()), align=2))
            for r in range(ROWS):
                at = builder.add(builder.add(given[1], builder.mul(given[2], ir.Constant(i64, r))), two)
                both = builder.load(builder.bitcast(pointer(0, at), i32.as_pointer()), align=2)
                first = builder.insert_element(ir.Constant(sums, ir.Undefined), both, ir.Constant(i32, 0))
                spread = builder.bitcast(builder.shuffle_vector(first, first, mask), shorts)
                for half in range(2):
                    added = builder.call(pairs, [spread, columns[half]])
                    builder.store(builder.add(builder.load(held[r][half]), added), held[r][half])
        for r in range(ROWS):
            for half in range(2):
                row = builder.add(given[7], builder.mul(given[8], ir.Constant(i64, r)))
                at = builder.add(row, ir.Constant(i64, 8 * half))
                into = builder.bitcast(pointer(6, at), sums.as_pointer())
                builder.store(builder.load(held[r][half]), into, align=4)
        return context.get_dummy_value()

    return types.void(x, types.int64, types.int64, w, types.int64, types.int64, out, types.int64, types.int64), generate


@compiled(parallel=True)
def _by_tiles(x: Any, w: Any, out: Any) -> None:
    n_blocks, n_pairs = w.shape[0], w.shape[1]
    for tile in prange(x.shape[0] // ROWS):
        row = np.int64(tile) * ROWS
        for block in range(n_blocks):
            _tile(  # type: ignore[call-arg]  # numba hands the first argument to an intrinsic
                x, row * x.shape[1], x.shape[1], w, block * n_pairs * 2 * LANES, n_pairs, out,
                row * out.shape[1] + block * LANES, out.shape[1],
            )  # fmt: skip


def packed(weight: Array) -> Array:
    """Integers (n, m) as int16 (blocks of LANES outputs, pairs of inputs, LANES, 2), filled up with 0."""
    n, m = weight.shape
    whole = np.zeros((-(-n // 2) * 2, -(-m // LANES) * LANES), np.int16)
    whole[:n, :m] = weight
    tiles = whole.reshape(len(whole) // 2, 2, -1, LANES)
    return np.ascontiguousarray(tiles.transpose(2, 0, 3, 1))


def rows_of(n_rows: int, n: int) -> Array:
    """Zeros in which to put inputs (n_rows, n): int16, filled up to whole tiles of rows and pairs of columns."""
    return np.zeros((-(-n_rows // ROWS) * ROWS, -(-n // 2) * 2), np.int16)


def multiply(x: Array, w: Array, *, by_tiles: bool | None = None) -> Array:
    """(rows, outputs) int32 sums for x as `rows_of` has it and w as `packed` has it; both filled up.

    The caller sees to it that sums fit int32.
    """
    if not (has_paired_products() if by_tiles is None else by_tiles):  # integers this small are exact in float64
        flat = w.transpose(1, 3, 0, 2).reshape(x.shape[1], -1)
        return np.asarray((x.astype(np.float64) @ flat.astype(np.float64)).astype(np.int32))
    out = np.empty((len(x), w.shape[0] * LANES), np.int32)
    _by_tiles(x, w, out)
    return out


@compiled(parallel=True)
def to_integers(x: Any, scale: Any, zero: Any, low: Any, high: Any, out: Any) -> None:
    """out[r, k] = x[r, k] / scale rounded, halves to even, plus zero, within low .. high."""
    over = np.float32(1) / scale
    for r in prange(x.shape[0]):
        for k in range(x.shape[1]):
            q = np.rint(x[r, k] * over) + np.float32(zero)
            out[r, k] = np.int16(min(max(q, np.float32(low)), np.float32(high)))


@compiled(parallel=True)
def to_values(sums: Any, scale: Any, start: Any, rectify: Any, out: Any) -> None:
    """out[r, c] = scale[c] * sums[r, c] + start[c], and 0 where negative if `rectify`."""
    for r in prange(out.shape[0]):
        for c in range(out.shape[1]):
            y = scale[c] * np.float32(sums[r, c]) + start[c]
            out[r, c] = max(y, np.float32(0)) if rectify else y


@compiled(parallel=True)
def windows(maps: Any, numbers: Any, steps: Any, out: Any) -> None:
    """What each window of maps (rows, channels, height, width) sees, one after the other; borders are in the maps.

    numbers: of a Window;  steps: of every tap from the window's first pixel, in a map's flat order (`tap_steps`)
    out    : (rows * places, channels * taps or more), a row for each place of the window
    """
    height, width = maps.shape[2], maps.shape[3]
    stride_h, stride_w, out_h, out_w = numbers[4], numbers[5], numbers[10], numbers[11]
    for row in prange(maps.shape[0]):
        flat = maps[np.int64(row)].reshape(maps.shape[1] * height * width)
        for i in range(out_h):
            for j in range(out_w):
                seen = out[(np.int64(row) * out_h + i) * out_w + j]
                first = i * stride_h * width + j * stride_w
                for k in range(steps.size):
                    seen[k] = flat[np.uint64(first + steps[k])]  # unsigned: no test for negative places


def tap_steps(maps: Array, numbers: Array) -> Array:
    """(channels * taps,) places of a window's taps in a flat map, seen from its first one."""
    channels, (height, width) = np.arange(maps.shape[1]), maps.shape[2:]
    down, right = np.arange(numbers[2]) * numbers[8], np.arange(numbers[3]) * numbers[9]
    return np.asarray(((channels[:, None, None] * height + down[:, None]) * width + right).reshape(-1), np.int64)
