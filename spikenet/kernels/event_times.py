"""Spike times of leaky neurons from the times of what arrives, and the exact adjoint: EventProp.

One task is one neuron, for all samples. Between events everything is in closed form (`event_neuron`); the adjoint walks
the same events backwards: gv, gi are the gradients in membrane and current just after the event under way. Source:
Wunderlich & Pehle 2021, Scientific Reports 11:12829.

Arrays, float64 unless stated, C-contiguous:
    constants (n, 7)     tau_m, 1 / tau_s, r, gamma, threshold, membrane after a spike, drive c
    start   (n,)         current at time 0
    times   (batch, m)   when something arrives, sorted;  many (batch,) int64: how many of them there are
    source  (batch, m)   int64 row of the weights;  amount (batch, m): factor of the weight
    weights (n, rows)
    fired, at_fire (batch, n, most)  spike times, and the current then;  n_fired (batch, n) int64
    read    (batch, n, 5) integral of the membrane, its maximum, when, the number of the arrival there or -1, and the
            membrane's slope just before
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.event_neuron import crossing, membrane, response, response_area, turning
from spikenet.kernels.tasks import array, in_parallel


@compiled()
def _forward(task: int, constants: Array, start: Array, times: Array, many: Array, source: Array, amount: Array,
             weights: Array, fired: Array, at_fire: Array, n_fired: Array, read: Array,
             end: float) -> None:  # fmt: skip
    tau, slow, r, gamma = constants[task, 0], constants[task, 1], constants[task, 2], constants[task, 3]
    threshold, after, c = constants[task, 4], constants[task, 5], constants[task, 6]
    most = fired.shape[2]
    for b in range(times.shape[0]):
        v, i, now, n = 0.0, start[task], 0.0, 0
        area, top, when, where, slope = 0.0, 0.0, 0.0, -1, 0.0
        for k in range(many[b] + 1):
            until = times[b, k] if k < many[b] else end
            while True:
                h = until - now
                at = -1.0
                if h > 0.0 and threshold < math.inf:
                    at = crossing(h, v, i, c, tau, slow, r, gamma, threshold)
                if at < 0.0:
                    break
                i *= math.exp(-slow * at)
                now += at
                v = after
                if n < most:
                    fired[b, task, n], at_fire[b, task, n] = now, i
                n += 1
                if n > most:
                    break
            if n > most:
                break
            h = until - now
            if h > 0.0:
                if threshold == math.inf:
                    turn = turning(v, i, c, tau, slow, r, gamma)
                    if turn < h:
                        value = membrane(turn, v, i, c, tau, r, gamma)
                        if value > top:
                            top, when, where = value, now + turn, -1
                            slope = 0.0
                    area += (v - c) * tau * -math.expm1(-h / tau) + c * h + i * response_area(h, tau, slow, r, gamma)
                v = membrane(h, v, i, c, tau, r, gamma)
                i *= math.exp(-slow * h)
                if threshold == math.inf and v > top:
                    top, when, where = v, until, k if k < many[b] else -1
                    slope = (gamma * i + c - v) / tau
            now = until
            if k < many[b]:
                i += amount[b, k] * weights[task, source[b, k]]
        n_fired[b, task] = n
        read[b, task, 0], read[b, task, 1], read[b, task, 2] = area, top, when
        read[b, task, 3], read[b, task, 4] = where, slope


@compiled()
def _backward(task: int, constants: Array, times: Array, many: Array, fired: Array, at_fire: Array, n_fired: Array,
              read: Array, g_fired: Array, g_read: Array, least: Array, gi_at: Array, gv_at: Array, g_drive: Array,
              g_start: Array, end: float) -> None:  # fmt: skip
    tau, slow, r, gamma = constants[task, 0], constants[task, 1], constants[task, 2], constants[task, 3]
    threshold, after, c = constants[task, 4], constants[task, 5], constants[task, 6]
    for b in range(times.shape[0]):
        gv, gi, now = 0.0, 0.0, end
        q, g_top, when = g_read[b, task, 0], g_read[b, task, 1], read[b, task, 2]
        k, n, top_waits = many[b] - 1, n_fired[b, task] - 1, g_top != 0.0
        while True:
            t_arrival = times[b, k] if k >= 0 else -1.0
            t_fire = fired[b, task, n] if n >= 0 else -1.0
            t_top = when if top_waits else -1.0
            then = max(t_arrival, t_fire, t_top, 0.0)
            h = now - then
            if h > 0.0:
                gone = -math.expm1(-h / tau)
                g_drive[b, task] += gv * gone + q * (h - tau * gone)
                gi = gi * math.exp(-slow * h) + gv * response(h, tau, r, gamma)
                gi += q * response_area(h, tau, slow, r, gamma)
                gv = gv * (1.0 - gone) + q * tau * gone
            now = then
            if k >= 0 and t_arrival == then and not (t_top == then and k < read[b, task, 3]):
                gi_at[b, k, task], gv_at[b, k, task] = gi, gv
                k -= 1
            elif top_waits and t_top == then:
                gv += g_top
                top_waits = False
            elif n >= 0:
                i = at_fire[b, task, n]
                up = max((gamma * i + c - threshold) / tau, least[task])
                down = (gamma * i + c - after) / tau
                gv = (gv * down - g_fired[b, task, n]) / up
                n -= 1
            else:
                break
        g_start[b, task] = gi


@cache
def _loops() -> tuple[Callable[..., None], Callable[..., None]]:
    def numbers(axes: int, dtype: Any = np.float64, *, read: bool = True) -> Any:
        return array(dtype, axes, read=read)

    def out(axes: int, dtype: Any = np.float64) -> Any:
        return numbers(axes, dtype, read=False)

    forward = (numbers(2), numbers(1), numbers(2), numbers(1, np.int64), numbers(2, np.int64), numbers(2), numbers(2),
               out(3), out(3), out(2, np.int64), out(3), numba.float64)  # fmt: skip
    backward = (numbers(2), numbers(2), numbers(1, np.int64), numbers(3), numbers(3), numbers(2, np.int64), numbers(3),
                numbers(3), numbers(3), numbers(1), out(3), out(3), out(2), out(2), numba.float64)  # fmt: skip
    return in_parallel(_forward, forward), in_parallel(_backward, backward)


def forward(*arguments: Any) -> None:
    """All neurons; arguments as `_forward` takes them after the task."""
    _loops()[0](len(arguments[0]), *arguments)


def backward(*arguments: Any) -> None:
    """All neurons; arguments as `_backward` takes them after the task. Gradients are written, sums added to zeros."""
    _loops()[1](len(arguments[0]), *arguments)
