"""Eligibility traces of e-prop, over time, one for every synapse and state, and what a learning signal makes of them.

eps[a, i] <- sum over b of states[a, b] eps[b, i] + current[a] pre[i];  e[i] = sum over b of sent[b] eps_before[b, i]
+ sent_current pre[i];  the gradient of weight i is the sum of signal * e[i]. Source: Bellec et al. 2020 (Nature
Communications 11:3625), equations 13 and 14.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.memory import read_only
from spikenet.kernels.tasks import array, in_parallel
from spikenet.kernels.threads import enough_threads


@cache
def _loop(dtype: str) -> Callable[..., None]:
    @compiled()
    def of_neuron(
        task: int,
        states: Array,
        current: Array,
        sent: Array,
        sent_current: Array,
        pre: Array,
        signal: Array,
        gradient: Array,
    ) -> None:
        steps, batch, _, m = current.shape
        n_pre = pre.shape[2]
        into = gradient[task]
        eps = np.empty((m, n_pre), current.dtype)
        new = np.empty((m, n_pre), current.dtype)
        for b in range(batch):
            for a in range(m):
                for i in range(n_pre):
                    eps[a, i] = 0
            for t in range(steps):
                x, factor = pre[t, b], signal[t, b, task]
                direct = sent_current[t, b, task] * factor
                for i in range(n_pre):
                    into[i] += direct * x[i]
                for c in range(m):
                    weight = sent[t, b, task, c] * factor
                    row = eps[c]
                    for i in range(n_pre):
                        into[i] += weight * row[i]
                for a in range(m):
                    drive, row = current[t, b, task, a], new[a]
                    for i in range(n_pre):
                        row[i] = drive * x[i]
                    for c in range(m):
                        weight, old = states[t, b, task, a, c], eps[c]
                        for i in range(n_pre):
                            row[i] += weight * old[i]
                for a in range(m):
                    row, old = new[a], eps[a]
                    for i in range(n_pre):
                        old[i] = row[i]

    kinds = (*(array(dtype, axes, read=True) for axes in (5, 4, 4, 3, 3, 3)), array(dtype, 2, read=False))
    return in_parallel(of_neuron, kinds)


def gradient(states: Array, current: Array, sent: Array, sent_current: Array, pre: Array, signal: Array) -> Array:
    """(n_pre, n) sum over steps and batch of signal times eligibility.

    states (steps, batch, n, m, m), current (steps, batch, n, m): derivatives of the m states after a step in those
    before it and in the current;  sent (steps, batch, n, m), sent_current (steps, batch, n): of the output
    pre (steps, batch, n_pre): what came in through the weights;  signal (steps, batch, n): the learning signal
    """
    made = np.zeros((current.shape[2], pre.shape[2]), current.dtype)
    arrays = (states, current, sent, sent_current, pre, signal)
    with enough_threads(pre.size * current.shape[2] * (1 + current.shape[3]) ** 2 * 0.3):
        _loop(current.dtype.name)(
            len(made), *(read_only(np.ascontiguousarray(a, dtype=current.dtype)) for a in arrays), made
        )
    return made.T
