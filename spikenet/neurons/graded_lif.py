"""GradedLIF: LIF whose spikes carry a number: the membrane, or a function of it, at the moment of firing.

v <- leak v + current; where v > threshold the output is payload(v), else 0; reset in the same step. Source: the graded
spikes of Loihi 2, whose payload is the voltage (Orchard et al. 2021, arXiv:2111.03746).

NIR: none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.neurons.primitives import spike
from spikenet.neurons.reset import Reset, detached_subtract


def membrane(v: Any) -> Any:
    """The payload that is the membrane itself."""
    return v


def step(
    p: Any, v: Any, current: Any, *, payload: Callable[[Any], Any] = membrane, reset: Reset = detached_subtract
) -> Any:
    v = p.leak * v + current
    fired = spike(v - p.threshold)
    return reset(p, v, fired), payload(v) * fired
