"""A block of neurons of one row side by side in one array: their words and states."""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled

BLOCK = 512  # neurons of a task: eight words and three states of 4 bytes each stay in 32 KB of cache
STRIDE = (
    BLOCK + 16
)  # of a row of the words of a block: rows a multiple of 4 KB apart would want the same lines of cache
KEEP_U, KEEP_V, THRESHOLD, LOW, BIAS, VMIN, VMAX, SILENCE, U, V, WAITING = (STRIDE * k for k in range(11))


@compiled()
def load(room: Any, words: Any, state: Any, b: Any, low: Any, width: Any) -> None:
    """The words and states of a block side by side, so that one pointer serves them all.

    Eleven arrays would be more than the compiler is willing to prove apart, and without that it makes no vectors.
    """
    for k in range(8):
        if words.shape[1] == 1:  # the same for all neurons
            room[STRIDE * k : STRIDE * k + width] = words[k, 0]
        else:
            room[STRIDE * k : STRIDE * k + width] = words[k, low : low + width]
    for k in range(3):
        before = state[k, b, low : low + width]
        for j in range(width):
            room[U + STRIDE * k + j] = before[j]


@compiled()
def store(room: Any, state: Any, b: Any, low: Any, width: Any) -> None:
    for k in range(3):
        after = state[k, b, low : low + width]
        for j in range(width):
            after[j] = room[U + STRIDE * k + j]
