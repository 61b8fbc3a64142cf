"""Products of small integers, summed exactly in int32: what 8-bit inference is made of.

Numbers of at most 8 bits lie in int16, two inputs side by side; one instruction (pmaddwd) multiplies 16 of them and
adds them in pairs to 8 sums of 32 bits, twice the multiply-adds of a float32 one of the same width. Where the processor
lacks it, a plain loop gives the same integers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels import memory
from spikenet.kernels.lanes import element, splat
from spikenet.kernels.tasks import shared

ROWS, LANES = 6, 16  # a tile: 12 accumulators of 8 sums, within 16 registers
_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value
_function: Any = cgutils.get_or_insert_function


@cache
def has_paired_products() -> bool:
    """Whether the processor multiplies 16 int16 at once."""
    return bool(llvm.get_host_cpu_features().get("avx2", False))


@intrinsic
def _paired(
    typing: Any, x: Any, starts: Any, first: Any, shift: Any, steps: Any, n_pairs: Any, w: Any, w_at: Any, out: Any,
    out_at: Any, width: Any,
) -> Any:  # fmt: skip
    """A tile: out (ROWS, LANES) from out[out_at], rows `width` apart = pairs of inputs (ROWS, n_pairs) @ w[w_at:].

    Pair k of row r is x[starts[first + r] + shift + steps[k]]: two inputs of 16 bits, the first in the lower half.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def pointer(k: int, index: Any) -> Any:
            return element(context, builder, signature.args[k], given[k], index)

        i16, i32, i64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
        shorts, sums = ir.VectorType(i16, 16), ir.VectorType(i32, 8)
        pairs = _function(builder.module, ir.FunctionType(sums, [shorts, shorts]), "llvm.x86.avx2.pmadd.wd")
        zero = ir.Constant(sums, [0] * 8)
        held = [[_alloca(builder, zero) for _ in range(2)] for _ in range(ROWS)]
        begins = [builder.load(pointer(1, builder.add(given[2], ir.Constant(i64, r)))) for r in range(ROWS)]
        rows = [pointer(0, builder.add(begin, given[3])) for begin in begins]
        with _for_range(builder, given[5]) as loop:
            place = builder.add(given[7], builder.mul(loop.index, ir.Constant(i64, 2 * LANES)))
            columns = []
            for half in range(2):
                at = builder.add(place, ir.Constant(i64, 16 * half))
                columns.append(builder.load(builder.bitcast(pointer(6, at), shorts.as_pointer()), align=2))
            step = builder.load(pointer(4, loop.index))
            for r in range(ROWS):
                both = splat(builder, builder.load(builder.gep(rows[r], [step])), 8)
                for half in range(2):
                    added = builder.call(pairs, [builder.bitcast(both, shorts), columns[half]])
                    builder.store(builder.add(builder.load(held[r][half]), added), held[r][half])
        for r in range(ROWS):
            for half in range(2):
                row = builder.add(given[9], builder.mul(given[10], ir.Constant(i64, r)))
                at = builder.add(row, ir.Constant(i64, 8 * half))
                into = builder.bitcast(pointer(8, at), sums.as_pointer())
                builder.store(builder.load(held[r][half]), into, align=4)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(x, starts, whole, whole, steps, whole, w, whole, out, whole, whole), generate


@compiled()
def _one_by_one(
    x: Any, starts: Any, first: Any, shift: Any, steps: Any, n_pairs: Any, w: Any, w_at: Any, out: Any, out_at: Any,
    width: Any,
) -> None:  # fmt: skip
    """The same tile for any processor."""
    for r in range(ROWS):
        row = out[out_at + r * width : out_at + r * width + LANES]
        row[:] = 0
        begin = starts[first + r] + shift
        for k in range(n_pairs):
            both, columns = x[begin + steps[k]], w[w_at + k * 2 * LANES : w_at + (k + 1) * 2 * LANES]
            for lane in range(LANES):
                row[lane] += (both & 0xFFFF) * columns[2 * lane] + (both >> 16) * columns[2 * lane + 1]


def tile(plain: bool | None = None) -> Any:
    """What multiplies a tile on this processor; plain: the one for any."""
    return _one_by_one if plain or (plain is None and not has_paired_products()) else _paired


@cache
def _by_tiles(multiply_tile: Any) -> Any:
    @shared
    def by_tiles(task: int, x: Any, starts: Any, steps: Any, w: Any, out: Any, width: Any) -> None:
        n_blocks, n_pairs = np.int64(width // LANES), steps.size
        first = task * ROWS
        for block in range(n_blocks):
            multiply_tile(
                x, starts, first, 0, steps, n_pairs, w, block * n_pairs * 2 * LANES, out,
                first * width + block * LANES, width,
            )  # fmt: skip

    return by_tiles


def multiply_ns(n: int, n_out: int) -> float:
    """About how long a row of n inputs takes on one core with paired products, rounding included."""
    return 0.3 * (n + n_out) + 0.03 * n * n_out


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


def multiply(x: Array, w: Array, *, plain: bool | None = None) -> Array:
    """(rows, outputs) int32 sums for x as `rows_of` has it and w as `packed` has it; both filled up.

    The caller sees to it that sums fit int32.
    """
    pairs = x.view(np.int32)
    out = memory.empty((len(x), w.shape[0] * LANES), np.int32)
    starts, steps = np.arange(len(x)) * pairs.shape[1], np.arange(pairs.shape[1])
    _by_tiles(tile(plain))(
        len(x) // ROWS, pairs.reshape(-1), starts, steps, w.reshape(-1), out.reshape(-1), out.shape[1]
    )
    return out


@shared
def to_integers(r: int, x: Any, scale: Any, zero: Any, low: Any, high: Any, out: Any) -> None:
    """out[r, k] = x[r, k] / scale rounded, halves to even, plus zero, within low .. high."""
    over = np.float32(1) / scale
    for k in range(x.shape[1]):
        q = np.rint(x[r, k] * over) + np.float32(zero)
        out[r, k] = np.int16(min(max(q, np.float32(low)), np.float32(high)))


@shared
def to_values(r: int, sums: Any, scale: Any, start: Any, rectify: Any, out: Any) -> None:
    """out[r, c] = scale[c] * sums[r, c] + start[c], and 0 where negative if `rectify`."""
    for c in range(out.shape[1]):
        y = scale[c] * np.float32(sums[r, c]) + start[c]
        out[r, c] = max(y, np.float32(0)) if rectify else y
