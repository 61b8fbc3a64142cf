"""Poisson coding: how often an input spikes in a step is a Poisson number whose mean is proportional to its value.

Unlike `Rate`, whose steps hold one spike at most, the counts are those of a Poisson process at any rate. Random
numbers as in `rate`: a sample's spikes depend on the seed and its number alone, and more steps continue a train.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import UNIT, sample_numbers, seed_number, unit_batch
from spikenet.encode.rate import random_words
from spikenet.errors import Array, flag, positive, whole

MOST = 20.0  # mean spikes a step; beyond, a spike train is the wrong description
_POISSON = 2  # the generator's topmost counter word: another stream than those of `Rate`


@dataclass(frozen=True)
class Poisson:
    """A Poisson process of rate max_rate_hz * x: the number of its spikes in each step.

    steps      : number of steps, >= 1
    max_rate_hz: rate at x = 1, > 0; with dt_s at most 20 spikes a step
    dt_s       : length of a step, > 0
    binary     : True counts several spikes within a step as one
    """

    steps: int
    max_rate_hz: float
    dt_s: float = 1e-3
    binary: bool = False

    domain = UNIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("Poisson: steps", self.steps))
        object.__setattr__(self, "max_rate_hz", positive("Poisson: max_rate_hz", self.max_rate_hz))
        object.__setattr__(self, "dt_s", positive("Poisson: dt_s", self.dt_s))
        object.__setattr__(self, "binary", flag("Poisson: binary", self.binary))
        if self.max_rate_hz * self.dt_s > MOST:
            raise ValueError(
                f"Poisson: expected max_rate_hz * dt_s, mean spikes a step, of at most {MOST:g}, got "
                f"{self.max_rate_hz:g} Hz * {self.dt_s:g} s; take a shorter step"
            )

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) counts in x's float type, for x (batch, ...) in [0, 1].

        index: (batch,) number of each sample in its data set; with `seed` it alone decides the sample's draws
        """
        values = unit_batch("Poisson", x)
        numbers = sample_numbers("Poisson", index, len(values))
        key = seed_number("Poisson", seed)
        mean = values.reshape(len(values), -1).astype(np.float64) * (self.max_rate_hz * self.dt_s)
        counts = np.empty((self.steps, *mean.shape), values.dtype)
        generator = np.random.Philox(key=0)
        for b in range(len(mean)):
            raw = random_words(generator, self.steps * mean.shape[1], key, numbers[b], 0, _POISSON)
            u = ((raw >> np.uint64(11)) * 2.0**-53).reshape(self.steps, -1)
            counts[:, b] = _inverse(u, mean[b])
        if self.binary:
            np.minimum(counts, 1, out=counts)
        return counts.reshape(self.steps, *values.shape)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)


def _inverse(u: Array, mean: Array) -> Array:
    """The smallest k whose distribution function exceeds u, u (steps, n) in [0, 1), mean (n,)."""
    counts = np.zeros(u.shape, np.int64)
    term = np.exp(-mean)
    reached = term.copy()
    most = int(mean.max() + 12 * np.sqrt(mean.max()) + 30)  # beyond: less than one draw in 2**53
    for k in range(1, most):
        above = u >= reached
        if not above.any():
            break
        counts += above
        term = term * mean / k
        reached = reached + term
    return counts
