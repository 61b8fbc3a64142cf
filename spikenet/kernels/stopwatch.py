"""Operations that measure the others: nanoseconds that each thread spends on each part of a step.

A look at the clock takes some 25 ns, so they are put into a plan only when somebody asks what takes how long.
"""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.pointers import array_at

WORDS = 2  # of an entry of the plan
(
    CLOCK,  # address of int64: the last look, then the nanoseconds of each part
    PART,  # that the time since the last look belongs to, counted from 1; 0 for none
) = range(WORDS)
_MONOTONIC = 1

_longs = array_at("int64")
_function: Any = cgutils.get_or_insert_function
_alloca_once: Any = cgutils.alloca_once


def _nanoseconds(typing: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        wide, narrow = ir.IntType(64), ir.IntType(32)
        moment = _alloca_once(builder, ir.ArrayType(wide, 2))  # struct timespec
        if os.name != "posix":
            return ir.Constant(wide, 0)
        kind = ir.FunctionType(narrow, [narrow, moment.type])
        builder.call(_function(builder.module, kind, "clock_gettime"), [ir.Constant(narrow, _MONOTONIC), moment])
        seconds, rest = (builder.extract_value(builder.load(moment), k) for k in range(2))
        return builder.add(builder.mul(seconds, ir.Constant(wide, 10**9)), rest)

    return types.int64(), generate


_nanoseconds_now: Any = intrinsic(_nanoseconds)


@compiled()
def look(plan: Array, at: int, t: int) -> None:
    """Puts the time since the last look down for a part."""
    part = plan[at + PART]
    clock = _longs(plan[at + CLOCK], part + 1)
    now = _nanoseconds_now()
    if part > 0:
        clock[part] += now - clock[0]
    clock[0] = now
