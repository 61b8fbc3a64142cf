"""One layer of competing neurons, sample after sample: integrate, one winner a step, plasticity at its spike.

Serial by nature: what a sample teaches, the next one meets.
"""

from __future__ import annotations

import numpy as np

from spikenet.derive.compile import compiled
from spikenet.errors import Array


@compiled()
def compete(spikes: Array, weight: Array, theta: Array, counts: Array, constants: Array, learn: bool) -> None:
    """weight, theta are changed in place where `learn`; counts (batch, n) spikes of each neuron are added up.

    spikes (steps, batch, n_in); weight (n, n_in); theta (n,); constants (9,) float64: leak,
    threshold, jump and keep of theta, inhibition, keep of the trace, rate, target of the trace, sum of weights
    """
    leak, threshold, jump, keep_theta, inhibition = constants[0], constants[1], constants[2], constants[3], constants[4]
    keep, rate, target, total = constants[5], constants[6], constants[7], constants[8]
    steps, batch, n_in = spikes.shape
    n = len(theta)
    active, v, trace = np.empty(n_in, np.int64), np.empty(n), np.empty(n_in)
    for b in range(batch):
        v[:] = 0.0
        trace[:] = 0.0
        for t in range(steps):
            n_active = 0
            for i in range(n_in):
                trace[i] *= keep
                if spikes[t, b, i] > 0:
                    trace[i] = 1.0
                    active[n_active] = i
                    n_active += 1
            best, margin = -1, 0.0
            for j in range(n):
                drive = 0.0
                row = weight[j]
                for k in range(n_active):
                    drive += row[active[k]]
                v[j] = leak * v[j] + drive
                if learn:
                    theta[j] *= keep_theta
                above = v[j] - threshold - theta[j]
                if above > margin:
                    best, margin = j, above
            if best < 0:
                continue
            counts[b, best] += 1
            for j in range(n):
                v[j] -= inhibition
            v[best] = 0.0
            if learn:
                theta[best] += jump
                row = weight[best]
                size = 0.0
                for i in range(n_in):
                    row[i] = min(max(row[i] + rate * (trace[i] - target) * (1.0 - row[i]), 0.0), 1.0)
                    size += row[i]
                if size > 0.0:
                    for i in range(n_in):
                        row[i] *= total / size
