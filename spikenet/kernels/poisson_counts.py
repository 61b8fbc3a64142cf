"""How many events of a Poisson process fall into a step, for every neuron: added, times a weight, to its input.

A count is the number of values of the cumulative distribution that a uniform number of 32 bits exceeds. 32 neurons are
counted at once, in registers, until none of them exceeds the next value.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.lanes import element, load_vector, splat, store_vector
from spikenet.kernels.philox import GROUP, LANES, philox_vectors
from spikenet.kernels.pointers import array_at

LARGEST = 1000.0  # expected events a step: the work grows with it, and such an input is better given as a current
AT_ONCE = 4  # thresholds between two looks at whether any number exceeds the last
WORDS = 11  # of an entry of the plan
(
    N,  # neurons of this thread's share, rounded up to whole groups
    GROUP0,  # number of its first group, counted from the population's first neuron
    STREAM,  # of random numbers
    SEED,
    ROWS,  # address of (bins, K, neurons or 1) int32 thresholds
    BIN_STEPS,  # steps of a bin of time
    BINS,
    BIN_STRIDE,  # numbers from one bin's thresholds to the next
    K_STRIDE,  # numbers from one threshold to the next: 1 when all neurons share them
    WEIGHT,  # address of one number
    INPUT,  # address of the row that is added to
) = range(WORDS)

_alloca: Any = cgutils.alloca_once_value


def thresholds(expected: Array) -> Array:
    """Cumulative probabilities of counts 0, 1, ... as int32 words, the sign bit turned; (K, *expected.shape).

    expected: events a step, 0 to LARGEST. What is rarer than 2^-32 never happens.
    """
    mean = np.asarray(expected, np.float64)
    largest = float(mean.max(initial=0.0))
    many = AT_ONCE * -(-int(largest + 7.0 * math.sqrt(largest) + 16) // AT_ONCE)
    log_mean = np.log(np.where(mean > 0, mean, 1.0))
    k = np.arange(many)
    log_factorial = np.array([math.lgamma(i + 1.0) for i in k])
    column = (...,) + (None,) * mean.ndim
    each = np.exp(k[column] * log_mean - mean - log_factorial[column]) * np.where(
        (mean > 0) | (k[column] == 0), 1.0, 0.0
    )
    words = np.minimum(np.floor(np.cumsum(each, axis=0) * 2.0**32), 2.0**32 - 1)
    words[-1] = 2.0**32 - 1  # nothing exceeds the last one
    turned: Array = (words.astype(np.int64) - 2**31).astype(np.int32)
    return turned


@cache
def _count_group(shared: bool) -> Any:
    """The intrinsic f(group, step, stream, seed, table, table_at, stride, weight, row, at): row[at : at + GROUP] gets
    weight times the counts. shared: all neurons have the same thresholds."""

    def count_group(
        typing: Any, group: Any, step: Any, stream: Any, seed: Any, table: Any, table_at: Any, stride: Any,
        weight: Any, row: Any, at: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            number, step, stream, seed, _, table_at, stride, weight, _, at = given
            wide, word = number.type, ir.IntType(32)
            many = ir.VectorType(word, LANES)
            first = builder.mul(number, ir.Constant(wide, LANES))
            high = builder.lshr(step, ir.Constant(wide, 32))
            turn = ir.Constant(many, [0x80000000] * LANES)
            drawn = [builder.xor(v, turn) for v in philox_vectors(builder, first, step, high, stream, seed)]
            counts = [_alloca(builder, ir.Constant(many, [0] * LANES)) for _ in drawn]
            place = _alloca(builder, table_at)
            loop, done = builder.append_basic_block("count"), builder.append_basic_block("counted")
            builder.branch(loop)
            builder.position_at_end(loop)
            for _ in range(AT_ONCE):  # a branch each would be foreseen wrongly once a group
                here = builder.load(place)
                any_above = ir.Constant(many, [0] * LANES)
                for w, (value, count) in enumerate(zip(drawn, counts, strict=True)):
                    own = here if shared else builder.add(here, ir.Constant(wide, w * LANES))
                    pointer = element(context, builder, signature.args[4], given[4], own)
                    bound = (
                        splat(builder, builder.load(pointer), LANES) if shared else load_vector(builder, pointer, LANES)
                    )
                    above = builder.sext(builder.icmp_signed(">", value, bound), many)
                    builder.store(builder.sub(builder.load(count), above), count)
                    any_above = builder.or_(any_above, above)
                builder.store(builder.add(here, stride), place)
            some = builder.icmp_unsigned("!=", any_above, ir.Constant(many, [0] * LANES))
            again = builder.icmp_unsigned(
                "!=", builder.bitcast(some, ir.IntType(LANES)), ir.Constant(ir.IntType(LANES), 0)
            )
            builder.cbranch(again, loop, done)
            builder.position_at_end(done)
            for w, count in enumerate(counts):
                pointer = element(
                    context, builder, signature.args[8], given[8], builder.add(at, ir.Constant(wide, w * LANES))
                )
                before = load_vector(builder, pointer, LANES)
                amount = builder.sitofp(builder.load(count), before.type)
                store_vector(
                    builder, builder.fadd(before, builder.fmul(amount, splat(builder, weight, LANES))), pointer
                )
            return context.get_dummy_value()

        n = types.int64
        return types.void(n, n, n, n, table, n, n, row.dtype, row, n), generate

    count_group.__name__ = f"count_group_{'shared' if shared else 'own'}"  # the disk cache tells them apart by name
    return intrinsic(count_group)


@cache
def poisson_operation(dtype: str, shared: bool) -> Any:
    """The operation that adds Poisson events to an input; shared: all its neurons have one rate."""
    floats, words = array_at(dtype), array_at("int32")
    count_group = _count_group(shared)

    @compiled()
    def poisson_counts(plan: Array, at: int, t: int) -> None:
        n, group0, k_stride = plan[at + N], plan[at + GROUP0], plan[at + K_STRIDE]
        stream, seed = plan[at + STREAM], plan[at + SEED]
        table = words(plan[at + ROWS], 0)
        start = min(t // plan[at + BIN_STEPS], plan[at + BINS] - 1) * plan[at + BIN_STRIDE]
        weight = floats(plan[at + WEIGHT], 1)[0]
        row = floats(plan[at + INPUT], n)
        for g in range(n // GROUP):
            own = start if shared else start + g * GROUP
            count_group(group0 + g, t, stream, seed, table, own, k_stride, weight, row, g * GROUP)

    return poisson_counts
