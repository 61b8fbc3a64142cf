"""The inner loops of event products, on short vectors that stay in registers.

numba turns a loop over a stretch of an array into vector instructions, but reads and writes the stretch anew for every
event. Here the stretch is one value of `lanes` numbers, kept in registers over all events; the compiler splits it into
whatever the processor has. Arrays are C-contiguous; `..._at` is the flat index of the first element used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value
_make_array: Any = make_array


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


def _event_loop(name: str, lanes: int, binary: bool, body: Callable[..., Any]) -> Any:
    """The intrinsic f(part, part_at, rows, rows_at, columns, columns_at, n_events, values, values_at).

    body(builder, held, row): what is done with the pointer of an event's row of `lanes` numbers, `held` being a slot on
    the stack that begins as part[:lanes] and a factor of 1 or the event's value; see `gather` and `scatter`.
    """

    def call(
        typing: Any, part: Any, part_at: Any, rows: Any, rows_at: Any, columns: Any, columns_at: Any,
        n_events: Any, values: Any, values_at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def pointer(k: int, index: Any) -> Any:
                return _pointer(context, builder, signature.args[k], given[k], index)

            part_p = pointer(0, given[1])
            held = _alloca(builder, _load(builder, part_p, lanes))
            wide = given[3].type
            with _for_range(builder, given[6]) as loop:
                column = builder.load(pointer(4, builder.add(given[5], loop.index)))
                column = builder.zext(column, wide)
                row = pointer(2, builder.add(given[3], builder.mul(column, ir.Constant(wide, lanes))))
                value = None
                if not binary:
                    value = _splat(builder, builder.load(pointer(7, builder.add(given[8], column))), lanes)
                body(builder, held, row, value)
            _store(builder, builder.load(held), part_p)
            return context.get_dummy_value()

        arguments = (part, types.int64, rows, types.int64, columns, types.int64, types.int64, values, types.int64)
        return types.void(*arguments), generate

    call.__name__ = f"{name}_{lanes}_{'binary' if binary else 'valued'}"  # the disk cache tells them apart by name
    return intrinsic(call)


@cache
def gather(lanes: int, binary: bool) -> Any:
    """part[:lanes] += sum over events of values[j] * rows[j, :lanes]; with `binary` the values are 1 and not read."""

    def add(builder: Any, held: Any, row: Any, value: Any) -> None:
        term = _load(builder, row, lanes)
        term = term if value is None else builder.fmul(term, value)
        builder.store(builder.fadd(builder.load(held), term), held)

    return _event_loop("gather", lanes, binary, add)


@cache
def scatter(lanes: int, binary: bool) -> Any:
    """rows[j, :lanes] += values[j] * part[:lanes] for every event; with `binary` the values are 1 and not read."""

    def add(builder: Any, held: Any, row: Any, value: Any) -> None:
        term = builder.load(held)
        term = term if value is None else builder.fmul(term, value)
        _store(builder, builder.fadd(_load(builder, row, lanes), term), row)

    return _event_loop("scatter", lanes, binary, add)


def _fired_bits(typing: Any, output: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        values = _load(builder, _pointer(context, builder, signature.args[0], given[0], given[1]), 32)
        fired = builder.fcmp_ordered(">", values, ir.Constant(values.type, [0.0] * 32))
        return builder.zext(builder.bitcast(fired, ir.IntType(32)), ir.IntType(64))

    return types.int64(output, types.int64), generate


def _lowest_bit(typing: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


fired_bits: Any = intrinsic(_fired_bits)
"""fired_bits(output, at): one bit, the lowest first, for each of 32 elements of a float array: whether it is > 0."""
lowest_bit: Any = intrinsic(_lowest_bit)
"""lowest_bit(bits): the place of the lowest bit that is set; bits must not be 0."""
