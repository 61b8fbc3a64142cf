"""Random numbers that are a function of a counter: Philox4x32-10.

Four words of 32 bits from a counter of four words and a key of two. A number belongs to what it is drawn for (seed,
purpose, neuron, step), so results depend neither on the order of the work nor on who does it, and a run can go on from
a step number alone. Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3 (SC '11).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from spikenet.derive.compile import compiled
from spikenet.kernels.lanes import element, splat, store_vector

MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
LANES = 8
GROUP = 4 * LANES  # numbers of one call of `draw_group`

_M0, _M1 = (np.uint64(m) for m in MULTIPLIERS)
_W0, _W1 = (np.uint32(w) for w in WEYL)
_WIDE, _NARROW = (ir.VectorType(ir.IntType(bits), LANES) for bits in (64, 32))
_LOW, _HIGH = np.uint64(0xFFFFFFFF), np.uint64(32)


@compiled()
def philox(c0: Any, c1: Any, c2: Any, c3: Any, seed: Any) -> Any:
    """Four uint32 of the counter (c0, c1, c2, c3), of which the lowest 32 bits count; the key is a uint64 seed."""
    x0, x1, x2, x3 = np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)
    k0, k1 = np.uint32(np.uint64(seed) & _LOW), np.uint32(np.uint64(seed) >> _HIGH)
    for _ in range(ROUNDS):
        p0, p1 = np.uint64(x0) * _M0, np.uint64(x2) * _M1
        x0, x1, x2, x3 = (
            np.uint32(np.uint32(p1 >> _HIGH) ^ x1 ^ k0),
            np.uint32(p1 & _LOW),
            np.uint32(np.uint32(p0 >> _HIGH) ^ x3 ^ k1),
            np.uint32(p0 & _LOW),
        )
        k0, k1 = np.uint32(k0 + _W0), np.uint32(k1 + _W1)
    return x0, x1, x2, x3


def philox_vectors(builder: Any, first: Any, c1: Any, c2: Any, c3: Any, seed: Any) -> list[Any]:
    """Four vectors of LANES words: word w of the counters (first + lane, c1, c2, c3).

    Each word stands in the low half of 64 bits, as the processor multiplies them: nothing is moved about.
    """
    wide = ir.IntType(64)
    low, half = ir.Constant(_WIDE, [0xFFFFFFFF] * LANES), ir.Constant(_WIDE, [32] * LANES)
    factors = [ir.Constant(_WIDE, [m] * LANES) for m in MULTIPLIERS]
    lane = ir.Constant(_WIDE, list(range(LANES)))
    x = [builder.add(splat(builder, first, LANES), lane), *(splat(builder, c, LANES) for c in (c1, c2, c3))]
    x = [builder.and_(counter, low) for counter in x]
    keys = [builder.and_(seed, ir.Constant(wide, 0xFFFFFFFF)), builder.lshr(seed, ir.Constant(wide, 32))]
    for _ in range(ROUNDS):
        splats = [splat(builder, k, LANES) for k in keys]
        p0, p1 = (builder.mul(v, f) for v, f in zip((x[0], x[2]), factors, strict=True))
        x = [
            builder.xor(builder.xor(builder.lshr(p1, half), x[1]), splats[0]),
            builder.and_(p1, low),
            builder.xor(builder.xor(builder.lshr(p0, half), x[3]), splats[1]),
            builder.and_(p0, low),
        ]
        for k, weyl in enumerate(WEYL):
            moved = builder.add(keys[k], ir.Constant(wide, weyl))
            keys[k] = builder.and_(moved, ir.Constant(wide, 0xFFFFFFFF))
    return [builder.trunc(v, _NARROW) for v in x]


def _put(context: Any, builder: Any, kind: Any, given: Any, vectors: list[Any]) -> Any:
    """Stores them from place given[1] of array given[0] on."""
    for w, vector in enumerate(vectors):
        place = builder.add(given[1], ir.Constant(given[1].type, w * LANES))
        store_vector(builder, vector, element(context, builder, kind, given[0], place))
    return context.get_dummy_value()


def _vectors(builder: Any, group: Any, others: Any) -> list[Any]:
    return philox_vectors(builder, builder.mul(group, ir.Constant(group.type, LANES)), *others)


def _draw_group(typing: Any, into: Any, at: Any, group: Any, c1: Any, c2: Any, c3: Any, seed: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return _put(context, builder, signature.args[0], given, _vectors(builder, given[2], given[3:]))

    return types.void(into, *[types.int64] * 6), generate


def _wide(builder: Any, vector: Any) -> Any:
    return builder.zext(vector, _WIDE)


def _upper(builder: Any, vector: Any) -> Any:
    return builder.lshr(vector, ir.Constant(vector.type, [32] * LANES))


def _below(builder: Any, vectors: list[Any], n: Any) -> list[Any]:
    return [_upper(builder, builder.mul(_wide(builder, v), n)) for v in vectors]


def _far_below(builder: Any, vectors: list[Any], n: Any) -> list[Any]:
    found = []
    for high, low in zip(vectors[:2], vectors[2:], strict=True):
        rest = _upper(builder, builder.mul(_wide(builder, low), n))
        found.append(_upper(builder, builder.add(builder.mul(_wide(builder, high), n), rest)))
    return found


def _drawing(name: str, scaled: Callable[[Any, list[Any], Any], list[Any]]) -> Any:
    def call(
        typing: Any, into: Any, at: Any, group: Any, c1: Any, c2: Any, c3: Any, seed: Any, n: Any, skipped: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            short = builder.and_(given[7], ir.Constant(given[7].type, 0xFFFFFFFF))  # so that one multiplication will do
            from_where = splat(builder, given[8], LANES)
            found = []
            for v in scaled(builder, _vectors(builder, given[2], given[3:7]), splat(builder, short, LANES)):
                later = builder.zext(builder.icmp_unsigned(">=", v, from_where), v.type)
                found.append(builder.trunc(builder.add(v, later), _NARROW))
            return _put(context, builder, signature.args[0], given, found)

        return types.void(into, *[types.int64] * 8), generate

    call.__name__ = name  # the disk cache tells them apart by name
    return intrinsic(call)


draw_group: Any = intrinsic(_draw_group)
"""draw_group(into, at, group, c1, c2, c3, seed): into[at : at + GROUP] = words of the counters (LANES group + lane, c1,
c2, c3); word w of lane l stands at LANES w + l."""
draw_group_below: Any = _drawing("draw_group_below", _below)
"""draw_group_below(into, at, group, c1, c2, c3, seed, n, skipped): likewise, instead of each word the whole part of n
times its fraction, one more from `skipped` on; n < 2^32."""
draw_group_far_below: Any = _drawing("draw_group_far_below", _far_below)
"""Likewise from 64 bits each: into[at : at + GROUP // 2], of which number k comes from words k and GROUP // 2 + k."""
