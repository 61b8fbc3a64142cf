"""The inner loops of event products, on short vectors that stay in registers.

numba turns a loop over a stretch of an array into vector instructions, but reads and writes the stretch anew for every
event. Here the stretch is one value of `lanes` numbers, kept in registers over all events; the compiler splits it into
whatever the processor has. Arrays are C-contiguous; `..._at` is the flat index of the first element used.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value
_make_array: Any = make_array
_function: Any = cgutils.get_or_insert_function


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """The address of one element."""
    return builder.gep(_make_array(kind)(context, builder, value=array).data, [index])


def _load(builder: Any, pointer: Any, lanes: int) -> Any:
    vector = ir.VectorType(pointer.type.pointee, lanes).as_pointer()
    return builder.load(builder.bitcast(pointer, vector), align=4)


def _store(builder: Any, value: Any, pointer: Any) -> None:
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=4)


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    """`value` in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


@cache
def gather(lanes: int, binary: bool) -> Any:
    """The intrinsic f(begun, begun_at, into, into_at, rows, rows_at, stride, places, places_at, n_events, values,
    values_at, step).

    into[:lanes] = begun[:lanes] + sum over events of values[step * place] * rows[stride * place][:lanes], each array
    from its `_at`; with `binary` the values are 1 and not read.
    """

    def gather_rows(
        typing: Any, begun: Any, begun_at: Any, into: Any, into_at: Any, rows: Any, rows_at: Any, stride: Any,
        places: Any, places_at: Any, n_events: Any, values: Any, values_at: Any, step: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def pointer(k: int, index: Any) -> Any:
                return _pointer(context, builder, signature.args[k], given[k], index)

            start = _load(builder, pointer(0, given[1]), lanes)
            held = _alloca(builder, start)
            with _for_range(builder, given[9]) as loop:
                place = builder.load(pointer(7, builder.add(given[8], loop.index)))
                place = builder.zext(place, given[5].type)
                term = _load(builder, pointer(4, builder.add(given[5], builder.mul(place, given[6]))), lanes)
                if not binary:
                    value = builder.load(pointer(10, builder.add(given[11], builder.mul(place, given[12]))))
                    term = builder.fmul(term, _splat(builder, value, lanes))
                builder.store(builder.fadd(builder.load(held), term), held)
            _store(builder, builder.load(held), pointer(2, given[3]))
            return context.get_dummy_value()

        n = types.int64
        return types.void(begun, n, into, n, rows, n, n, places, n, n, values, n, n), generate

    gather_rows.__name__ += f"_{lanes}_{'binary' if binary else 'valued'}"  # the disk cache tells them apart by name
    return intrinsic(gather_rows)


def _dots4(
    typing: Any, w: Any, w_at: Any, size: Any, rows: Any, m: Any, into: Any, a: Any, b: Any, c: Any, d: Any
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        lanes, places = 8, given[6:]
        row_p = _pointer(context, builder, signature.args[0], given[0], given[1])
        number = row_p.type.pointee
        vector = ir.VectorType(number, lanes)
        g_p = [
            _pointer(context, builder, signature.args[3], given[3], builder.mul(place, given[4])) for place in places
        ]
        sums = [[_alloca(builder, ir.Constant(vector, [0.0] * lanes)) for _ in range(2)] for _ in places]
        letters = f"v{lanes}f{8 * context.get_abi_sizeof(number)}"
        kind = ir.FunctionType(vector, [vector] * 3)
        fused = _function(builder.module, kind, f"llvm.fmuladd.{letters}")  # one instruction where there is one
        wide = given[2].type
        for held in itertools.chain(*sums):  # anew at every call: the slot itself is made where the function begins
            builder.store(ir.Constant(vector, [0.0] * lanes), held)
        with _for_range(builder, builder.sdiv(given[2], ir.Constant(wide, 2 * lanes))) as loop:
            at = builder.mul(loop.index, ir.Constant(wide, 2 * lanes))
            for k, here in enumerate((at, builder.add(at, ir.Constant(wide, lanes)))):
                w_part = _load(builder, builder.gep(row_p, [here]), lanes)
                for held, g in zip(sums, g_p, strict=True):
                    g_part = _load(builder, builder.gep(g, [here]), lanes)
                    builder.store(builder.call(fused, [w_part, g_part, builder.load(held[k])]), held[k])
        into_p = _pointer(context, builder, signature.args[5], given[5], ir.Constant(wide, 0))
        for k, (one, other) in enumerate(sums):  # two sums each: one would wait for its own last addition
            total = builder.fadd(builder.load(one), builder.load(other))
            _store(builder, total, builder.gep(into_p, [ir.Constant(wide, k * lanes)]))
        return context.get_dummy_value()

    whole = types.int64
    return types.void(w, whole, whole, rows, whole, into, whole, whole, whole, whole), generate


def _bits(predicate: str, bound: float, ordered: bool) -> Any:
    """The intrinsic f(values, at): one bit, the lowest first, for each of 32 elements: how it compares with `bound`."""

    def compared_bits(typing: Any, values: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            numbers = _load(builder, _pointer(context, builder, signature.args[0], given[0], given[1]), 32)
            compare = builder.fcmp_ordered if ordered else builder.fcmp_unordered
            found = compare(predicate, numbers, ir.Constant(numbers.type, [bound] * 32))
            return builder.zext(builder.bitcast(found, ir.IntType(32)), ir.IntType(64))

        return types.int64(values, types.int64), generate

    compared_bits.__name__ += f"_{predicate}_{bound}"
    return intrinsic(compared_bits)


def _put_places(typing: Any, columns: Any, at: Any, table: Any, byte: Any, low: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def pointer(k: int, index: Any) -> Any:
            return _pointer(context, builder, signature.args[k], given[k], index)

        eight = builder.mul(given[3], ir.Constant(given[3].type, 8))
        places = _load(builder, pointer(2, eight), 8)
        low = _splat(builder, builder.trunc(given[4], places.type.element), 8)
        builder.store(
            builder.add(places, low), builder.bitcast(pointer(0, given[1]), places.type.as_pointer()), align=2
        )
        return builder.ctpop(given[3])

    return types.int64(columns, types.int64, table, types.int64, types.int64), generate


fired_bits: Any = _bits(">", 0.0, ordered=True)
"""fired_bits(values, at): a bit for each of 32 elements, the lowest first: whether it is > 0."""
nonzero_bits: Any = _bits("!=", 0.0, ordered=False)
"""Likewise: whether it is not 0, NaN included."""
one_bits: Any = _bits("==", 1.0, ordered=True)
"""Likewise: whether it is 1."""
put_places: Any = intrinsic(_put_places)
"""put_places(columns, at, table, byte, low): columns[at : at + 8] = table[8 * byte : 8 * byte + 8] + low; how many bits
of `byte` are set, so how many of the eight count."""

dots4: Any = intrinsic(_dots4)
"""dots4(w, w_at, size, rows, m, into, a, b, c, d): into[8 k : 8 k + 8] sums, in eight parts, of the products of
w[w_at : w_at + size] with the rows a, b, c, d of m numbers; size is a multiple of 16."""
