"""The loops over time of Loihi's current-based LIF, one for each published reading; equations in `hw.neurons.loihi`.

A task is a block of neurons of one row, taken through all steps, so that its states stay in the nearest cache; results
do not depend on the number of threads. All integers of a loop have one type, that of `state`: 32 bits where the words
are known to fit, else 64.

    words  (8, n) or (8, 1)     what is kept of u and of v (of 4096), threshold, low threshold, bias, lowest and highest
                                v, steps of silence
    state  (3, rows, n)         u, v, steps of silence left; overwritten by those after the last step
    x      (steps, rows, n)     integers that arrive
    spikes (steps, rows, n)     int8
    u, v   (steps or 0, rows, n)    after every step; empty to keep none
    counts (tasks, 4)           how often what arrived, u (or u + bias) and v left their words, and v met its floor
    seen   (tasks,)             the largest |x| if it is 2^18 or more, else anything below, from which the caller of
                                "lava" learns whether 32 bits were wide enough
    first                       number of the first step, counted from 1
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from hw.kernels.loihi_block import (
    BIAS,
    BLOCK,
    KEEP_U,
    KEEP_V,
    SILENCE,
    STRIDE,
    THRESHOLD,
    VMAX,
    VMIN,
    WAITING,
    U,
    V,
    load,
    store,
)  # fmt: skip
from hw.kernels.loihi_lava import lava_loop
from hw.kernels.machine_integers import above, add, below, choose, clip, kept_part, subtract, wrapped
from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.vector_products import prefetch


@compiled()
def _nengo_loihi(
    task: Any, words: Any, state: Any, x: Any, spikes: Any, us: Any, vs: Any, counts: Any, seen: Any, first: Any,
    interval: Any, offset: Any,
) -> None:  # fmt: skip
    rows, n = state.shape[1], state.shape[2]
    blocks = (n + BLOCK - 1) // BLOCK
    b, low = task // blocks, (task % blocks) * BLOCK
    width = min(low + BLOCK, n) - low
    high = low + width
    room = np.empty(11 * STRIDE, state.dtype)
    load(room, words, state, b, low, width)
    whole = state.dtype.type
    nought, one, twelve, rest = whole(0), whole(1), whole(12), whole(4095)
    over_22, over_24 = whole(8 * state.itemsize - 22), whole(8 * state.itemsize - 24)
    for t in range(x.shape[0]):
        if t + 1 < x.shape[0]:
            prefetch(x, ((t + 1) * rows + b) * n + low, width)
        arriving, fired = x[t, b, low:high], spikes[t, b, low:high]
        sums, wraps, highs, lows = nought, nought, nought, nought
        for j in range(width):
            a = whole(arriving[j])
            q = wrapped(a, over_22)
            sums = add(sums, choose(q == a, nought, one))
            current = add(kept_part(room[U + j], room[KEEP_U + j], twelve, rest, nought), q)
            turned = wrapped(current, over_24)
            drive = add(turned, room[BIAS + j])
            turned_drive = wrapped(drive, over_24)
            wraps = add(wraps, choose(turned == current, choose(turned_drive == drive, nought, one), one))
            sum_v = add(kept_part(room[V + j], room[KEEP_V + j], twelve, rest, nought), turned_drive)
            voltage = clip(sum_v, room[VMIN + j], room[VMAX + j])
            highs = add(highs, choose(above(sum_v, room[VMAX + j]), one, nought))
            lows = add(lows, choose(below(sum_v, room[VMIN + j]), one, nought))
            voltage = choose(above(room[WAITING + j], nought), nought, voltage)
            spike = above(voltage, room[THRESHOLD + j])
            left = choose(spike, room[SILENCE + j], room[WAITING + j])
            room[U + j] = turned
            room[V + j] = choose(spike, nought, voltage)
            room[WAITING + j] = choose(above(left, nought), subtract(left, one), nought)
            fired[j] = choose(spike, one, nought)
        counts[task, 0] += sums
        counts[task, 1] += wraps
        counts[task, 2] += highs
        counts[task, 3] += lows
        if us.shape[0] > 0:
            us[t, b, low:high] = room[U : U + width]
            vs[t, b, low:high] = room[V : V + width]
    store(room, state, b, low, width)


@compiled()
def _brian2_loihi(
    task: Any, words: Any, state: Any, x: Any, spikes: Any, us: Any, vs: Any, counts: Any, seen: Any, first: Any,
    interval: Any, offset: Any,
) -> None:  # fmt: skip
    rows, n = state.shape[1], state.shape[2]
    blocks = (n + BLOCK - 1) // BLOCK
    b, low = task // blocks, (task % blocks) * BLOCK
    width = min(low + BLOCK, n) - low
    high = low + width
    room = np.empty(11 * STRIDE, state.dtype)
    load(room, words, state, b, low, width)
    whole = state.dtype.type
    nought, one, twelve, rest = whole(0), whole(1), whole(12), whole(4095)
    for t in range(x.shape[0]):
        if t + 1 < x.shape[0]:
            prefetch(x, ((t + 1) * rows + b) * n + low, width)
        arriving, fired = x[t, b, low:high], spikes[t, b, low:high]
        for j in range(width):
            current = add(kept_part(room[U + j], room[KEEP_U + j], twelve, rest, nought), whole(arriving[j]))
            silent = above(room[WAITING + j], nought)
            voltage = choose(
                silent, room[V + j], add(kept_part(room[V + j], room[KEEP_V + j], twelve, rest, nought), current)
            )
            spike = choose(silent, nought, choose(above(voltage, room[THRESHOLD + j]), one, nought))
            room[U + j] = current
            room[V + j] = choose(above(spike, nought), nought, voltage)
            left = choose(silent, subtract(room[WAITING + j], one), nought)
            room[WAITING + j] = choose(above(spike, nought), subtract(room[SILENCE + j], one), left)
            fired[j] = spike
        if us.shape[0] > 0:
            us[t, b, low:high] = room[U : U + width]
            vs[t, b, low:high] = room[V : V + width]
    store(room, state, b, low, width)


@cache
def loop(reading: str, ternary: bool, wide: bool, arriving: str = "int32") -> Callable[..., None]:
    """run(tasks, words, state, x, spikes, u, v, counts, seen, first, interval, offset) of one reading.

    ternary : with a low threshold, "lava" only
    wide    : "lava" in 64 bits: words, state, u and v; "brian2_loihi" always is, "nengo_loihi" never
    arriving: type of x, "int32", or "int16" in "lava"
    """
    others = {"nengo_loihi": _nengo_loihi, "brian2_loihi": _brian2_loihi}
    one = others[reading] if reading in others else lava_loop(ternary, wide, arriving)
    integer = {"nengo_loihi": "int32", "brian2_loihi": "int64"}.get(reading, "int64" if wide else "int32")
    kinds = (
        *(array(integer, 2, read=True), array(integer, 3, read=False), array(arriving, 3, read=True)),
        *(array("int8", 3, read=False), array(integer, 3, read=False), array(integer, 3, read=False)),
        *(array("int64", 2, read=False), array("int64", 1, read=False), numba.int64, numba.int64, numba.int64),
    )
    return in_parallel(one, kinds)


def tasks(rows: int, n: int) -> int:
    """Tasks of a population of `rows` by `n` neurons."""
    return rows * -(-n // BLOCK)
