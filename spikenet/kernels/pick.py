"""The inner loop of pooling: eight windows at a time, their numbers picked by index.

Windows lie apart, so their numbers cannot be read as vectors; but once picked, eight are compared or added at once and
without a branch that depends on them. Arrays are C-contiguous; `..._at` is a flat index.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element, splat, store_vector

EIGHT = 8

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


def _picking(name: str, start: float, take: Callable[..., tuple[Any, Any]]) -> Any:
    """The intrinsic f(x, pixels, first, taps, y, y_at, place): see `largest_of_eight`."""

    def call(
        typing: Any, x: Any, pixels: Any, first: Any, taps: Any, n_taps: Any, y: Any, y_at: Any, place: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def at(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            wide, lane = given[2].type, ir.IntType(32)
            windows = [builder.load(at(1, builder.add(given[2], ir.Constant(wide, k)))) for k in range(EIGHT)]
            number = context.get_value_type(signature.args[0].dtype)
            best = _alloca(builder, ir.Constant(ir.VectorType(number, EIGHT), [start] * EIGHT))
            builder.store(ir.Constant(ir.VectorType(number, EIGHT), [start] * EIGHT), best)
            which = ir.VectorType(ir.IntType(32), EIGHT)
            where = _alloca(builder, ir.Constant(which, [0] * EIGHT))
            builder.store(ir.Constant(which, [0] * EIGHT), where)
            with _for_range(builder, given[4]) as loop:
                tap = builder.load(at(3, loop.index))
                value = ir.Constant(ir.VectorType(number, EIGHT), ir.Undefined)
                for k, window in enumerate(windows):
                    picked = builder.load(at(0, builder.add(window, tap)))
                    value = builder.insert_element(value, picked, ir.Constant(lane, k))
                index = splat(builder, builder.trunc(loop.index, lane), EIGHT)
                taken, from_where = take(builder, value, builder.load(best), index, builder.load(where))
                builder.store(taken, best)
                builder.store(from_where, where)
            store_vector(builder, builder.load(best), at(5, given[6]))
            if name == "largest_of_eight":
                narrow = builder.trunc(builder.load(where), ir.VectorType(ir.IntType(16), EIGHT))
                into = builder.bitcast(at(7, given[6]), narrow.type.as_pointer())
                builder.store(narrow, into, align=2)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(x, pixels, whole, taps, whole, y, whole, place), generate

    call.__name__ = name
    return intrinsic(call)


def _larger(builder: Any, value: Any, best: Any, index: Any, where: Any) -> tuple[Any, Any]:
    # NaN is taken for the largest, so that it goes on and is found
    taken = builder.or_(builder.fcmp_ordered(">", value, best), builder.fcmp_unordered("uno", value, value))
    return builder.select(taken, value, best), builder.select(taken, index, where)


largest_of_eight: Any = _picking("largest_of_eight", float("-inf"), _larger)
"""f(x, pixels, first, taps, n_taps, y, y_at, place): y[y_at :][:8] = the largest of x[pixels[first + k] + taps[:]], and
place[y_at :][:8] (uint16) = the index of the tap that has it, the first of several."""
sum_of_eight: Any = _picking("sum_of_eight", 0.0, lambda builder, v, best, index, where: (builder.fadd(best, v), where))
"""The same with the sum; place is not written."""
