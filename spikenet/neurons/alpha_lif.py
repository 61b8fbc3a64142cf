"""AlphaLIF: LIF behind a synapse whose current rises and falls as t exp(-t / tau_syn), with peak 1 for an input of 1.

The current is exact on the grid (Rotter & Diesmann 1999, Biol. Cybern. 81:381-402): i <- syn_leak (i + e dt/tau_syn a),
a <- syn_leak a + input; an input acts from the next step on, as the alpha function starts at 0. The membrane is that of
CubaLIF: v <- leak v + i.

NIR: none.
"""

from __future__ import annotations

import math
from typing import Any

from spikenet.errors import Array, positive_values
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def step(p: Any, a: Any, i: Any, v: Any, current: Any, *, reset: Reset = detached_subtract) -> Any:
    i = p.syn_leak * (i + p.rise * a)
    a = p.syn_leak * a + current
    v = p.leak * v + i
    fired = spike(v - p.threshold)
    return a, i, reset(p, v, fired), fired


def parameters(tau_mem_s: Any, tau_syn_s: Any, dt_s: Any, threshold: Any) -> dict[str, Array]:
    """tau_mem_s, tau_syn_s, dt_s: > 0, seconds; threshold: > 0, in units of the membrane."""
    syn = leak("AlphaLIF", "tau_syn_s", tau_syn_s, dt_s)
    return {
        "syn_leak": syn,
        "rise": math.e * float(dt_s) / positive_values("AlphaLIF: tau_syn_s", tau_syn_s),
        "leak": leak("AlphaLIF", "tau_mem_s", tau_mem_s, dt_s),
        "threshold": positive_values("AlphaLIF: threshold", threshold),
    }
