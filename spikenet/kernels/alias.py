"""One of a few outcomes from 32 random bits, whatever their probabilities: two reads and a comparison.

The words are cut into equal slots. Of each, a first part stands for one outcome and the rest for one other (Walker
1977, ACM Trans. Math. Softw. 3:253; filled as Vose 1991, IEEE Trans. Softw. Eng. 17:972, in whole numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import read_only

MOST = 1 << 12  # outcomes: of more, tables would fill the nearest cache
_ONE, _OTHER, _TWO, _FIRST = np.uint32(1), np.uint32(16), np.uint64(2), np.uint32(0xFFFF)


@compiled()
def chosen(table: Array, shift: Any, word: Any) -> Any:
    """The outcome of a uint32; table, shift: of `alias_table`, as uint32."""
    at = np.uint64(word >> shift) * _TWO
    pair = table[at + np.uint64(1)]
    own, other = pair & _FIRST, pair >> _OTHER
    return np.int64(own if (word & np.uint32((_ONE << shift) - _ONE)) < table[at] else other)


@compiled()
def shift_for(size: int) -> Any:
    """32 - log2 of the slots of a table of this size, a uint32."""
    shift, slots = 32, 1
    while 2 * slots < size:
        slots *= 2
        shift -= 1
    return np.uint32(shift)


def alias_table(counts: Sequence[int]) -> Array:
    """(2 * slots,) uint32: of each slot how much is its own, and its two outcomes, 16 bits each.

    counts: how many of the 2^32 words mean each outcome, at most `MOST` of them
    """
    assert sum(counts) == 1 << 32
    assert len(counts) <= MOST
    slots = 1 << max(1, (len(counts) - 1).bit_length())
    share = (1 << 32) // slots
    left = [*counts, *[0] * (slots - len(counts))]
    own, other = [share] * slots, list(range(slots))
    little = [k for k, count in enumerate(left) if count < share]
    much = [k for k, count in enumerate(left) if count >= share]
    while little:
        k, giver = little.pop(), much.pop()
        own[k], other[k] = left[k], giver
        left[giver] -= share - left[k]
        (little if left[giver] < share else much).append(giver)
    table = np.empty(2 * slots, np.uint32)
    table[::2], table[1::2] = own, [k | o << 16 for k, o in enumerate(other)]
    return read_only(table)


def counts_between(cumulative: Sequence[float]) -> list[int]:
    """Of the words, those between two values of a cumulative distribution that ends with 1."""
    words = [round(part * 2**32) for part in cumulative]
    return [b - a for a, b in zip([0, *words], words, strict=False)]
