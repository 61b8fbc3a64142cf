"""The loop over time of Loihi's neuron as Lava reads it; arguments in `loihi_loops`, equations in `hw.neurons.loihi`.

Steps are first tried as if nothing left its word, STRETCH at a time; a block in which something does goes back to the
start of the stretch and from there on looks at every wrap and cut.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from hw.kernels.loihi_block import BIAS, BLOCK, KEEP_U, KEEP_V, LOW, STRIDE, THRESHOLD, U, V, load, store
from hw.kernels.machine_integers import (
    above,
    add,
    below,
    choose,
    clip,
    either,
    kept_part,
    size,
    subtract,
    up,
    wrapped,
)  # fmt: skip
from spikenet.derive.compile import compiled
from spikenet.kernels.vector_products import prefetch, prefetch_to_write

STRETCH = 32  # steps


@compiled()
def within_words(room: Any, arriving: Any, fired: Any) -> Any:
    """A step of `lava` as it is as long as nothing leaves its word; whether nothing did. Else it is to be done again.

    |u| and |v| stay below 2^23 where none of their bits from the 24th on is set, so that one look at all the bits
    there were replaces the wrap, the cut and the counting of both: a third of the instructions.
    """
    whole = room.dtype.type
    nought, six, twelve, rest = whole(0), whole(6), whole(12), whole(4095)
    sums, words = nought, nought
    for j in range(arriving.size):
        a = whole(arriving[j])
        sums = either(sums, size(a, nought))
        current = add(kept_part(room[U + j], room[KEEP_U + j], twelve, rest, nought), up(a, six))
        words = either(words, size(current, nought))
        voltage = add(add(kept_part(room[V + j], room[KEEP_V + j], twelve, rest, nought), current), room[BIAS + j])
        words = either(words, size(voltage, nought))
        spike = above(voltage, room[THRESHOLD + j])
        fired[j] = spike
        room[U + j] = current
        room[V + j] = choose(spike, nought, voltage)
    return np.uint32(words) < np.uint32(1 << 23) and np.uint32(sums) < np.uint32(1 << 18)


@cache
def lava_loop(ternary: bool, wide: bool, arriving: str) -> Any:
    """The loop of `lava`. ternary: with a low threshold; wide: for sums that may be several turns of u away.

    arriving: type of x; one function for each, since `in_parallel` compiles a function for one set of types
    """

    @compiled()
    def lava(
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
        nought, one, six, twelve, rest = whole(0), whole(1), whole(6), whole(12), whole(4095)
        top, turn, limit = whole(1 << 23), whole(1 << 24), whole((1 << 23) - 1)
        bottom, lowest = subtract(nought, top), subtract(nought, limit)
        unused = whole(8 * state.itemsize - 24)
        most = nought
        saved = np.empty(2 * STRIDE, state.dtype)
        t, quick = 0, not ternary and not wide
        while t < x.shape[0]:
            if t + 1 < x.shape[0]:  # another page of memory: the processor does not foresee it
                prefetch(x, ((t + 1) * rows + b) * n + low, width)
                prefetch_to_write(spikes, ((t + 1) * rows + b) * n + low, width)
            if quick and t % STRETCH == 0:
                saved[:] = room[U : U + 2 * STRIDE]
            if interval > 0 and (first + t) % interval == offset:
                room[U : U + 2 * STRIDE] = nought
            arriving, fired = x[t, b, low:high], spikes[t, b, low:high]
            if quick:
                if within_words(room, arriving, fired):
                    if us.shape[0] > 0:
                        us[t, b, low:high] = room[U : U + width]
                        vs[t, b, low:high] = room[V : V + width]
                    t += 1
                else:
                    quick, t = False, t - t % STRETCH
                    room[U : U + 2 * STRIDE] = saved
                continue
            wraps, clips = nought, nought
            for j in range(width):
                a = whole(arriving[j])
                most = choose(above(size(a, nought), most), size(a, nought), most)
                current = add(kept_part(room[U + j], room[KEEP_U + j], twelve, rest, nought), up(a, six))
                if wide:
                    turned = choose(above(current, top), subtract(current, turn), current)
                    turned = choose(above(turned, bottom), turned, add(current, turn))
                else:  # one turn is enough, and then it is the rest modulo 2^24
                    turned = add(wrapped(subtract(current, one), unused), one)
                wraps = add(wraps, choose(turned == current, nought, one))
                sum_v = add(add(kept_part(room[V + j], room[KEEP_V + j], twelve, rest, nought), turned), room[BIAS + j])
                voltage = clip(sum_v, lowest, limit)
                clips = add(clips, choose(voltage == sum_v, nought, one))
                room[U + j] = turned
                spike = above(voltage, room[THRESHOLD + j])
                if ternary:
                    deep = below(voltage, room[LOW + j])
                    voltage = choose(deep, nought, voltage)
                    fired[j] = subtract(choose(spike, one, nought), choose(deep, one, nought))
                else:
                    fired[j] = spike
                room[V + j] = choose(spike, nought, voltage)
            counts[task, 1] += wraps
            counts[task, 2] += clips
            if us.shape[0] > 0:
                us[t, b, low:high] = room[U : U + width]
                vs[t, b, low:high] = room[V : V + width]
            t += 1
        store(room, state, b, low, width)
        seen[task] = most

    return lava
