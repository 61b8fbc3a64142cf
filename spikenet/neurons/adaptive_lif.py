"""AdaptiveLIF: LIF whose threshold rises with every spike and recovers.

v <- leak v + current; a <- adapt_leak a; a spike where v > threshold + a; then reset, and a <- a + jump. Exact between
spikes. Source: Bellec et al. 2018 (NeurIPS, arXiv:1803.09574), the adaptive neuron of their LSNN.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, a: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    v = p.leak * v + current
    a = p.adapt_leak * a
    fired = spike(v - (p.threshold + a))
    return reset(p, v, fired), a + p.jump * fired, fired


def parameters(tau_mem_s: Any, tau_adapt_s: Any, dt_s: Any, threshold: Any, jump: Any) -> dict[str, Array]:
    """tau_mem_s, tau_adapt_s, dt_s: > 0, seconds; threshold > 0 and jump, in units of the membrane."""
    return {
        "leak": leak("AdaptiveLIF", "tau_mem_s", tau_mem_s, dt_s),
        "adapt_leak": leak("AdaptiveLIF", "tau_adapt_s", tau_adapt_s, dt_s),
        "threshold": positive_values("AdaptiveLIF: threshold", threshold),
        "jump": finite_values("AdaptiveLIF: jump", jump),
    }
