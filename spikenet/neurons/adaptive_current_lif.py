"""AdaptiveCurrentLIF: LIF held back by a current that grows with its membrane and with every spike.

tau_mem dv/dt = -v - w, tau_adapt dw/dt = coupling v - w, each leak exact over a step with the other variable held, so
of first order in dt; the input of a step adds `current` to v. A spike where v > threshold: reset, and w <- w + jump.
Source: Gerstner et al., Neuronal Dynamics (2014), equations 6.1 and 6.2 with a linear membrane.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, v: Any, w: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    drawn = p.adapt_leak * w + (1.0 - p.adapt_leak) * p.coupling * v
    v = p.leak * v - (1.0 - p.leak) * w + current
    fired = spike(v - p.threshold)
    return reset(p, v, fired), drawn + p.jump * fired, fired


def parameters(
    tau_mem_s: Any, tau_adapt_s: Any, dt_s: Any, threshold: Any, coupling: Any, jump: Any
) -> dict[str, Array]:
    """tau_..._s, dt_s: > 0, seconds; threshold > 0 and jump in units of the membrane; coupling: a number."""
    return {
        "leak": leak("AdaptiveCurrentLIF", "tau_mem_s", tau_mem_s, dt_s),
        "adapt_leak": leak("AdaptiveCurrentLIF", "tau_adapt_s", tau_adapt_s, dt_s),
        "threshold": positive_values("AdaptiveCurrentLIF: threshold", threshold),
        "coupling": finite_values("AdaptiveCurrentLIF: coupling", coupling),
        "jump": finite_values("AdaptiveCurrentLIF: jump", jump),
    }
