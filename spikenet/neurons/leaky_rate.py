"""LeakyRate: the first-order rate unit. tau dr/dt = -r + f(current), integrated exactly over a step.

r <- leak r + (1 - leak) f(current); the output is r. f is any smooth function of a symbolic scalar (tanh, softplus,
relu, sigmoid of spikenet.neurons.primitives, or one's own). Source: Dayan & Abbott, Theoretical Neuroscience (2001),
equation 7.6.

NIR: none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.errors import Array
from spikenet.neurons.decay import leak
from spikenet.neurons.primitives import tanh


def step(p: Any, r: Any, current: Any, *, activation: Callable[[Any], Any] = tanh) -> Any:
    r = p.leak * r + (1.0 - p.leak) * activation(current)
    return r, r


def parameters(tau_s: Any, dt_s: Any) -> dict[str, Array]:
    """tau_s: time constant of the rate, > 0, seconds; dt_s: length of a step, > 0, seconds."""
    return {"leak": leak("LeakyRate", "tau_s", tau_s, dt_s)}
