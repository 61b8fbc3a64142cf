"""Reads of a table at any places, one after the other.

Compilers turn such a loop into gathers, which take a processor (Zen 4) twice as long as the reads one by one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element


def _read_alone(typing: Any, table: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = builder.bitcast(
            element(context, builder, signature.args[0], given[0], given[1]), ir.IntType(64).as_pointer()
        )
        return builder.load_atomic(place, "monotonic", 8)  # which no compiler joins to others

    return types.uint64(table, types.uint64), generate


read_alone: Any = intrinsic(_read_alone)
"""read_alone(table, at): the uint64 at place `at`, a uint64; never read together with others."""
