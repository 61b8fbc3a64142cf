"""The compiled loops of `hw.neurons.speck`: clocked, and event by event."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import shared

Array = Any
LOW, HIGH = np.int64(-32768), np.int64(32767)


@shared
def clocked(b: Any, sums: Array, threshold: Array, v_min: Array, to_zero: Array, state: Array, fired: Array,
            rec_v: Array, met: Array) -> None:  # fmt: skip
    for t in range(sums.shape[0]):
        for j in range(sums.shape[2]):
            raw = state[b, j] + sums[t, b, j]
            v = min(max(raw, LOW), HIGH)
            met[b] += v != raw
            n = v // threshold if v >= threshold else np.int64(0)  # a division is slow, and seldom needed
            v = np.int64(0) if to_zero and n > 0 else v - n * threshold
            v = max(v, v_min)
            state[b, j] = v
            rec_v[t, b, j] = v
            fired[t, b, j] = n


@compiled()
def after(raw: Array, words: Array) -> Array:
    """(spikes, state) of one neuron that was just moved to `raw`."""
    v = min(max(raw, LOW), HIGH)
    n = v // words[0] if v >= words[0] else np.int64(0)
    v = np.int64(0) if words[2] and n > 0 else v - n * words[0]
    return n, max(v, words[1])


@compiled()
def by_event(events: Array, weights: Array, bias: Array, words: Array, period: Array, end: Array, state: Array,
             out: Array, progress: Array) -> Array:  # fmt: skip
    """Goes on from `progress` (next event, next tick) until all is done or `out` could overflow; rows written, cut.

    words: threshold, v_min, to_zero, stride, padding; out: rows of time, filter, row, column, spikes
    """
    filters, rows, columns = state.shape
    stride, padding, side = words[3], words[4], weights.shape[2]
    written, cut = 0, 0
    while True:
        k, tick = progress[0], progress[1]
        events_left = k < events.shape[0]
        ticks_next = period > 0 and tick <= end and (not events_left or tick <= events[k, 0])
        if not (events_left or ticks_next) or written + state.size > out.shape[0]:
            return written, cut
        if ticks_next:
            time, top, bottom, left, right = tick, np.int64(0), rows, np.int64(0), columns
            progress[1] = tick + period
        else:
            time, y, x = events[k, 0], events[k, 2] + padding, events[k, 3] + padding
            top, bottom = max((y - side + stride) // stride, np.int64(0)), min(y // stride + 1, rows)
            left, right = max((x - side + stride) // stride, np.int64(0)), min(x // stride + 1, columns)
            progress[0] = k + 1
        for i in range(top, bottom):
            for j in range(left, right):
                for f in range(filters):
                    w = bias[f] if ticks_next else weights[f, events[k, 1], y - i * stride, x - j * stride]
                    raw = state[f, i, j] + w
                    cut += raw < LOW or raw > HIGH
                    n, state[f, i, j] = after(raw, words)
                    if n > 0:
                        out[written, 0] = time
                        out[written, 1] = f
                        out[written, 2] = i
                        out[written, 3] = j
                        out[written, 4] = n
                        written += 1
