"""Stretches of arrays copied, added and transposed, by vectors.

numba's own loops over short stretches of unknown length fall back to one number at a time: rows of a picture have 8 to
30. `..._at` is the flat index of the first element in a C-contiguous array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.lanes import element, load_vector, store_vector

_for_range: Any = cgutils.for_range
LANES = 8


def _in_eights(name: str, combine: Callable[..., Any]) -> Any:
    """The intrinsic f(target, target_at, source, source_at, n): eight numbers at a time, the rest one by one."""

    def call(typing: Any, target: Any, target_at: Any, source: Any, source_at: Any, n: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            into = element(context, builder, signature.args[0], given[0], given[1])
            read = element(context, builder, signature.args[2], given[2], given[3])
            eights = builder.lshr(given[4], ir.Constant(given[4].type, 3))
            done = builder.shl(eights, ir.Constant(given[4].type, 3))
            with _for_range(builder, eights) as loop:
                at = builder.shl(loop.index, ir.Constant(given[4].type, 3))
                a, b = builder.gep(into, [at]), builder.gep(read, [at])
                store_vector(
                    builder,
                    combine(builder, lambda a=a: load_vector(builder, a, LANES), load_vector(builder, b, LANES)),
                    a,
                )
            with _for_range(builder, builder.sub(given[4], done)) as loop:
                at = builder.add(done, loop.index)
                a, b = builder.gep(into, [at]), builder.gep(read, [at])
                builder.store(combine(builder, lambda a=a: builder.load(a), builder.load(b)), a)
            return context.get_dummy_value()

        return types.void(target, types.int64, source, types.int64, types.int64), generate

    call.__name__ = name
    return intrinsic(call)


copy_stretch: Any = _in_eights("copy_stretch", lambda builder, old, new: new)
"""target[:n] = source[:n]"""
add_stretch: Any = _in_eights("add_stretch", lambda builder, old, new: builder.fadd(old(), new))
"""target[:n] += source[:n]"""


def _turn_eight(
    typing: Any, target: Any, target_at: Any, target_step: Any, source: Any, source_at: Any, source_step: Any
) -> Any:
    """target[8, 8] = source[8, 8].T, rows being target_step and source_step apart."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def row(k: int, index: int) -> Any:
            step = builder.mul(given[k + 2], ir.Constant(given[k + 2].type, index))
            return element(context, builder, signature.args[k], given[k], builder.add(given[k + 1], step))

        rows = [load_vector(builder, row(3, k), LANES) for k in range(LANES)]
        mask = ir.VectorType(ir.IntType(32), LANES)
        for span in (4, 2, 1):  # blocks of span x span off the diagonal change places
            low = [k if not k & span else k + LANES - span for k in range(LANES)]
            high = [k + span if not k & span else k + LANES for k in range(LANES)]
            for k in range(LANES):
                if not k & span:
                    a, b = rows[k], rows[k + span]
                    rows[k] = builder.shuffle_vector(a, b, ir.Constant(mask, low))
                    rows[k + span] = builder.shuffle_vector(a, b, ir.Constant(mask, high))
        for k in range(LANES):
            store_vector(builder, rows[k], row(0, k))
        return context.get_dummy_value()

    return types.void(target, types.int64, types.int64, source, types.int64, types.int64), generate


_turn: Any = intrinsic(_turn_eight)


@compiled()
def transpose(target: Array, target_at: int, target_step: int, source: Array, source_at: int, source_step: int,
              rows: int, columns: int) -> None:  # fmt: skip
    """target (columns, rows) = source (rows, columns).T; steps are the distances of their rows; both arrays 1-d."""
    if rows < LANES or columns < LANES:
        for i in range(rows):
            for j in range(columns):
                target[target_at + j * target_step + i] = source[source_at + i * source_step + j]
    else:
        for low in range(0, rows, LANES):
            i = min(low, rows - LANES)  # the last block overlaps the one before: some numbers are copied twice
            for left in range(0, columns, LANES):
                j = min(left, columns - LANES)
                _turn(target, target_at + j * target_step + i, target_step,
                      source, source_at + i * source_step + j, source_step)  # fmt: skip
