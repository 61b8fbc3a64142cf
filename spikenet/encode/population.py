"""Gaussian population coding: each number excites the neurons whose preferred value is near it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.encode.rate import bernoulli
from spikenet.errors import Array, finite_number, flag, positive, whole

THRESHOLD = 0.999  # of the integrating neurons: one excited fully fires at every step in spite of rounding (Eshraghian)


@dataclass(frozen=True)
class Population:
    """n neurons for every number: excitation exp(-(x - centre)^2 / (2 sigma^2)), centres evenly from low to high.

    steps : number of steps, >= 1
    n     : neurons for each number, >= 2
    low, high: range of x, low < high
    width : sigma in units of the distance between centres, > 0
    random: False integrates the excitation and fires at 0.999 with the rest kept (regular trains), True fires at each
            step with the excitation as probability

    Source: Bohte, Kok & La Poutre 2002 (Neurocomputing 48:17-37); threshold and random variant as in SpikingJelly.
    """

    steps: int
    n: int
    low: float = 0.0
    high: float = 1.0
    width: float = 1.0
    random: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("Population: steps", self.steps))
        object.__setattr__(self, "n", whole("Population: n", self.n, least=2))
        object.__setattr__(self, "low", finite_number("Population: low", self.low))
        object.__setattr__(self, "high", finite_number("Population: high", self.high))
        object.__setattr__(self, "width", positive("Population: width", self.width))
        object.__setattr__(self, "random", flag("Population: random", self.random))
        if not self.low < self.high:
            raise ValueError(f"Population: expected low < high, got {self.low} and {self.high}")

    @property
    def centres(self) -> Array:
        """(n,) preferred values."""
        return np.linspace(self.low, self.high, self.n)

    def excitation(self, x: npt.ArrayLike) -> Array:
        """(batch, ..., n) in (0, 1], for x (batch, ...) in [low, high]."""
        values = batch("Population", x)
        if values.min() < self.low or values.max() > self.high:
            where = tuple(int(k) for k in np.argwhere((values < self.low) | (values > self.high))[0])
            raise ValueError(
                f"Population: expected x in [{self.low:g}, {self.high:g}], got {values[where]} at index {where}"
            )
        sigma = self.width * (self.high - self.low) / (self.n - 1)
        distance = (values[..., None].astype(np.float64) - self.centres) / sigma
        excited: Array = np.exp(-0.5 * distance * distance)
        return excited

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ..., n) of 0 and 1 in x's float type, for x (batch, ...) in [low, high].

        index: (batch,) number of each sample in its data set; with `seed` it alone decides a random train
        """
        excited = self.excitation(x)
        kind = batch("Population", x).dtype
        numbers = sample_numbers("Population", index, len(excited))
        key = seed_number("Population", seed)
        if self.random:
            fired = bernoulli(excited.reshape(len(excited), -1), self.steps, numbers, key)
            return fired.reshape(self.steps, *excited.shape).astype(kind)
        spikes, v = np.zeros((self.steps, *excited.shape), kind), np.zeros_like(excited)
        for t in range(self.steps):
            v += excited
            spikes[t] = v > THRESHOLD
            v -= THRESHOLD * spikes[t]
        return spikes

    def decode(self, spikes: npt.ArrayLike) -> Array:
        """(batch, ...) the centres' mean, weighted with the spike counts; the middle of the range for silence."""
        array = batch("Population.decode", spikes, axes=("steps", "batch"))
        if array.ndim < 3 or array.shape[-1] != self.n:
            raise ValueError(f"Population.decode: expected (steps, batch, ..., {self.n}), got shape {array.shape}")
        counts = array.sum(axis=0, dtype=np.float64)
        total = counts.sum(axis=-1)
        middle = 0.5 * (self.low + self.high)
        numbers: Array = np.where(total > 0, counts @ self.centres / np.maximum(total, 1e-300), middle)
        return numbers.astype(array.dtype)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
