"""TernaryLIF: LIF that fires +1 above its threshold and -1 below minus its threshold.

v <- leak v + current; the output s is 1 where v > threshold, -1 where v < -threshold, else 0; v <- v - threshold s.
Source: Guo et al. 2024 (AAAI, arXiv:2312.06372), ternary spikes.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    v = p.leak * v + current
    sent = spike(v - p.threshold) - spike(-v - p.threshold)
    return reset(p, v, sent), sent
