"""What vector intrinsics are built from, in LLVM instructions: addresses, loads, stores, products of vectors."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.np.arrayobj import make_array

_make_array: Any = make_array
_function: Any = cgutils.get_or_insert_function


def element(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """The address of one element, by its flat index."""
    return builder.gep(_make_array(kind)(context, builder, value=array).data, [index])


def load_vector(builder: Any, pointer: Any, lanes: int) -> Any:
    vector = ir.VectorType(pointer.type.pointee, lanes).as_pointer()
    return builder.load(builder.bitcast(pointer, vector), align=4)


def store_vector(builder: Any, value: Any, pointer: Any) -> None:
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=4)


def splat(builder: Any, value: Any, lanes: int) -> Any:
    """`value` in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


def multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c of vectors, rounded once where the processor can."""
    name = f"llvm.fmuladd.v{a.type.count}{'f64' if isinstance(a.type.element, ir.DoubleType) else 'f32'}"
    return builder.call(_function(builder.module, ir.FunctionType(a.type, [a.type] * 3), name), [a, b, c])


def halves(builder: Any, vector: Any) -> tuple[Any, Any]:
    """The lower and the upper half of the lanes."""
    n = vector.type.count // 2
    places = ir.VectorType(ir.IntType(32), n)
    undefined = ir.Constant(vector.type, ir.Undefined)
    low, high = (ir.Constant(places, list(range(first, first + n))) for first in (0, n))
    return builder.shuffle_vector(vector, undefined, low), builder.shuffle_vector(vector, undefined, high)
