"""Arguments of a compiled function as a block of 64-bit numbers, and the code that makes them arguments again.

A block holds for an array where the object lies, for a tuple its integers, for a number its bits. So code that knows
nothing of a function's types can hand its arguments on. What reads the block is so short that it is built here, by
hand, in some milliseconds, and kept on disk: numba would take tenths of a second for each set of types.

Of an array object it reads what numpy's C interface lays down: behind the head of every Python object a pointer to the
numbers, the number of axes, and a pointer to the shape.
"""

from __future__ import annotations

import hashlib
import pickle
import struct
from array import array
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import as_dtype

from spikenet.derive import cache as cache_of_code

_make_array: Any = make_array
_populate: Any = populate_array
_unlikely: Any = cgutils.if_unlikely
_range_by: Any = cgutils.for_range_slice
_dtype_of: Any = as_dtype
_tuple_of: Any = types.UniTuple
_target: Any = cpu_target

Keys = list[Any]  # two for each argument. Array: dtype, axes; tuple of integers: tuple, how many; else numba's type, -1
HEAD = object.__basicsize__  # bytes of an array object before its fields
_I64 = ir.IntType(64)
_LAID_OUT = 0x101  # numpy's flags of an array that is C-contiguous and aligned

_NUMBERS = {
    int: numba.int64,
    bool: numba.boolean,
    float: numba.float64,
    np.bool_: numba.boolean,
    np.float32: numba.float32,
    np.float64: numba.float64,
    np.int32: numba.int64,
    np.int64: numba.int64,
    np.uint64: numba.uint64,
}
_libraries: list[Any] = []  # keep the code: only its address is known elsewhere


def block_of(arguments: tuple[Any, ...]) -> tuple[Keys, array[int]]:
    """(what tells apart arguments that need other code, their block); the arrays must outlive its use.

    Raises TypeError for an argument that cannot be handed on.
    """
    keys: Keys = []
    words: list[int] = []
    for one in arguments:
        if isinstance(one, np.ndarray):
            if one.flags.num & _LAID_OUT != _LAID_OUT:
                raise TypeError(f"a compiled loop: expected aligned C-contiguous arrays, got strides {one.strides}")
            keys += (one.dtype, one.ndim)
            words.append(id(one))
        elif isinstance(one, tuple):
            keys += (tuple, len(one))
            words += one
        elif (kind := _NUMBERS.get(type(one))) is not None:
            keys += (kind, -1)
            words.append(_bits(one))
        else:
            raise TypeError(f"a compiled loop: expected a number, an array or a tuple of integers, got {one!r:.60}")
    return keys, array("q", words)


def _bits(number: Any) -> int:
    if isinstance(number, float | np.floating):
        return int(struct.unpack("q", struct.pack("d", number))[0])
    return int(number.view(np.int64)) if isinstance(number, np.uint64) else int(number)


def types_of(keys: Keys) -> tuple[Any, ...]:
    """The numba types for which a function is compiled that is given such arguments."""
    return tuple(map(_type_of, keys[::2], keys[1::2]))


def _type_of(what: Any, n: int) -> Any:
    if isinstance(what, np.dtype):
        return types.Array(numba.from_dtype(what), n, "C")
    return _tuple_of(numba.int64, n) if what is tuple else what


def keys_of(kinds: tuple[Any, ...]) -> Keys:
    """The keys of arguments that belong to numba types."""
    return [part for kind in kinds for part in _key_of(kind)]


def _key_of(kind: Any) -> tuple[Any, int]:
    if isinstance(kind, types.Array):
        return _dtype_of(kind.dtype), kind.ndim
    return (tuple, kind.count) if isinstance(kind, types.UniTuple) else (kind, -1)


@cache
def unpacking(kinds: tuple[Any, ...]) -> int:
    """The address of code f(function, first, end, block), function and block being addresses.

    It calls the compiled `function` for each task from `first` to before `end`, with the task and the arguments of
    these types that stand in the block.
    """
    with global_compiler_lock:
        context = _target.target_context
        context.refresh()
        codegen = context.codegen()
        key = hashlib.sha256(cache_of_code.sources_digest(Path(__file__)))
        key.update(repr((*map(str, kinds), codegen.magic_tuple())).encode())
        name = f"unpacking-{key.hexdigest()[:32]}"
        file = cache_of_code.folder() / f"{name}.bin"
        kept = cache_of_code.read(file)
        if kept is None:
            library = _built(context, codegen, name, kinds)
            cache_of_code.write(file, pickle.dumps(library.serialize_using_object_code()))
        else:
            library = codegen.unserialize_library(pickle.loads(kept))
        _libraries.append(library)
        return int(library.get_pointer_to_function(name))


def _built(context: Any, codegen: Any, name: str, kinds: tuple[Any, ...]) -> Any:
    convention = context.call_conv
    library = codegen.create_library(name)
    library.enable_object_caching()
    module = library.create_ir_module(name)
    code = ir.Function(module, convention.get_function_type(types.none, (types.int64,) * 4), name)
    builder = ir.IRBuilder(code.append_basic_block())
    function, first, end, block = convention.get_arguments(code)
    words = builder.inttoptr(block, _I64.as_pointer())
    values, at = [], 0
    for kind in kinds:
        value, many = _argument(context, builder, words, at, kind)
        values.append(value)
        at += many
    all_kinds = (types.int64, *kinds)
    callee = builder.inttoptr(function, convention.get_function_type(types.none, all_kinds).as_pointer())
    with _range_by(builder, first, end, ir.Constant(_I64, 1)) as (task, _):
        status, _ = convention.call_function(builder, callee, types.none, all_kinds, [task, *values])
        with _unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
    convention.return_native_none(builder)
    library.add_ir_module(module)
    library.finalize()
    return library


def _argument(context: Any, builder: Any, words: Any, at: int, kind: Any) -> tuple[Any, int]:
    """An argument from the block, and how many of its numbers it takes."""

    def word(k: int, of: Any = words) -> Any:
        return builder.load(builder.gep(of, [ir.Constant(_I64, k)]))

    if isinstance(kind, types.Array):
        fields = builder.inttoptr(builder.add(word(at), ir.Constant(_I64, HEAD)), _I64.as_pointer())
        lengths = builder.inttoptr(word(2, fields), _I64.as_pointer())
        shape = [word(k, lengths) for k in range(kind.ndim)]
        strides = [ir.Constant(_I64, _dtype_of(kind.dtype).itemsize)]
        for n in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], n))
        array = _make_array(kind)(context, builder)
        data = builder.inttoptr(word(0, fields), context.get_data_type(kind.dtype).as_pointer())
        own = {"data": data, "shape": shape, "strides": strides[: kind.ndim], "itemsize": strides[-1]}
        _populate(array, **own, meminfo=None)  # nobody counts references: the caller keeps it, views of it cost nothing
        return array._getvalue(), 1
    if isinstance(kind, types.UniTuple):
        return context.make_tuple(builder, kind, [word(at + k) for k in range(kind.count)]), kind.count
    if kind == types.boolean:
        return builder.trunc(word(at), ir.IntType(1)), 1
    if isinstance(kind, types.Float):
        double = builder.bitcast(word(at), ir.DoubleType())
        return double if kind.bitwidth == 64 else builder.fptrunc(double, ir.FloatType()), 1
    return word(at), 1
