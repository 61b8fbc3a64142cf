"""StochasticLIF: LIF that fires by chance, the likelier the further its membrane is above the threshold (escape noise).

v <- leak v + current; a spike with probability sigmoid((v - threshold) / width), reset in the same step. The random
number is a function of the neuron's stream and of the step (`spikenet.neurons.noise`), which are states: nothing random
is hidden, and time may be split anywhere. Source: Gerstner et al., Neuronal Dynamics (2014), section 9.1.

Gradients, given as `emit`: straight_through takes that of the probability for that of the spike (Bengio et al. 2013,
arXiv:1308.3432); by_score takes spikes as constants and gathers the logarithm of their probability in a state, whose
gradient times (loss - baseline) is that of the expected loss (Williams 1992, Machine Learning 8:229-256).

NIR: none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spikenet.neurons import primitives as f
from spikenet.neurons.noise import LIMIT
from spikenet.neurons.reset import Reset, detached_subtract

Emit = Callable[[Any, Any, Any], tuple[Any, Any]]


def straight_through(distance: Any, fired: Any, logarithm: Any) -> tuple[Any, Any]:
    """(spike as sent on, logarithm of its probability): the spike differentiated as its probability."""
    return f.straight_through(fired, f.sigmoid(distance)), logarithm


def by_score(distance: Any, fired: Any, logarithm: Any) -> tuple[Any, Any]:
    """The spike as a constant; log P(spike) = -softplus(-d), log P(none) = -softplus(d), d the scaled distance."""
    seen = f.stop_gradient(fired)
    return seen, logarithm - f.softplus((1.0 - 2.0 * seen) * distance)


def step(
    p: Any, v: Any, log_probability: Any, stream_high: Any, stream_low: Any, count: Any, current: Any, *,
    emit: Emit = straight_through, reset: Reset = detached_subtract,
) -> Any:  # fmt: skip
    v = p.leak * v + current
    distance = (v - p.threshold) / p.width
    drawn = f.uniform(stream_high, stream_low, count)
    fired, log_probability = emit(distance, f.spike(f.stop_gradient(f.sigmoid(distance) - drawn)), log_probability)
    count = f.where(count < LIMIT - 1.0, count + 1.0, 0.0)
    return reset(p, v, fired), log_probability, stream_high, stream_low, count, fired
