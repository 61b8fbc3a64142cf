"""The inner loop of dense convolutions: six rows of `lanes` sums, kept in registers.

A product reads two factors for every multiplication; here a vector of one factor serves six sums, and a number of the
other all lanes of one. The numbers are picked by index, so a convolution needs no copy of its input that lays out every
window. Arrays are C-contiguous; `..._at` is a flat index.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element, load_vector, multiply_add, splat, store_vector

ROWS = 6  # with vectors of 64 bytes, 12 of the 16 registers that processors with 32-byte vectors have
LANE_BYTES = 64

_for_range: Any = cgutils.for_range
_alloca: Any = cgutils.alloca_once_value


@cache
def multiply_tile(lanes: int) -> Any:
    """f(target, target_at, targets, source, source_at, sources, first, steps, n_steps, factor, factor_at).

    For the six i from `first`: target[target_at + targets[i] :][:lanes] +=
        sum over j < n_steps of source[source_at + sources[i] + steps[j]] * factor[factor_at + j * lanes :][:lanes]
    targets, sources, steps: int64
    """

    def call(
        typing: Any, target: Any, target_at: Any, targets: Any, source: Any, source_at: Any, sources: Any, first: Any,
        steps: Any, n_steps: Any, factor: Any, factor_at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            def at(k: int, index: Any) -> Any:
                return element(context, builder, signature.args[k], given[k], index)

            wide = given[6].type
            rows = [builder.add(given[6], ir.Constant(wide, i)) for i in range(ROWS)]
            into = [at(0, builder.add(given[1], builder.load(at(2, row)))) for row in rows]
            read = [at(3, builder.add(given[4], builder.load(at(5, row)))) for row in rows]
            sums = [_alloca(builder, load_vector(builder, pointer, lanes)) for pointer in into]
            with _for_range(builder, given[8]) as loop:
                step = builder.load(at(7, loop.index))
                vector = load_vector(
                    builder, at(9, builder.add(given[10], builder.mul(loop.index, ir.Constant(wide, lanes)))), lanes
                )
                for held, pointer in zip(sums, read, strict=True):
                    number = splat(builder, builder.load(builder.gep(pointer, [step])), lanes)
                    builder.store(multiply_add(builder, number, vector, builder.load(held)), held)
            for held, pointer in zip(sums, into, strict=True):
                store_vector(builder, builder.load(held), pointer)
            return context.get_dummy_value()

        whole = types.int64
        arguments = (target, whole, targets, source, whole, sources, whole, steps, whole, factor, whole)
        return types.void(*arguments), generate

    call.__name__ = f"multiply_tile_{lanes}"  # the disk cache tells them apart by name
    return intrinsic(call)
