"""The compiled loop of `hw.neurons.xylo`: one core a batch row, in the order of its events."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.kernels.tasks import shared

Array = Any
LOW, HIGH = np.int32(-32768), np.int32(32767)
MOST = np.int32(31)


@compiled()
def dash(x: Array, k: Array) -> Array:
    """What x loses in a step: x >> k, at least 1 from a positive x; -32768 >> 0 negated stays within 16 bits."""
    d = np.int32(x >> k)
    return np.int32(1) if d == 0 and x > 0 else d


@compiled()
def sat(x: Array) -> Array:
    return min(max(x, LOW), HIGH)


@compiled()
def receive(current: Array, met: Array, first: Array, last: Array, target: Array, weight: Array, times: Array,
            whole: Array) -> None:  # fmt: skip
    """Adds `times` equal events along synapses first..last-1, each addition saturating; met counts limits by target.

    whole: whether the targets are one after another
    No two of them have one target, and additions of one sign saturate alike one by one or at once.
    """
    if whole:
        at = np.int64(target[first])
        row, counts, weights = current[at : at + last - first], met[at : at + last - first], weight[first:last]
        for k in range(row.size):  # as many at once as the machine's registers hold
            raw = np.int32(row[k] + np.int32(times * weights[k]))
            held = min(max(raw, LOW), HIGH)
            counts[k] += np.int32(raw != held)
            row[k] = held
    else:
        for k in range(first, last):
            j = target[k]
            raw = np.int32(current[j] + np.int32(times * weight[k]))
            held = min(max(raw, LOW), HIGH)
            met[j] += np.int32(raw != held)
            current[j] = held


@compiled()
def change(inputs: Array, v: Array, dash_mem: Array, bias: Array, met: Array, j: Array) -> Array:
    """What the V2 core adds to v in a step; met[j] += saturations on the way."""
    loss = dash(v, dash_mem)
    raw = np.int32((LOW if loss == LOW else -loss) + inputs)  # 16 bits hold no +32768
    dv = sat(raw)
    met[j] += np.int32(raw != dv)
    raw = np.int32(dv + bias)
    met[j] += np.int32(raw != sat(raw))
    return sat(raw)


@shared
def run_xylo(b: Any, raster: Array, start: Array, target: Array, weight: Array, whole: Array, dash_syn: Array,
             dash_mem: Array, threshold: Array, bias: Array, alias: Array, dash_syn_out: Array, dash_mem_out: Array,
             threshold_out: Array, bias_out: Array, first_core: Array, has_bias: Array, i: Array, v: Array,
             spikes: Array, i_out: Array, v_out: Array, hidden: Array, out: Array, rec_i: Array, rec_v: Array,
             rec_i_out: Array, rec_v_out: Array, quiet: Array, met: Array, met_out: Array) -> None:  # fmt: skip
    """All steps of row b.

    start, target, weight, whole: lists of synapses, as hw.neurons.xylo makes them
    met    : (batch, 4, hidden) limits met: of the two currents, the membrane, and 31 spikes that were not enough
    met_out: (batch, 2, outputs) of current and membrane
    """
    n_in, n_hidden = raster.shape[2], v.shape[1]
    was_quiet, both, of_both = False, i[b].reshape(-1), met[b, :2].reshape(-1)
    of_v, capped, of_v_out = met[b, 2], met[b, 3], met_out[b, 1]
    for t in range(raster.shape[0]):
        still, events = True, False
        for source in range(raster.shape[2]):
            n = np.int32(raster[t, b, source])
            if n > 0:
                events = True
                receive(both, of_both, start[source], start[source + 1], target, weight, n, whole[source])
        for source in range(spikes.shape[1]):
            n = spikes[b, source]
            if n > 0:
                events = True
                k = n_in + source
                receive(both, of_both, start[k], start[k + 1], target, weight, n, whole[k])
                k += n_hidden
                receive(i_out[b, 0], met_out[b, 0], start[k], start[k + 1], target, weight, n, whole[k])
                spikes[b, source] = 0
        for j in range(v.shape[1]):
            for s in range(2):
                lost = dash(i[b, s, j], dash_syn[s, j])
                still &= lost == 0
                i[b, s, j] -= lost
                rec_i[t, b, s, j] = i[b, s, j]
            inputs = np.int32(i[b, 0, j] + i[b, 1, j])
            if first_core:
                raw = np.int32(v[b, j] - dash(v[b, j], dash_mem[j]) + inputs)
            else:
                dv = change(inputs, v[b, j], dash_mem[j], bias[j], of_v, j)
                still &= dv == 0
                raw = np.int32(v[b, j] + dv)
            now = sat(raw)
            of_v[j] += np.int32(raw != now)
            n = spikes[b, j]
            while now >= threshold[j] and n < MOST:
                n += 1
                now -= threshold[j]
            capped[j] += np.int32(now >= threshold[j])
            v[b, j] = now
            rec_v[t, b, j] = now
            spikes[b, j] = n
            if alias[j] >= 0:
                spikes[b, alias[j]] = min(spikes[b, alias[j]] + n, MOST)
        for j in range(v.shape[1]):
            hidden[t, b, j] = spikes[b, j]
        for j in range(v_out.shape[1]):
            lost = dash(i_out[b, 0, j], dash_syn_out[0, j])
            still &= lost == 0
            i_out[b, 0, j] -= lost
            rec_i_out[t, b, j] = i_out[b, 0, j]
            if first_core:
                raw = np.int32(v_out[b, j] - dash(v_out[b, j], dash_mem_out[j]) + i_out[b, 0, j])
            else:
                dv = change(i_out[b, 0, j], v_out[b, j], dash_mem_out[j], bias_out[j], of_v_out, j)
                still &= dv == 0
                raw = np.int32(v_out[b, j] + dv)
            now = sat(raw)
            of_v_out[j] += np.int32(raw != now)
            fired = now >= threshold_out[j]
            now -= threshold_out[j] * fired
            v_out[b, j] = now
            rec_v_out[t, b, j] = now
            out[t, b, j] = fired
        still &= not events
        quiet[t, b] = (was_quiet and not events if has_bias else still) and not first_core
        was_quiet = still
