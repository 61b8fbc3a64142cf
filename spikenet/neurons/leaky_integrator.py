"""LI: a membrane that leaks and never fires, the usual readout. v <- leak v + current; the output is v.

NIR: the LI node.
"""

from __future__ import annotations

from typing import Any

from spikenet.errors import Array
from spikenet.neurons.decay import leak


def step(p: Any, v: Any, current: Any) -> Any:
    v = p.leak * v + current
    return v, v


def parameters(tau_mem_s: Any, dt_s: Any) -> dict[str, Array]:
    """tau_mem_s: > 0, seconds; dt_s: length of a step, > 0, seconds."""
    return {"leak": leak("LI", "tau_mem_s", tau_mem_s, dt_s)}
