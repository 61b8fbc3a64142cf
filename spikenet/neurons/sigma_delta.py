"""SigmaDelta: sends how much its activation has changed since it last sent, once that exceeds a threshold.

s <- s + current (the sum of all changes received); error = activation(s + bias) - sent; where |error| > threshold the
error is sent and `sent` grows by it, else nothing is. A Linear in front of such neurons works on changes only: its own
bias would be added anew each step. Source: O'Connor & Welling 2016 (arXiv:1611.02024); Orchard et al. 2021
(arXiv:2111.03746), section on sigma-delta neurons; the bias as lava's SigmaDelta has it.

NIR: none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.errors import Array, finite_values, positive_values
from spikenet.neurons.primitives import absolute, relu, spike


def step(p: Any, s: Any, sent: Any, current: Any, *, activation: Callable[[Any], Any] = relu) -> Any:
    s = s + current
    error = activation(s + p.bias) - sent
    message = error * spike(absolute(error) - p.threshold)
    return s, sent + message, message


def parameters(threshold: Any, bias: Any) -> dict[str, Array]:
    """threshold: > 0, in units of the activation;  bias: of what is activated."""
    return {
        "bias": finite_values("SigmaDelta: bias", bias),
        "threshold": positive_values("SigmaDelta: threshold", threshold),
    }
