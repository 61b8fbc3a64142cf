"""The compiled loop of `hw.neurons.truenorth`: one core a batch row, axon by axon."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import shared

Array = Any
LOW, HIGH = np.int32(-(1 << 19)), np.int32((1 << 19) - 1)
TO_VALUE, SUBTRACT, NONE = np.int32(0), np.int32(1), np.int32(2)


@compiled()
def add(v: Array, row: Array) -> Array:
    """v += row, saturating; how many met an end of the word."""
    met = np.int64(0)
    for j in range(v.size):
        raw = np.int32(v[j] + row[j])
        held = min(max(raw, LOW), HIGH)
        met += raw != held
        v[j] = held
    return met


@compiled()
def leak_all(v: Array, leak: Array, reversal: Array) -> Array:
    """v += leak, times the sign of v where reversed."""
    met = np.int64(0)
    for j in range(v.size):
        sign = np.int32(np.int32(v[j] > 0) - np.int32(v[j] < 0)) if reversal[j] else np.int32(1)
        raw = np.int32(v[j] + sign * leak[j])
        held = min(max(raw, LOW), HIGH)
        met += raw != held
        v[j] = held
    return met


@compiled()
def after_spike(v: Array, mode: Array, value: Array, threshold: Array) -> Array:
    if mode == TO_VALUE:
        return value
    if mode == SUBTRACT:
        return np.int32(v - threshold)
    return v if mode == NONE else threshold


@shared
def run_truenorth(b: Any, raster: Array, weights: Array, leak: Array, reversal: Array, threshold: Array, reset: Array,
                  reset_value: Array, negative_threshold: Array, negative_saturates: Array, negative_reset: Array,
                  leak_first: Array, inclusive: Array, state: Array, spikes: Array, rec_v: Array,
                  met: Array) -> None:  # fmt: skip
    """met: (batch, 2) additions that met an end of the word, and how often v was held at a floor that saturates."""
    v = state[b]
    for t in range(raster.shape[0]):
        if leak_first:
            met[b, 0] += leak_all(v, leak, reversal)
        for axon in range(raster.shape[2]):
            if raster[t, b, axon]:
                met[b, 0] += add(v, weights[axon])
        if not leak_first:
            met[b, 0] += leak_all(v, leak, reversal)
        for j in range(v.size):
            x, floor = v[j], np.int32(-negative_threshold[j])
            fired = x >= threshold[j]
            if fired:
                x = after_spike(x, reset[j], reset_value[j], threshold[j])
            elif x < floor or (inclusive and x == floor):
                if negative_saturates[j] and x < floor:
                    met[b, 1] += 1
                x = floor if negative_saturates[j] else after_spike(x, reset[j], negative_reset[j], floor)
            v[j] = x
            spikes[t, b, j] = fired
            rec_v[t, b, j] = x
