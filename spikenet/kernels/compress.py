"""Those numbers of a row that lie in a range, brought to its front."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.lanes import element, load_vector, splat, store_vector

_function: Any = cgutils.get_or_insert_function
LANES = 16
_VECTOR, _MASK = (ir.VectorType(ir.IntType(bits), LANES) for bits in (32, 1))
_LANES = np.uint64(LANES)


def _keep_lanes(typing: Any, values: Any, into: Any, which: Any, at: Any, low: Any, width: Any, kept: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def place(k: int, index: Any) -> Any:
            return element(context, builder, signature.args[k], given[k], index)

        name = f"llvm.experimental.vector.compress.v{LANES}i32"
        compress = _function(builder.module, ir.FunctionType(_VECTOR, [_VECTOR, _MASK, _VECTOR]), name)
        one = load_vector(builder, place(0, given[3]), LANES)
        numbers = builder.add(
            splat(builder, builder.trunc(given[3], ir.IntType(32)), LANES), ir.Constant(_VECTOR, list(range(LANES)))
        )
        low, width = (splat(builder, given[k], LANES) for k in (4, 5))
        mask = builder.icmp_unsigned("<", builder.sub(one, low), width)
        for k, vector in enumerate((one, numbers), 1):
            found = builder.call(compress, [vector, mask, ir.Constant(_VECTOR, ir.Undefined)])
            store_vector(builder, found, place(k, given[6]))
        many = builder.ctpop(builder.bitcast(mask, ir.IntType(LANES)))
        return builder.add(given[6], builder.zext(many, given[6].type))

    word, wide = types.uint32, types.uint64
    return wide(values, into, which, wide, word, word, wide), generate


_keep: Any = intrinsic(_keep_lanes)


@compiled()
def keep_within(values: Array, low: Any, high: Any, into: Array, which: Array) -> Any:
    """How many of the values, uint32, lie in [low, high); they stand in `into`, which may be the values, in their
    order, and their numbers in `which`, int32; both (n,)."""
    n = values.size
    kept, begin, width = np.uint64(0), np.uint32(low), np.uint32(high - low)
    whole = np.uint64(n - n % LANES)
    for at in range(np.uint64(0), whole, _LANES):
        kept = _keep(values, into, which, at, begin, width, kept)
    for at in range(whole, np.uint64(n)):
        one = values[at]
        into[kept], which[kept] = one, at
        kept += np.uint64(np.uint32(one - begin) < width)
    return np.int64(kept)
