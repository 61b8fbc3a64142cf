"""ShortTermPlasticity: what a spike releases depends on how recently others came, facilitated and depleted.

For an input s (1 for a spike): u recovers to `use` with tau_facilitate and r to 1 with tau_recover, exactly; then
u <- u + use (1 - u) s, the output is u r s, and r <- r - u r s. It stands between spikes and the Linear that weighs
them. The states are what rest lacks: `facilitated` = u - use and `depleted` = 1 - r. Source: Tsodyks, Pawelzik &
Markram 1998, Neural Computation 10(4):821-835; u is taken after its own spike.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak


def step(p: Any, facilitated: Any, depleted: Any, current: Any) -> Any:
    u = p.use + p.facilitate_leak * facilitated
    r = 1.0 - p.recover_leak * depleted
    u = u + p.use * (1.0 - u) * current
    released = u * r * current
    return u - p.use, 1.0 - r + released, released


def parameters(use: Any, tau_facilitate_s: Any, tau_recover_s: Any, dt_s: Any) -> dict[str, Array]:
    """use: in (0, 1]; tau_..._s, dt_s: > 0, seconds."""
    part = positive_values("ShortTermPlasticity: use", use)
    if (part > 1).any():
        raise ValueError(f"ShortTermPlasticity: use: expected values in (0, 1], got {part.max():g}")
    return {
        "use": part,
        "facilitate_leak": leak("ShortTermPlasticity", "tau_facilitate_s", tau_facilitate_s, dt_s),
        "recover_leak": leak("ShortTermPlasticity", "tau_recover_s", tau_recover_s, dt_s),
    }
