"""A random order of the numbers below n, any part of which can be computed alone.

A number is cut into two digits, and each in turn is moved by an amount that the other and a key decide (a Feistel
network); what falls outside is sent on until it falls inside. So the k-th number of the order costs the same wherever
it stands, nothing is stored, and none comes twice. Sources: Luby & Rackoff 1988 (SIAM J. Comput. 17:373); digits of any
base and walking on: Black & Rogaway 2002, Ciphers with arbitrary finite domains.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import LINE
from spikenet.kernels.philox import philox
from spikenet.kernels.room import from_line
from spikenet.kernels.unowned import keep, unowned

ROUNDS = 3  # of both digits; two would make a strong pseudo-random permutation of ideal functions (Luby & Rackoff)
BLOCK = 512  # numbers computed together
_FIRST, _SECOND = np.uint32(0x7FEB352D), np.uint32(0x846CA68B)  # multipliers of a mixing step: Wellons, lowbias32
_FIFTEEN, _EIGHT = np.uint32(15), np.uint32(8)
_PART = 2.0**-24


@compiled()
def _moved(digit: Any, other: Any, key: Any, base: Any, scale: Any) -> Any:
    """`digit` moved on, below `base`, by an amount that depends on the other digit; scale: base / 2^24."""
    h = np.uint32(np.uint32(np.uint32(other) + key) * _FIRST)
    h = np.uint32((h ^ (h >> _FIFTEEN)) * _SECOND)  # only the upper bits are used: the rest need not be mixed
    moved = np.int32(digit + np.int32(np.float32(np.int32(h >> _EIGHT)) * scale))
    return np.int32(moved - (base & -np.int32(moved >= base)))


@compiled()
def _place(upper: Array, lower: Array, above: Any, below: Any, keys: Array) -> None:
    """Where numbers stand in the order: of the digits, and as digits; digit by digit, so that loops take vectors."""
    a, b = np.int32(above), np.int32(below)
    of_a, of_b = np.float32(above * _PART), np.float32(below * _PART)
    for turn in range(ROUNDS):
        k0, k1 = keys[2 * turn], keys[2 * turn + 1]
        for k in range(upper.size):
            upper[k] = _moved(upper[k], lower[k], k0, a, of_a)
        for k in range(upper.size):
            lower[k] = _moved(lower[k], upper[k], k1, b, of_b)


@compiled()
def permuted(first: Any, count: Any, n: Any, stream: Any, seed: int, into: Array) -> None:
    """into[:count] (uint32) = what stands at the places first, first + 1, ... of the order; n <= 2^32."""
    room, drawn = np.empty(2 * BLOCK + LINE, np.int32), np.empty(2 * ROUNDS, np.uint32)
    digits, keys = from_line(room), unowned(drawn)
    for turn in range(ROUNDS):
        keys[2 * turn], keys[2 * turn + 1], _, _ = philox(turn, 0, 0, stream, seed)
    above = np.int64(np.ceil(np.sqrt(float(n))))
    below = (n + above - 1) // above
    last = np.uint32(n - 1)
    for begin in range(0, count, BLOCK):
        part = into[begin:count][:BLOCK]
        upper, lower = digits[: part.size], digits[BLOCK:][: part.size]
        high, low = (first + begin) // below, (first + begin) % below
        if below >= BLOCK:  # at most one carry, so that the loop takes vectors
            for k in range(part.size):
                digit = np.int32(np.int32(low) + np.int32(k))
                carry = np.int32(digit >= np.int32(below))
                upper[k] = np.int32(np.int32(high) + carry)
                lower[k] = np.int32(digit - np.int32(np.int32(below) & -carry))
        else:
            for k in range(part.size):
                upper[k], lower[k] = high, low
                low += 1
                if low == below:
                    high, low = high + 1, 0
        _place(upper, lower, above, below, keys)
        most = np.uint32(0)
        for k in range(part.size):
            one = np.uint32(np.uint32(upper[k]) * np.uint32(below) + np.uint32(lower[k]))
            part[k], most = one, max(most, one)
        if most > last:
            for k in range(part.size):
                while part[k] > last:
                    number = np.int64(part[k])
                    upper[0], lower[0] = number // below, number % below
                    _place(upper[:1], lower[:1], above, below, keys)
                    part[k] = np.uint32(np.uint32(upper[0]) * np.uint32(below) + np.uint32(lower[0]))
    keep(room)
    keep(drawn)
