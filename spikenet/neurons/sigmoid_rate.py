"""SigmoidRate: a rate unit with the response sigmoid(gain (current - threshold)), between 0 and 1.

r <- leak r + (1 - leak) sigmoid(gain (current - threshold)), the exact solution of tau dr/dt = -r + f(current) for a
current held over the step; the output is r. Source: Dayan & Abbott, Theoretical Neuroscience (2001), equation 7.6.

NIR: none.
"""

from __future__ import annotations

from typing import Any

from spikenet.neurons.primitives import sigmoid


def step(p: Any, r: Any, current: Any) -> Any:
    r = p.leak * r + (1.0 - p.leak) * sigmoid(p.gain * (current - p.threshold))
    return r, r
