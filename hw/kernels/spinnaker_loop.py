"""The compiled loop of `hw.neurons.spinnaker`: 64-bit integers, cut to 32 where the C's accum would be."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import shared

Array = Any
LOW, WORD = np.int64(-(1 << 31)), np.int64((1 << 32) - 1)
HALF = np.int64(1 << 14)


@compiled()
def held(x: Array) -> Array:
    """The low 32 bits of x as a signed word."""
    return ((x - LOW) & WORD) + LOW


@compiled()
def product(a: Array, b: Array) -> Array:
    """s16.15 product to the nearest, halves up; both within 32 bits, so the sum fits 64."""
    return (a * b + HALF) >> np.int64(15)


@compiled()
def part(x: Array, fraction: Array) -> Array:
    """floor(x * fraction / 2^32) of a 32-bit x, whose product with 32 unsigned bits fits 64."""
    return (x * fraction) >> np.int64(32)


@shared
def run_spinnaker(b: Any, exc: Array, inh: Array, e: Array, r: Array, v_rest: Array, v_reset: Array, v_thresh: Array,
                  i_offset: Array, t_refract: Array, decay_exc: Array, init_exc: Array, decay_inh: Array,
                  init_inh: Array, shift_exc: Array, shift_inh: Array, v: Array, i_exc: Array, i_inh: Array,
                  timer: Array, spikes: Array, rec_v: Array, rec_exc: Array, rec_inh: Array,
                  cut: Array) -> None:  # fmt: skip
    lost = np.int64(0)
    for t in range(exc.shape[0]):
        for j in range(exc.shape[2]):
            raw = exc[t, b, j] << shift_exc[j]
            x = held(raw)
            lost += x != raw
            raw = i_exc[b, j] + part(x, init_exc[j])
            ie = held(raw)
            lost += ie != raw
            raw = inh[t, b, j] << shift_inh[j]
            x = held(raw)
            lost += x != raw
            raw = i_inh[b, j] + part(x, init_inh[j])
            ii = held(raw)
            lost += ii != raw
            volts = v[b, j]
            if timer[b, j] <= 0:
                raw = ie - ii
                current = held(raw)
                lost += current != raw
                raw = current + i_offset[j]
                current = held(raw)
                lost += current != raw
                raw = product(current, r[j])
                scaled = held(raw)
                lost += scaled != raw
                raw = scaled + v_rest[j]
                alpha = held(raw)
                lost += alpha != raw
                raw = alpha - volts
                gap = held(raw)
                lost += gap != raw
                raw = product(e[j], gap)
                gap = held(raw)
                lost += gap != raw
                raw = alpha - gap
                volts = held(raw)
                lost += volts != raw
            else:
                timer[b, j] -= 1
            fired = volts >= v_thresh[j]
            if fired:
                volts = v_reset[j]
                timer[b, j] = t_refract[j]
            v[b, j] = volts
            i_exc[b, j] = part(ie, decay_exc[j])
            i_inh[b, j] = part(ii, decay_inh[j])
            spikes[t, b, j] = fired
            rec_v[t, b, j] = volts
            rec_exc[t, b, j] = i_exc[b, j]
            rec_inh[t, b, j] = i_inh[b, j]
    cut[b] = lost
