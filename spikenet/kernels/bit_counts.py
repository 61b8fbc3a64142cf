"""Spikes through synapses that are bits: how many of the sources that fired reach each target.

Where all synapses of a connection share one weight and one delay, one bit says whether there is one. The bits of the
sources that fired are summed for 256 targets at once, as binary numbers of which each digit is a vector of bits
(carry-save addition: seven full adders turn eight vectors into one of weight 8 and what is left over of 1, 2 and 4).
Only when all are summed do the counts become numbers of a row. A synapse costs a fraction of a processor cycle.

The bits stand in slabs of SLAB targets: (slabs, sources + 1, SLAB / 64) uint64; the last source of each slab is empty,
to round up the number of spikes. Source: carry-save counting as in Mula, Kurz & Lemire 2018 (Computer Journal 61:111).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from spikenet.kernels.lanes import element, load_vector, splat, store_vector

SLAB = 512  # targets of a slab: a cache line of bits a source
HALF = 256
EIGHT = 8  # spikes summed together; lists are rounded up to it
DIGITS = 16  # more than any count of spikes in a step needs
_VECTOR = ir.VectorType(ir.IntType(64), HALF // 64)

_alloca: Any = cgutils.alloca_once_value
_alloca_once: Any = cgutils.alloca_once
_for_range: Any = cgutils.for_range


def _add(builder: Any, a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """(sum, carry) of three vectors of bits."""
    both = builder.xor(a, b)
    return builder.xor(both, c), builder.or_(builder.and_(a, b), builder.and_(both, c))


def _sum_bits(typing: Any, bits: Any, at: Any, sources: Any, n_sources: Any, digits: Any, n_digits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        bits, at, sources, n_sources, digits, n_digits = given
        wide, zero = at.type, ir.Constant(_VECTOR, [0] * _VECTOR.count)

        def constant(value: int) -> Any:
            return ir.Constant(wide, value)

        def pointer(k: int, array: Any, index: Any) -> Any:
            return element(context, builder, signature.args[k], array, index)

        def digit(k: Any) -> Any:
            return pointer(4, digits, builder.mul(k, constant(_VECTOR.count)))

        low = [_alloca(builder, zero) for _ in range(3)]  # digits of weight 1, 2 and 4 stay in registers
        with _for_range(builder, builder.sub(n_digits, constant(3))) as loop:
            store_vector(builder, zero, digit(builder.add(loop.index, constant(3))))
        with _for_range(builder, builder.lshr(n_sources, constant(3))) as loop:
            rows = []
            for k in range(EIGHT):
                place = builder.add(builder.shl(loop.index, constant(3)), constant(k))
                source = builder.zext(builder.load(pointer(2, sources, place)), wide)
                rows.append(builder.add(at, builder.mul(source, constant(SLAB // 64))))
            level = [load_vector(builder, pointer(0, bits, row), _VECTOR.count) for row in rows]
            for weight in low:  # eight vectors, then four carries, then two, then one
                total, carries = builder.load(weight), []
                for a, b in zip(level[::2], level[1::2], strict=True):
                    total, carry = _add(builder, total, a, b)
                    carries.append(carry)
                builder.store(total, weight)
                level = carries
            carry = _alloca(builder, zero)
            builder.store(level[0], carry)
            with _for_range(builder, builder.sub(n_digits, constant(3))) as higher:
                place = digit(builder.add(higher.index, constant(3)))
                before, moved = load_vector(builder, place, _VECTOR.count), builder.load(carry)
                store_vector(builder, builder.xor(before, moved), place)
                builder.store(builder.and_(before, moved), carry)
        for k, weight in enumerate(low):
            store_vector(builder, builder.load(weight), digit(constant(k)))
        return context.get_dummy_value()

    n = types.int64
    return types.void(bits, n, sources, n, digits, n), generate


sum_bits: Any = intrinsic(_sum_bits)
"""sum_bits(bits, at, sources, n_sources, digits, n_digits): the binary digits, HALF / 64 words each, of how many of the
sources have each bit set.

bits, at : uint64; source s has its HALF bits at `at` + s * SLAB / 64
sources  : n_sources of them, a multiple of EIGHT
digits   : uint64; n_digits of them are written, at least 3 and enough for n_sources
"""


@cache
def add_counts(count_bits: int) -> Any:
    """The intrinsic f(digits, n_digits, weight, row, at): row[at : at + HALF] += weight * count.

    count_bits: 8 where no count exceeds 255, else 16
    """
    lanes = 32
    word, count = ir.IntType(lanes), ir.VectorType(ir.IntType(count_bits), lanes)

    def add_counts_of(typing: Any, digits: Any, n_digits: Any, weight: Any, row: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            digits, n_digits, weight, row, at = given
            wide = at.type
            words = element(context, builder, signature.args[0], digits, ir.Constant(wide, 0))
            words = builder.bitcast(words, word.as_pointer())
            for group in range(HALF // lanes):
                total = _alloca(builder, ir.Constant(count, [0] * lanes))
                builder.store(ir.Constant(count, [0] * lanes), total)
                with _for_range(builder, n_digits) as loop:
                    digit = builder.sub(builder.sub(n_digits, ir.Constant(wide, 1)), loop.index)  # highest first
                    place = builder.add(builder.mul(digit, ir.Constant(wide, HALF // lanes)), ir.Constant(wide, group))
                    bits = builder.bitcast(
                        builder.load(builder.gep(words, [place])), ir.VectorType(ir.IntType(1), lanes)
                    )
                    doubled = builder.add(builder.load(total), builder.load(total))
                    builder.store(builder.sub(doubled, builder.sext(bits, count)), total)
                counts = builder.load(total)
                place = builder.add(at, ir.Constant(wide, group * lanes))
                into = element(context, builder, signature.args[3], row, place)
                before = load_vector(builder, into, lanes)
                amount = builder.uitofp(builder.zext(counts, ir.VectorType(ir.IntType(32), lanes)), before.type)
                added = builder.fmul(amount, splat(builder, weight, lanes))
                store_vector(builder, builder.fadd(before, added), into)
            return context.get_dummy_value()

        n = types.int64
        return types.void(digits, n, row.dtype, row, n), generate

    add_counts_of.__name__ = f"add_counts_{count_bits}"  # the disk cache tells them apart by name
    return intrinsic(add_counts_of)
