"""Rows of `lanes` numbers, one for each filter of a tile or each number of a window's row: summed, compared, sorted.

A picture's sums lie as one such row for each pixel. Pooling compares rows; a gradient that pooling sends back says for
each number of a row which pixel of its window it belongs to, its *place*. Arrays are C-contiguous and one-dimensional;
`..._at` is the flat index of the first element.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element, load_vector, multiply_add, splat, store_vector

CHUNK = 16  # lanes compared at once: numbers and places of more would not stay in registers
EIGHT = 8

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


ONES, IN_ORDER, BY_ROW = "ones", "in_order", "by_row"  # the factors of `sum_listed`


@cache
def sum_listed(lanes: int, factors: str) -> Any:
    """f(begun, begun_at, into, into_at, rows, rows_at, stride, listed, listed_at, n, values, values_at).

    into[:lanes] = begun[:lanes] + the sum over k < n of factor * rows[stride * listed[k] :][:lanes]; the factor is 1
    for ONES, values[k] for IN_ORDER, values[listed[k]] for BY_ROW.
    """

    def call(
        typing: Any, begun: Any, begun_at: Any, into: Any, into_at: Any, rows: Any, rows_at: Any, stride: Any,
        listed: Any, listed_at: Any, n: Any, values: Any, values_at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def at(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            first = load_vector(builder, at(0, given[1]), lanes)
            sums = _alloca(builder, first)
            builder.store(first, sums)
            with _for_range(builder, given[9]) as loop:
                k = builder.zext(builder.load(at(7, builder.add(given[8], loop.index))), given[6].type)
                row = load_vector(builder, at(4, builder.add(given[5], builder.mul(k, given[6]))), lanes)
                if factors != ONES:
                    index = loop.index if factors == IN_ORDER else k
                    value = splat(builder, builder.load(at(10, builder.add(given[11], index))), lanes)
                    total = multiply_add(builder, value, row, builder.load(sums))
                else:
                    total = builder.fadd(builder.load(sums), row)
                builder.store(total, sums)
            store_vector(builder, builder.load(sums), at(2, given[3]))
            return context.get_dummy_value()

        whole = types.int64
        arguments = (begun, whole, into, whole, rows, whole, whole, listed, whole, whole, values, whole)
        return types.void(*arguments), generate

    call.__name__ = f"sum_listed_{lanes}_{factors}"  # the disk cache tells them apart by name
    return intrinsic(call)


def _copy_shifted(
    typing: Any, target: Any, target_at: Any, source: Any, source_at: Any, n: Any, shift: Any
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        into = element(context, builder, signature.args[0], given[0], given[1])
        read = element(context, builder, signature.args[2], given[2], given[3])
        wide = given[4].type
        eights = builder.lshr(builder.add(given[4], ir.Constant(wide, EIGHT - 1)), ir.Constant(wide, 3))
        number = into.type.pointee
        added = given[5] if isinstance(number, ir.IntType) else None
        with _for_range(builder, eights) as loop:
            at = builder.shl(loop.index, ir.Constant(wide, 3))
            moved = load_vector(builder, builder.gep(read, [at]), EIGHT)
            if added is not None:
                moved = builder.add(moved, splat(builder, builder.trunc(added, number), EIGHT))
            store_vector(builder, moved, builder.gep(into, [at]))
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64, types.int64), generate


copy_shifted: Any = intrinsic(_copy_shifted)
"""copy_shifted(target, target_at, source, source_at, n, shift): target[:n] = source[:n] + shift, of int32; numbers of
another type are only copied. Reads and writes up to seven more than n."""


@cache
def largest_rows(lanes: int) -> Any:
    """f(rows, rows_at, members, members_at, n, into, into_at, place, place_at).

    into[:lanes] = the largest of the rows[lanes * members[k] :][:lanes], k < n; place[:lanes] (uint8) = its k, the
    first of several. NaN is taken for the largest, so that it goes on and is found.
    """

    def call(
        typing: Any, rows: Any, rows_at: Any, members: Any, members_at: Any, n: Any, into: Any, into_at: Any,
        place: Any, place_at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def at(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            wide, narrow = given[1].type, ir.IntType(32)
            number, chunk = context.get_value_type(signature.args[0].dtype), min(lanes, CHUNK)
            for low in range(0, lanes, chunk):
                offset = ir.Constant(wide, low)
                start = ir.Constant(ir.VectorType(number, chunk), [float("-inf")] * chunk)
                nowhere = ir.Constant(ir.VectorType(narrow, chunk), [0] * chunk)
                best, where = _alloca(builder, start), _alloca(builder, nowhere)
                builder.store(start, best)
                builder.store(nowhere, where)
                with _for_range(builder, given[4]) as loop:
                    member = builder.sext(builder.load(at(2, builder.add(given[3], loop.index))), wide)
                    row = builder.add(builder.mul(member, ir.Constant(wide, lanes)), builder.add(given[1], offset))
                    value, held = load_vector(builder, at(0, row), chunk), builder.load(best)
                    nan = builder.fcmp_unordered("uno", value, value)
                    larger = builder.or_(builder.fcmp_ordered(">", value, held), nan)
                    index = splat(builder, builder.trunc(loop.index, narrow), chunk)
                    builder.store(builder.select(larger, value, held), best)
                    builder.store(builder.select(larger, index, builder.load(where)), where)
                store_vector(builder, builder.load(best), at(5, builder.add(given[6], offset)))
                places = builder.trunc(builder.load(where), ir.VectorType(ir.IntType(8), chunk))
                into_place = at(7, builder.add(given[8], offset))
                builder.store(places, builder.bitcast(into_place, places.type.as_pointer()), align=1)
            return context.get_dummy_value()

        whole = types.int64
        return types.void(rows, whole, members, whole, whole, into, whole, place, whole), generate

    call.__name__ = f"largest_rows_{lanes}"
    return intrinsic(call)


def _is_place(builder: Any, place: Any, k: Any) -> Any:
    """Whether each of eight places is k."""
    kind = ir.VectorType(ir.IntType(8), EIGHT)
    places = builder.load(builder.bitcast(place, kind.as_pointer()), align=1)
    return builder.icmp_unsigned("==", places, splat(builder, builder.trunc(k, ir.IntType(8)), EIGHT))


def _add_placed(
    typing: Any, into: Any, into_at: Any, g: Any, g_at: Any, place: Any, place_at: Any, k: Any, lanes: Any
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        wide = given[1].type
        with _for_range(builder, builder.lshr(given[7], ir.Constant(wide, 3))) as loop:
            low = builder.shl(loop.index, ir.Constant(wide, 3))
            target, row, place = (
                element(context, builder, signature.args[j], given[j], builder.add(given[j + 1], low))
                for j in (0, 2, 4)
            )
            value = load_vector(builder, row, EIGHT)
            here = _is_place(builder, place, given[6])
            value = builder.select(here, value, ir.Constant(value.type, [0.0] * EIGHT))
            store_vector(builder, builder.fadd(load_vector(builder, target, EIGHT), value), target)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(into, whole, g, whole, place, whole, whole, whole), generate


add_placed: Any = intrinsic(_add_placed)
"""add_placed(into, into_at, g, g_at, place, place_at, k, lanes): into[:lanes] += g[:lanes] where place[:lanes] is k."""


def _placed_byte(typing: Any, g: Any, g_at: Any, place: Any, place_at: Any, k: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        row = load_vector(builder, element(context, builder, signature.args[0], given[0], given[1]), EIGHT)
        place = element(context, builder, signature.args[2], given[2], given[3])
        something = builder.fcmp_unordered("!=", row, ir.Constant(row.type, [0.0] * EIGHT))
        bits = builder.and_(something, _is_place(builder, place, given[4]))
        return builder.zext(builder.bitcast(bits, ir.IntType(8)), ir.IntType(64))

    whole = types.int64
    return types.int64(g, whole, place, whole, whole), generate


placed_byte: Any = intrinsic(_placed_byte)
"""placed_byte(g, g_at, place, place_at, k): a bit for each of eight lanes: g is not 0, and its place is k."""
