"""Inner loops of dense products of a few short rows, on vectors that stay in registers, as in `vector`.

Terms are added by fused multiply-add: one rounding each. Arrays are C-contiguous; `..._at` is the flat index of the
first element used, `..._stride` the distance between rows.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element, halves, load_vector, splat, store_vector
from spikenet.kernels.memory import LINE

_alloca: Any = cgutils.alloca_once_value
_for_range: Any = cgutils.for_range
_range_by: Any = cgutils.for_range_slice
_tuple_of: Any = types.UniTuple

DOT_BYTES = 64  # of the sums that `four_dots` carries on for each row: two registers


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c with one rounding."""
    kind = a.type
    letter = {"float": "f32", "double": "f64"}[str(kind.element)]
    function = builder.module.globals.get(name := f"llvm.fma.v{kind.count}{letter}")
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
    return builder.call(function, [a, b, c])


def _lanes(kind: Any, n_bytes: int) -> int:
    return int(n_bytes * 8 // kind.dtype.bitwidth)


@cache
def add_product(rows: int, n_bytes: int) -> Any:
    """into[r, :lanes] += sum over k < n of values[r, k] * w[k, :lanes] for r < rows; `n_bytes` hold `lanes` numbers.

    The intrinsic f(into, into_at, into_stride, values, values_at, values_stride, w, w_at, w_stride, n).
    """

    def call(
        typing: Any, into: Any, into_at: Any, into_stride: Any, values: Any, values_at: Any, values_stride: Any,
        w: Any, w_at: Any, w_stride: Any, n: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            lanes = _lanes(signature.args[0], n_bytes)

            def place(k: int, row: Any) -> Any:
                index = builder.add(given[k + 1], builder.mul(row, given[k + 2]))
                return element(context, builder, signature.args[k], given[k], index)

            wide = given[1].type
            targets = [place(0, ir.Constant(wide, r)) for r in range(rows)]
            sources = [place(3, ir.Constant(wide, r)) for r in range(rows)]
            held = [_alloca(builder, load_vector(builder, target, lanes)) for target in targets]
            with _for_range(builder, given[9]) as loop:
                row = load_vector(builder, place(6, loop.index), lanes)
                for source, sums in zip(sources, held, strict=True):
                    value = splat(builder, builder.load(builder.gep(source, [loop.index])), lanes)
                    builder.store(_fma(builder, value, row, builder.load(sums)), sums)
            for target, sums in zip(targets, held, strict=True):
                store_vector(builder, builder.load(sums), target)
            return context.get_dummy_value()

        integers = types.int64
        arguments = (into, integers, integers, values, integers, integers, w, integers, integers, integers)
        return types.void(*arguments), generate

    call.__name__ = f"add_product_{rows}_{n_bytes}"  # the disk cache tells them apart by name
    return intrinsic(call)


def _four_dots(typing: Any, a: Any, at_0: Any, at_1: Any, at_2: Any, at_3: Any, b: Any, b_at: Any, n: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        lanes = _lanes(signature.args[0], DOT_BYTES)
        rows = [element(context, builder, signature.args[0], given[0], at) for at in given[1:5]]
        other = element(context, builder, signature.args[5], given[5], given[6])
        kind = ir.VectorType(other.type.pointee, lanes)
        held = [_alloca(builder, ir.Constant(kind, [0.0] * lanes)) for _ in rows]
        zero, step = ir.Constant(given[7].type, 0), ir.Constant(given[7].type, lanes)
        with _range_by(builder, zero, given[7], step) as (index, _):
            factor = load_vector(builder, builder.gep(other, [index]), lanes)
            for row, sums in zip(rows, held, strict=True):
                term = load_vector(builder, builder.gep(row, [index]), lanes)
                builder.store(_fma(builder, term, factor, builder.load(sums)), sums)
        return context.make_tuple(
            builder, signature.return_type, [_summed(builder, builder.load(sums), lanes) for sums in held]
        )

    i = types.int64
    return _tuple_of(a.dtype, 4)(a, i, i, i, i, b, i, i), generate


def _summed(builder: Any, sums: Any, lanes: int) -> Any:
    """The sum of all lanes, halves added to halves."""
    for _ in range(lanes.bit_length() - 1):
        sums = builder.fadd(*halves(builder, sums))
    return builder.extract_element(sums, ir.Constant(ir.IntType(32), 0))


def _prefetch(write: bool) -> Any:
    def prefetch_of(typing: Any, array: Any, at: Any, n: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            i32 = ir.IntType(32)
            byte = ir.IntType(8).as_pointer()
            name = "llvm.prefetch.p0"
            function = builder.module.globals.get(name) or ir.Function(
                builder.module, ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32]), name
            )
            step = ir.Constant(given[2].type, LINE * 8 // signature.args[0].dtype.bitwidth)
            first = element(context, builder, signature.args[0], given[0], given[1])
            with _range_by(builder, ir.Constant(given[2].type, 0), given[2], step) as (index, _):
                place = builder.bitcast(builder.gep(first, [index]), byte)
                builder.call(function, [place, *(ir.Constant(i32, k) for k in (int(write), 3, 1))])  # soon, data
            return context.get_dummy_value()

        return types.void(array, types.int64, types.int64), generate

    prefetch_of.__name__ += "_to_write" if write else "_to_read"  # the disk cache tells them apart by name
    return intrinsic(prefetch_of)


four_dots: Any = intrinsic(_four_dots)
"""four_dots(a, at_0, at_1, at_2, at_3, b, b_at, n): the sums of a[at_i + k] * b[b_at + k] over k < n.

n is a multiple of the numbers in DOT_BYTES; that many sums are carried on for each and added in pairs at the end.
"""
prefetch: Any = _prefetch(write=False)
"""prefetch(array, at, n): ask the memory for n elements that will be read soon; changes nothing else."""
prefetch_to_write: Any = _prefetch(write=True)
"""Likewise for elements that will be written."""
