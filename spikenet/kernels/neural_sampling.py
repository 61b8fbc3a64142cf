"""The compiled loop of a network of noisy LIF neurons that samples; meaning and source in models/neural_sampling.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.compile import compiled


@compiled()
def run(
    weight: Any,
    mean: Any,
    leak: Any,
    syn_leak: Any,
    noise_leak: Any,
    kick: Any,
    refractory: Any,
    normals: Any,
    state: Any,
) -> None:
    """Fills state (steps, n) uint8: 1 while a neuron is refractory. normals: (steps, n) standard normal numbers.

    A synapse's trace is set to 1 by a spike and decays: renewed, not added to, so that a unit's effect is that of a 1.
    """
    steps, n = normals.shape
    noise, v, trace = np.zeros(n), np.zeros(n), np.zeros(n)
    left = np.zeros(n, np.int64)
    for t in range(steps):
        for k in range(n):
            noise[k] = noise_leak * noise[k] + kick * normals[t, k]
            drive = mean[k] + noise[k]
            for j in range(n):
                drive += trace[j] * weight[j, k]
            v[k] = leak * v[k] + (1 - leak) * drive
        for k in range(n):
            trace[k] *= syn_leak
            if left[k] > 0:
                left[k] -= 1
            if left[k] == 0 and v[k] > 0:
                left[k] = refractory
                trace[k] = 1.0
            state[t, k] = left[k] > 0
