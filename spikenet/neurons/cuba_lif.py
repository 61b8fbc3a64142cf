"""CubaLIF: LIF driven by a synaptic current that itself decays.

i <- syn_leak i + current; v <- leak v + i; a spike where v > threshold; the membrane resets in the same step, the
current does not. Source: the discrete form of Gerstner et al., Neuronal Dynamics (2014), section 1.3 with exponential
synapses; the order (current first) is snnTorch's Synaptic and Intel's Loihi.

NIR: the CubaLIF node.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, i: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    i = p.syn_leak * i + current
    v = p.leak * v + i
    fired = spike(v - p.threshold)
    return i, reset(p, v, fired), fired


def parameters(tau_mem_s: Any, tau_syn_s: Any, dt_s: Any, threshold: Any, kind: str = "CubaLIF") -> dict[str, Array]:
    """tau_mem_s, tau_syn_s: > 0, seconds; dt_s: length of a step, > 0; threshold: > 0, in units of the membrane."""
    return {
        "syn_leak": leak(kind, "tau_syn_s", tau_syn_s, dt_s),
        "leak": leak(kind, "tau_mem_s", tau_mem_s, dt_s),
        "threshold": positive_values(f"{kind}: threshold", threshold),
    }
