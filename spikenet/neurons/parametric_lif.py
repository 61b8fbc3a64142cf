"""ParametricLIF: LIF that learns its time constant without leaving (0, 1).

v <- v + sigmoid(rate) (current - v), so the retention is 1 - sigmoid(rate), the Euler step 1 / tau = sigmoid(rate); a
spike where v > threshold, reset in the same step. Source: Fang et al. 2021 (ICCV, arXiv:2007.05785), equation 8.

NIR: the LIF node.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import step_share
from spikenet.neurons.primitives import sigmoid, spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    v = v + sigmoid(p.rate) * (current - v)
    fired = spike(v - p.threshold)
    return reset(p, v, fired), fired


def parameters(tau_mem_s: Any, dt_s: Any, threshold: Any) -> dict[str, Array]:
    """tau_mem_s: the first time constant, > dt_s > 0, seconds; threshold: > 0, in units of the membrane."""
    share = step_share("ParametricLIF", "tau_mem_s", tau_mem_s, dt_s)
    if (share == 1).any():
        raise ValueError(
            f"ParametricLIF: tau_mem_s: expected above dt_s = {dt_s:g} s, got {dt_s:g}: sigmoid is never 1"
        )
    return {"rate": np.log(share / (1 - share)), "threshold": positive_values("ParametricLIF: threshold", threshold)}
