"""The inner loops of event products, on short vectors that stay in registers.

numba turns a loop over a stretch of an array into vector instructions, but reloads and stores the stretch for every
event. Here the stretch is one value of `lanes` numbers, kept in registers over all events; the compiler splits it into
whatever the processor has. All arguments but the first are addresses, byte counts and integers as int64; the first,
`zero`, only tells the float type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


def _vector_at(builder: Any, address: Any, scalar: Any, lanes: int) -> Any:
    return builder.inttoptr(address, ir.VectorType(scalar, lanes).as_pointer())


def _load(builder: Any, address: Any, scalar: Any, lanes: int) -> Any:
    return builder.load(_vector_at(builder, address, scalar, lanes), align=4)


def _store(builder: Any, value: Any, address: Any, scalar: Any, lanes: int) -> None:
    builder.store(value, _vector_at(builder, address, scalar, lanes), align=4)


def _each_event(builder: Any, row_bytes: Any, listed: Any, n_events: Any, base: Any, body: Callable[..., None]) -> None:
    """body(address of the event's row, its column) for every event; columns are uint16."""
    with _for_range(builder, n_events) as loop:
        place = builder.add(listed, builder.shl(loop.index, ir.Constant(loop.index.type, 1)))
        column = builder.load(builder.inttoptr(place, ir.IntType(16).as_pointer()), align=2)
        column = builder.zext(column, row_bytes.type)
        body(builder.add(base, builder.mul(column, row_bytes)), column)


def _splat(builder: Any, address: Any, column: Any, scalar: Any, lanes: int) -> Any:
    """The value of the event's column, in every lane."""
    size = ir.Constant(column.type, 4 if isinstance(scalar, ir.FloatType) else 8)
    value = builder.load(builder.inttoptr(builder.add(address, builder.mul(column, size)), scalar.as_pointer()))
    one = builder.insert_element(
        ir.Constant(ir.VectorType(scalar, lanes), ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
    )
    mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(one, one, mask)


@cache
def gather(lanes: int, binary: bool) -> Any:
    """gather(zero, total, rows, row_bytes, listed, n_events, values): total[:lanes] += sum of values[j] * rows[j].

    binary: the values are all 1 and not read
    """

    def call(
        typing: Any, zero: Any, total: Any, rows: Any, row_bytes: Any, listed: Any, n_events: Any, values: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            _, total, rows, row_bytes, listed, n_events, values = given
            scalar = context.get_value_type(signature.args[0])
            held = _alloca(builder, _load(builder, total, scalar, lanes))

            def add(row: Any, column: Any) -> None:
                part = _load(builder, row, scalar, lanes)
                if not binary:
                    part = builder.fmul(part, _splat(builder, values, column, scalar, lanes))
                builder.store(builder.fadd(builder.load(held), part), held)

            _each_event(builder, row_bytes, listed, n_events, rows, add)
            _store(builder, builder.load(held), total, scalar, lanes)
            return context.get_dummy_value()

        return types.void(zero, total, rows, row_bytes, listed, n_events, values), generate

    call.__name__ = f"gather_{lanes}_{'binary' if binary else 'valued'}"  # tells the disk cache one from another
    return intrinsic(call)


@cache
def scatter(lanes: int, binary: bool) -> Any:
    """scatter(zero, part, rows, row_bytes, listed, n_events, values): rows[j][:lanes] += values[j] * part."""

    def call(
        typing: Any, zero: Any, part: Any, rows: Any, row_bytes: Any, listed: Any, n_events: Any, values: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            _, part, rows, row_bytes, listed, n_events, values = given
            scalar = context.get_value_type(signature.args[0])
            added = _load(builder, part, scalar, lanes)

            def add(row: Any, column: Any) -> None:
                term = added if binary else builder.fmul(added, _splat(builder, values, column, scalar, lanes))
                _store(builder, builder.fadd(_load(builder, row, scalar, lanes), term), row, scalar, lanes)

            _each_event(builder, row_bytes, listed, n_events, rows, add)
            return context.get_dummy_value()

        return types.void(zero, part, rows, row_bytes, listed, n_events, values), generate

    call.__name__ = f"scatter_{lanes}_{'binary' if binary else 'valued'}"
    return intrinsic(call)
