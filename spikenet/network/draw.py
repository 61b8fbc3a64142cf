"""Values drawn from a distribution, one a neuron or a synapse: given in place of a number.

    net.connect(exc, inh, sn.rules.pairwise(0.1), weight=sn.draw.normal(0.2, 0.02, low=0.0), delay_s=1.5e-3)

A bound cuts the distribution off: what falls outside is drawn again. A draw belongs to the seed, to what it is for and
to the number of the neuron or synapse, so it is the same whoever computes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from spikenet.errors import finite_number, positive
from spikenet.kernels.sampling import LOGNORMAL, NORMAL, UNIFORM, WIDEST, share_within


@dataclass(frozen=True)
class Distribution:
    """kind: of spikenet.kernels.sampling; a, b: its two numbers; low, high: values outside are drawn again."""

    kind: int
    a: float
    b: float
    low: float = -math.inf
    high: float = math.inf

    @property
    def mean(self) -> float:
        """Of the distribution before it is cut off."""
        if self.kind == UNIFORM:
            return (self.a + self.b) / 2
        return math.exp(self.a + self.b**2 / 2) if self.kind == LOGNORMAL else self.a

    @property
    def range(self) -> tuple[float, float]:
        """Between which all values lie: a draw has 32 bits, so even a normal one has a largest value."""
        if self.kind == UNIFORM:
            reach = (self.a, self.b)
        else:
            reach = (self.a - WIDEST * self.b, self.a + WIDEST * self.b)
            reach = (math.exp(reach[0]), math.exp(min(reach[1], 700.0))) if self.kind == LOGNORMAL else reach
        return max(reach[0], self.low), min(reach[1], self.high)


def uniform(low: float, high: float) -> Distribution:
    """Evenly between `low` and `high`."""
    low, high = finite_number("draw.uniform: low", low), finite_number("draw.uniform: high", high)
    if low >= high:
        raise ValueError(f"draw.uniform: expected low < high, got {low} and {high}")
    return Distribution(UNIFORM, low, high)


def normal(mean: float, std: float, *, low: float = -math.inf, high: float = math.inf) -> Distribution:
    """Normal with mean and standard deviation of the uncut distribution."""
    made = Distribution(NORMAL, finite_number("draw.normal: mean", mean), positive("draw.normal: std", std), low, high)
    return _checked("draw.normal", made)


def lognormal(mu: float, sigma: float, *, low: float = -math.inf, high: float = math.inf) -> Distribution:
    """exp of a normal number with mean `mu` and standard deviation `sigma`."""
    a, b = finite_number("draw.lognormal: mu", mu), positive("draw.lognormal: sigma", sigma)
    return _checked("draw.lognormal", Distribution(LOGNORMAL, a, b, low, high))


def _checked(name: str, made: Distribution) -> Distribution:
    if not all(isinstance(bound, (int, float)) for bound in (made.low, made.high)):
        raise TypeError(f"{name}: expected numbers low and high, got {made.low!r:.40} and {made.high!r:.40}")
    if math.isnan(made.low) or math.isnan(made.high) or made.low >= made.high:
        raise ValueError(f"{name}: expected low < high, got {made.low} and {made.high}")
    share = share_within(made.kind, made.a, made.b, made.low, made.high)
    if share < 0.01:
        raise ValueError(
            f"{name}: expected bounds with at least 1 % of the values between them, got {made.low} to {made.high}: "
            f"{share:.2g}"
        )
    return made
