"""LIFFirstOrderRate: a rate unit that follows the rate of a LIF neuron under the same current, with a time constant.

r <- leak r + (1 - leak) f(current), f the softened f-I curve of `lif_rate`; the output is r. Source: Hunsberger &
Eliasmith 2015 (arXiv:1510.08829) for the curve, Dayan & Abbott (2001), equation 7.6, for the dynamics.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons import lif_rate


def step(p: Any, r: Any, current: Any) -> Any:
    r = p.leak * r + (1.0 - p.leak) * lif_rate.step(p, current)
    return r, r
