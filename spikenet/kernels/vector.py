"""The inner loops of event products, on short vectors that stay in registers.

numba turns a loop over a stretch of an array into vector instructions, but reads and writes the stretch anew for every
event. Here the stretch is one value of `lanes` numbers, kept in registers over all events; the compiler splits it into
whatever the processor has. Arrays are C-contiguous; `..._at` is the flat index of the first element used.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element, halves, load_vector, multiply_add, splat, store_vector

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


@cache
def copy_lanes(lanes: int) -> Any:
    """The intrinsic f(source, source_at, into, into_at): into[:lanes] = source[:lanes], each from its `_at`."""

    def copy_of_lanes(typing: Any, source: Any, source_at: Any, into: Any, into_at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            values = load_vector(builder, element(context, builder, signature.args[0], given[0], given[1]), lanes)
            store_vector(builder, values, element(context, builder, signature.args[2], given[2], given[3]))
            return context.get_dummy_value()

        return types.void(source, types.int64, into, types.int64), generate

    copy_of_lanes.__name__ += f"_{lanes}"  # the disk cache tells them apart by name
    return intrinsic(copy_of_lanes)


@cache
def gather(lanes: int, binary: bool, *, away: bool = False) -> Any:
    """The intrinsic f(begun, begun_at, into, into_at, rows, rows_at, stride, places, places_at, n_events, values,
    values_at, step).

    into[:lanes] = begun[:lanes] + sum over events of values[step * place] * rows[stride * place][:lanes], each array
    from its `_at`; with `binary` the values are 1 and not read. `away`, binary only: the sum is taken away instead.
    """

    def gather_rows(
        typing: Any, begun: Any, begun_at: Any, into: Any, into_at: Any, rows: Any, rows_at: Any, stride: Any,
        places: Any, places_at: Any, n_events: Any, values: Any, values_at: Any, step: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def pointer(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            start = load_vector(builder, pointer(0, given[1]), lanes)
            held = _alloca(builder, start)
            with _for_range(builder, given[9]) as loop:
                place = builder.load(pointer(7, builder.add(given[8], loop.index)))
                place = builder.zext(place, given[5].type)
                term = load_vector(builder, pointer(4, builder.add(given[5], builder.mul(place, given[6]))), lanes)
                total = builder.load(held)
                if binary:
                    total = (builder.fsub if away else builder.fadd)(total, term)
                else:
                    value = builder.load(pointer(10, builder.add(given[11], builder.mul(place, given[12]))))
                    total = multiply_add(builder, splat(builder, value, lanes), term, total)
                builder.store(total, held)
            store_vector(builder, builder.load(held), pointer(2, given[3]))
            return context.get_dummy_value()

        n = types.int64
        return types.void(begun, n, into, n, rows, n, n, places, n, n, values, n, n), generate

    kind = ("binary" if binary else "valued") + "_away" * away
    gather_rows.__name__ += f"_{lanes}_{kind}"  # the disk cache tells them apart by name
    return intrinsic(gather_rows)


@cache
def scatter(lanes: int, binary: bool) -> Any:
    """The intrinsic f(row, row_at, into, into_at, places, places_at, n_events, values, values_at).

    into[lanes * place :][:lanes] += values[place] * row[:lanes] for every event's place, each array from its `_at`;
    with `binary` the values are 1 and not read. The row stays in registers over all events.
    """

    def scatter_row(
        typing: Any, row: Any, row_at: Any, into: Any, into_at: Any, places: Any, places_at: Any, n_events: Any,
        values: Any, values_at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def pointer(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            wide = given[1].type
            held = load_vector(builder, pointer(0, given[1]), lanes)
            with _for_range(builder, given[6]) as loop:
                place = builder.zext(builder.load(pointer(4, builder.add(given[5], loop.index))), wide)
                target = pointer(2, builder.add(given[3], builder.mul(place, ir.Constant(wide, lanes))))
                total = load_vector(builder, target, lanes)
                if binary:
                    total = builder.fadd(total, held)
                else:
                    value = builder.load(pointer(7, builder.add(given[8], place)))
                    total = multiply_add(builder, splat(builder, value, lanes), held, total)
                store_vector(builder, total, target)
            return context.get_dummy_value()

        n = types.int64
        return types.void(row, n, into, n, places, n, n, values, n), generate

    scatter_row.__name__ += f"_{lanes}_{'binary' if binary else 'valued'}"  # the disk cache tells them apart by name
    return intrinsic(scatter_row)


PIECE, PARTS = 16, 8  # numbers multiplied at once, and those in which `add_dots` sums a scalar product


@cache
def add_dots(lanes: int) -> Any:
    """The intrinsic f(row, row_at, block, places, places_at, n_events, sums, sums_at).

    sums[PARTS * i :][:PARTS] += the products of row[:lanes] and block[lanes * place :][:lanes], folded to PARTS
    numbers, for the i-th event; lanes is a multiple of 2 PIECE. The row stays in registers over all events.
    """

    def add_dots_of_row(
        typing: Any, row: Any, row_at: Any, block: Any, places: Any, places_at: Any, n_events: Any, sums: Any,
        sums_at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def pointer(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            wide = given[1].type

            def shifted(at: Any, by: int) -> Any:
                return builder.add(at, ir.Constant(wide, by))

            pieces = range(0, lanes, PIECE)
            held = [load_vector(builder, pointer(0, shifted(given[1], k)), PIECE) for k in pieces]
            with _for_range(builder, given[5]) as loop:
                place = builder.zext(builder.load(pointer(3, builder.add(given[4], loop.index))), wide)
                place = builder.mul(place, ir.Constant(wide, lanes))
                into = pointer(6, builder.add(given[7], builder.mul(loop.index, ir.Constant(wide, PARTS))))
                # two chains of additions: one would wait for its own last sum
                totals = [ir.Constant(held[0].type, [0.0] * PIECE)] * 2
                for k, piece in zip(pieces, held, strict=True):
                    other = load_vector(builder, pointer(2, shifted(place, k)), PIECE)
                    chain = k // PIECE % 2
                    totals[chain] = multiply_add(builder, piece, other, totals[chain])
                total = builder.fadd(*halves(builder, builder.fadd(*totals)))
                store_vector(builder, builder.fadd(load_vector(builder, into, PARTS), total), into)
            return context.get_dummy_value()

        n = types.int64
        return types.void(row, n, block, places, n, n, sums, n), generate

    add_dots_of_row.__name__ += f"_{lanes}"  # the disk cache tells them apart by name
    return intrinsic(add_dots_of_row)


def _bits(predicate: str, bound: float, ordered: bool) -> Any:
    """The intrinsic f(values, at): one bit, the lowest first, for each of 32 elements: how it compares with `bound`."""

    def compared_bits(typing: Any, values: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            numbers = load_vector(builder, element(context, builder, signature.args[0], given[0], given[1]), 32)
            compare = builder.fcmp_ordered if ordered else builder.fcmp_unordered
            found = compare(predicate, numbers, ir.Constant(numbers.type, [bound] * 32))
            return builder.zext(builder.bitcast(found, ir.IntType(32)), ir.IntType(64))

        return types.int64(values, types.int64), generate

    compared_bits.__name__ += f"_{predicate}_{bound}"
    return intrinsic(compared_bits)


def _put_places(typing: Any, columns: Any, at: Any, table: Any, byte: Any, low: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def pointer(k: int, index: Any) -> Any:
            return element(context, builder, signature.args[k], given[k], index)

        eight = builder.mul(given[3], ir.Constant(given[3].type, 8))
        places = load_vector(builder, pointer(2, eight), 8)
        low = splat(builder, builder.trunc(given[4], places.type.element), 8)
        builder.store(
            builder.add(places, low), builder.bitcast(pointer(0, given[1]), places.type.as_pointer()), align=2
        )
        return builder.ctpop(given[3])

    return types.int64(columns, types.int64, table, types.int64, types.int64), generate


def _put_word(typing: Any, columns: Any, at: Any, table: Any, bits: Any, low: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def pointer(k: int, index: Any) -> Any:
            return element(context, builder, signature.args[k], given[k], index)

        wide = given[3].type
        for first in range(0, 32, 8):
            byte = builder.and_(builder.lshr(given[3], ir.Constant(wide, first)), ir.Constant(wide, 255))
            places = load_vector(builder, pointer(2, builder.mul(byte, ir.Constant(wide, 8))), 8)
            base = builder.trunc(builder.add(given[4], ir.Constant(wide, first)), places.type.element)
            # counted from the lowest bit each time: no byte waits for the one before it
            earlier = builder.ctpop(builder.and_(given[3], ir.Constant(wide, (1 << first) - 1)))
            into = builder.bitcast(pointer(0, builder.add(given[1], earlier)), places.type.as_pointer())
            builder.store(builder.add(places, splat(builder, base, 8)), into, align=2)
        return builder.ctpop(given[3])

    return types.int64(columns, types.int64, table, types.int64, types.int64), generate


fired_bits: Any = _bits(">", 0.0, ordered=True)
"""fired_bits(values, at): a bit for each of 32 elements, the lowest first: whether it is > 0."""
nonzero_bits: Any = _bits("!=", 0.0, ordered=False)
"""Likewise: whether it is not 0, NaN included."""
one_bits: Any = _bits("==", 1.0, ordered=True)
"""Likewise: whether it is 1."""
nan_bits: Any = _bits("uno", 0.0, ordered=False)
"""Likewise: whether it is no number."""
put_places: Any = intrinsic(_put_places)
"""put_places(columns, at, table, byte, low): columns[at : at + 8] = table[8 * byte : 8 * byte + 8] + low; how many bits
of `byte` are set, so how many of the eight count."""
put_word: Any = intrinsic(_put_word)
"""put_word(columns, at, table, bits, low): the same for the four bytes of 32 bits, one after the other."""
