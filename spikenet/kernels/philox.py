"""Random numbers that are a function of a counter: Philox4x32-10.

Four words of 32 bits from a counter of four words and a key of two. A number belongs to what it is drawn for (seed,
purpose, neuron, step), so results depend neither on the order of the work nor on who does it, and a run can go on from
a step number alone. Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3 (SC '11).
"""

from __future__ import annotations

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
_QUAD = ir.VectorType(ir.IntType(64), 4)
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
    """Four vectors of LANES words: word w of the counters (first + lane, c1, c2, c3)."""
    low = ir.Constant(_QUAD, [0xFFFFFFFF] * 4)
    others = [builder.and_(splat(builder, c, 4), low) for c in (c1, c2, c3)]
    halves = []
    for h in range(2):
        lane = ir.Constant(_QUAD, [4 * h + k for k in range(4)])
        halves.append([builder.and_(builder.add(splat(builder, first, 4), lane), low), *others])
    return _rounds(builder, halves, seed)


def _rounds(builder: Any, halves: list[list[Any]], seed: Any) -> list[Any]:
    """Four vectors of LANES words from two halves of the counters, each word in the low half of 64 bits, as the
    processor multiplies them: nothing is moved about."""
    word, wide, quad = ir.IntType(32), ir.IntType(64), _QUAD
    low, half = ir.Constant(quad, [0xFFFFFFFF] * 4), ir.Constant(quad, [32] * 4)
    factors = [ir.Constant(quad, [m] * 4) for m in MULTIPLIERS]
    keys = [builder.and_(seed, ir.Constant(wide, 0xFFFFFFFF)), builder.lshr(seed, ir.Constant(wide, 32))]
    for _ in range(ROUNDS):
        splats = [splat(builder, k, 4) for k in keys]
        for h, x in enumerate(halves):
            p0, p1 = (builder.mul(v, f) for v, f in zip((x[0], x[2]), factors, strict=True))
            halves[h] = [
                builder.xor(builder.xor(builder.lshr(p1, half), x[1]), splats[0]),
                builder.and_(p1, low),
                builder.xor(builder.xor(builder.lshr(p0, half), x[3]), splats[1]),
                builder.and_(p0, low),
            ]
        for k, weyl in enumerate(WEYL):
            moved = builder.add(keys[k], ir.Constant(wide, weyl))
            keys[k] = builder.and_(moved, ir.Constant(wide, 0xFFFFFFFF))
    narrow, order = ir.VectorType(word, 4), ir.Constant(ir.VectorType(word, LANES), list(range(LANES)))
    return [
        builder.shuffle_vector(builder.trunc(a, narrow), builder.trunc(b, narrow), order)
        for a, b in zip(*halves, strict=True)
    ]


def _draw_group(typing: Any, into: Any, at: Any, group: Any, c1: Any, c2: Any, c3: Any, seed: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        first = builder.mul(given[2], ir.Constant(given[2].type, LANES))
        for w, vector in enumerate(philox_vectors(builder, first, *given[3:])):
            place = builder.add(given[1], ir.Constant(given[1].type, w * LANES))
            store_vector(builder, vector, element(context, builder, signature.args[0], given[0], place))
        return context.get_dummy_value()

    n = types.int64
    return types.void(into, n, n, n, n, n, n), generate


draw_group: Any = intrinsic(_draw_group)
"""draw_group(into, at, group, c1, c2, c3, seed): into[at : at + GROUP] = words of the counters (LANES group + lane, c1,
c2, c3); word w of lane l stands at LANES w + l."""
