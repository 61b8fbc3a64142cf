"""Arrays by the address of their first element.

The simulator's operations all take the same arguments, so that one loop can call any of them; what they work on stands
in a table as addresses. Whoever makes the table keeps the arrays alive.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from spikenet.errors import Array

_make_array: Any = make_array
_populate: Any = populate_array
_null: Any = cgutils.get_null_value


@cache
def array_at(dtype: str) -> Any:
    """The intrinsic f(address, n): the `n` numbers of type `dtype` that begin there, as an array nobody counts."""
    kind = numba.from_dtype(np.dtype(dtype))
    size = np.dtype(dtype).itemsize

    def view(typing: Any, address: Any, n: Any) -> Any:
        result = types.Array(kind, 1, "C")

        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            array = _make_array(result)(context, builder)
            pointer = builder.inttoptr(given[0], context.get_data_type(kind).as_pointer())
            item = ir.Constant(given[1].type, size)
            _populate(array, data=pointer, shape=[given[1]], strides=[item], itemsize=item, meminfo=None)
            return array._getvalue()

        return result(types.int64, types.int64), generate

    view.__name__ = f"array_at_{dtype}"  # the disk cache tells them apart by name
    return intrinsic(view)


def address(array: Array) -> int:
    """Where a C-contiguous array begins."""
    assert array.flags.c_contiguous
    return int(array.ctypes.data)
