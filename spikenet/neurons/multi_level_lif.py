"""MultiLevelLIF and MultiLevelCubaLIF: neurons that send how many thresholds the membrane holds, up to some levels.

v <- leak v + current; the output n is the number of k in 1..levels with v > k threshold; v <- v - n threshold. With a
synaptic current, i <- syn_leak i + current comes first and i drives the membrane, as in CubaLIF. The gradient is the
surrogate's at every level, or straight through. Source: the multi-spike neurons of Sinabs and Rockpool; Luo et al. 2024
(ECCV, arXiv:2407.20708), for the straight-through gradient of a clamped count. With 31 levels and a current it is the
hidden neuron of SynSense's Xylo.

NIR: none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spikenet.neurons.primitives import floor, maximum, minimum, spike, straight_through
from spikenet.neurons.reset import Reset, detached_subtract

Count = Callable[[Any, Any], Any]


def step(p: Any, v: Any, current: Any, *, count: Count, reset: Reset = detached_subtract) -> Any:
    v = p.leak * v + current
    n = count(p, v)
    return reset(p, v, n), n


def cuba_step(p: Any, i: Any, v: Any, current: Any, *, count: Count, reset: Reset = detached_subtract) -> Any:
    i = p.syn_leak * i + current
    return i, *step(p, v, i, count=count, reset=reset)


@dataclass(frozen=True)
class Levels:
    """count(p, v): thresholds that v exceeds, at most `levels`; differentiated by the surrogate at each of them."""

    levels: int

    def __call__(self, p: Any, v: Any) -> Any:
        n = spike(v - p.threshold)
        for k in range(2, self.levels + 1):
            n = n + spike(v - k * p.threshold)
        return n


@dataclass(frozen=True)
class StraightLevels:
    """The same count, differentiated as the clamped v / threshold: 1 / threshold between 0 and the highest level."""

    levels: int

    def __call__(self, p: Any, v: Any) -> Any:
        held = v / p.threshold
        whole = -floor(-held) - 1.0  # a membrane at the threshold itself holds none
        whole = spike(v - p.threshold) * _between(whole, self.levels)  # what a refractory period silences
        return straight_through(whole, _between(held, self.levels))


def _between(count: Any, levels: int) -> Any:
    return minimum(maximum(count, 0.0), float(levels))
