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
_ONE, _OTHER, _FIRST = np.uint32(1), np.uint32(16), np.uint32(0xFFFF)
_PAIR = np.uint64(32)


@compiled()
def slot_of(shift: Any, word: Any) -> Any:
    """Where in an `alias_table` a uint32 falls; shift: of the table."""
    return np.uint64(word >> shift)


@compiled()
def outcome(entry: Any, shift: Any, word: Any) -> Any:
    """The outcome of a uint32 from the entry of its slot; an int32."""
    own, pair = np.uint32(entry), np.uint32(entry >> _PAIR)
    return np.int32(pair & _FIRST if (word & np.uint32((_ONE << shift) - _ONE)) < own else pair >> _OTHER)


@compiled()
def shift_for(slots_wanted: int) -> Any:
    """32 - log2 of the slots of a table, a uint32."""
    shift, slots = 32, 1
    while slots < slots_wanted:
        slots *= 2
        shift -= 1
    return np.uint32(shift)


def alias_table(counts: Sequence[int]) -> Array:
    """(slots,) uint64: of each slot how much is its own, 32 bits, and its two outcomes, 16 bits each.

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
    return read_only(
        np.array([much | (k | o << 16) << 32 for k, (much, o) in enumerate(zip(own, other, strict=True))], np.uint64)
    )


def counts_between(cumulative: Sequence[float]) -> list[int]:
    """Of the words, those between two values of a cumulative distribution that ends with 1."""
    words = [round(part * 2**32) for part in cumulative]
    return [b - a for a, b in zip([0, *words], words, strict=False)]
