"""The loop over time of Loihi's current-based LIF in three published readings; equations in `hw.neurons.loihi`.

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
    seen   (tasks,)             2^18 or more if an |x| is, else less, from which the caller of "lava" learns whether
                                32 bits were wide enough
    first                       number of the first step, counted from 1

"lava" without low thresholds first tries steps as if nothing left its word, STRETCH at a time; a block in which
something does goes back to the start of the stretch and from there on looks at every wrap and cut.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numba
import numpy as np

from hw.kernels import loihi_block, loihi_steps
from hw.kernels.loihi_block import BLOCK, load, store
from hw.kernels.machine_integers import add, either, size
from spikenet.derive.compile import compiled_source
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.vector_products import prefetch, prefetch_to_write

STRETCH = 32  # steps
PART = 256  # neurons for which the next step's memory is asked for at a time: as fast as it comes, not in one burst

_WORDS = ("KEEP_U", "KEEP_V", "THRESHOLD", "LOW", "BIAS", "VMIN", "VMAX", "SILENCE")
_TEXT = """
def {name}(task, words, state, x, spikes, us, vs, counts, seen, first, interval, offset):
    steps, rows, n = x.shape
    blocks = (n + BLOCK - 1) // BLOCK
    b, low = task // blocks, (task % blocks) * BLOCK
    width = min(low + BLOCK, n) - low
    room, saved = np.empty(11 * STRIDE, state.dtype), np.empty(2 * STRIDE, state.dtype)
    load(room, words, state, b, low, width)
    whole = state.dtype.type
    flat_x, flat_spikes = x.reshape(x.size), spikes.reshape(spikes.size)
    beyond, t, quick = whole(0), 0, {quick}
    while t < steps:
        if quick and t % STRETCH == 0:
            saved[:] = room[U : U + 2 * STRIDE]
        if interval > 0 and (first + t) % interval == offset:
            room[U : U + 2 * STRIDE] = whole(0)
        at = (t * rows + b) * n + low
        bits, large, sums, wraps, highs, lows = whole(0), whole(0), whole(0), whole(0), whole(0), whole(0)
        for part in range(0, width, PART):
            many = min(PART, width - part)
            if t + 1 < steps:  # another page of memory: the processor does not foresee it
                prefetch(x, at + part + rows * n, many)
                prefetch_to_write(spikes, at + part + rows * n, many)
            arriving = flat_x[at + part : at + part + many]
            fired, own = flat_spikes[at + part : at + part + many], room[part:]
            if quick:
                for j in range(arriving.size):
                    a = whole(arriving[j])
                    large = either(large, size(a))
                    own[U + j], own[V + j], spike, met = within_words(
                        a, own[U + j], own[V + j], own[KEEP_U + j], own[KEEP_V + j], own[THRESHOLD + j], own[BIAS + j])
                    fired[j] = spike
                    bits = either(bits, met)
            else:
                for j in range(arriving.size):
                    a = whole(arriving[j])
                    large = either(large, size(a))
                    own[U + j], own[V + j], own[WAITING + j], spike, c0, c1, c2, c3 = step(
                        a, own[U + j], own[V + j], own[WAITING + j], {words})
                    fired[j] = spike
                    sums, wraps, highs, lows = add(sums, c0), add(wraps, c1), add(highs, c2), add(lows, c3)
        if quick and (np.uint32(bits) >= np.uint32(1 << 23) or np.uint32(large) >= np.uint32(1 << 18)):
            quick, t = False, t - t % STRETCH
            room[U : U + 2 * STRIDE] = saved
            continue
        beyond = either(beyond, large)
        counts[task, 0] += sums
        counts[task, 1] += wraps
        counts[task, 2] += highs
        counts[task, 3] += lows
        if us.shape[0] > 0:
            us[t, b, low : low + width] = room[U : U + width]
            vs[t, b, low : low + width] = room[V : V + width]
        t += 1
    store(room, state, b, low, width)
    seen[task] = abs(np.int64(beyond))
"""


def integers_of(reading: str, wide: bool) -> str:
    """The type of words, states, u and v."""
    return {"nengo_loihi": "int32", "brian2_loihi": "int64"}.get(reading, "int64" if wide else "int32")


@cache
def loop(reading: str, ternary: bool, wide: bool, arriving: str = "int32") -> Callable[..., None]:
    """run(tasks, words, state, x, spikes, u, v, counts, seen, first, interval, offset) of one reading.

    ternary : with a low threshold, "lava" only
    wide    : "lava" in 64 bits: words, state, u and v; "brian2_loihi" always is, "nengo_loihi" never
    arriving: type of x, "int32", or "int16" in "lava"
    """
    integer = integers_of(reading, wide)
    kinds = (
        *(array(integer, 2, read=True), array(integer, 3, read=False), array(arriving, 3, read=True)),
        *(array("int8", 3, read=False), array(integer, 3, read=False), array(integer, 3, read=False)),
        *(array("int64", 2, read=False), array("int64", 1, read=False), numba.int64, numba.int64, numba.int64),
    )
    places = {name: getattr(loihi_block, name) for name in (*_WORDS, "BLOCK", "STRIDE", "U", "V", "WAITING")}
    constants = {**places, "STRETCH": STRETCH, "PART": PART}  # in the text, by which compiled code is kept
    quick = reading == "lava" and not ternary and not wide
    text = "".join(f"{name} = {value}\n" for name, value in constants.items()) + _TEXT.format(
        name=reading, quick=quick, words=", ".join(f"own[{name} + j]" for name in _WORDS)
    )
    functions = {
        "add": add, "either": either, "size": size, "load": load, "store": store, "prefetch": prefetch,
        "prefetch_to_write": prefetch_to_write, "within_words": loihi_steps.lava_within_words,
        "step": getattr(loihi_steps, reading),
    }  # fmt: skip
    one = compiled_source(reading, text, {"np": np, **functions}, (numba.int64, *kinds), parallel=False)
    return in_parallel(one, kinds)


def tasks(rows: int, n: int) -> int:
    """Tasks of a population of `rows` by `n` neurons."""
    return rows * -(-n // BLOCK)
