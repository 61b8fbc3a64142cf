"""ResonateIzhikevich: the resonate-and-fire neuron as first published, which fires on its imaginary part.

z turns and shrinks as in ResonateAndFire, the input adds to the real part x. A spike where the imaginary part
y > threshold; then z <- i threshold, so x <- 0 and y <- threshold. Source: Izhikevich 2001, Neural Networks
14(6-7):883-894, section 2.2.

NIR: none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.neurons.primitives import spike, stop_gradient


def step(p: Any, x: Any, y: Any, current: Any, *, seen: Callable[[Any], Any] = stop_gradient) -> Any:
    """seen: what the reset sees of the spike: stop_gradient(fired), or the spike itself to differentiate through it."""
    turned = p.along * x - p.across * y + current
    y = p.across * x + p.along * y
    fired = spike(y - p.threshold)
    free = 1.0 - seen(fired)
    return turned * free, y * free + p.threshold * seen(fired), fired
