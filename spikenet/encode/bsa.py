"""BSA, Ben's spiker algorithm: spikes that, put through a given filter, give the signal back.

Source: Schrauwen & Van Campenhout 2003, "BSA, a fast and accurate spike train encoding scheme", IJCNN, figure 2.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, finite_number, finite_values, whole


@dataclass(frozen=True)
class BSA:
    """A spike at each step from which on subtracting the filter brings the signal nearer to 0 by `threshold` or more.

    taps     : the filter, a tuple of finite numbers, at least one not 0; what one spike stands for
    threshold: by how much sum |signal| over the filter's length must fall, in the signal's unit, >= 0
    steps    : number of steps the signal must have; None takes any

    For signals >= 0 within what the filter can make, some sum(taps) at most. No spike is sent where less than the whole
    filter would fit before the end.
    """

    taps: tuple[float, ...]
    threshold: float = 0.0
    steps: int | None = None

    def __post_init__(self) -> None:
        taps = finite_values("BSA: taps", self.taps)
        if taps.ndim != 1 or taps.dtype.kind != "f" or not taps.any():
            raise ValueError(f"BSA: taps: expected a row of real numbers that are not all 0, got {self.taps!r:.80}")
        object.__setattr__(self, "taps", tuple(float(tap) for tap in taps))
        if finite_number("BSA: threshold", self.threshold) < 0:
            raise ValueError(f"BSA: threshold: expected a number >= 0, got {self.threshold}")
        object.__setattr__(self, "threshold", float(self.threshold))
        object.__setattr__(self, "steps", None if self.steps is None else whole("BSA: steps", self.steps))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """0 and 1 in x's shape and float type, for a signal x (steps, batch, ...) of finite numbers >= 0."""
        signal = batch("BSA", x, axes=("steps", "batch"))
        if self.steps is not None and len(signal) != self.steps:
            raise ValueError(f"BSA: expected a signal ({self.steps}, batch, ...), time first, got {signal.shape}")
        if len(signal) < len(self.taps):
            raise ValueError(f"BSA: expected at least the filter's {len(self.taps)} steps, got {len(signal)}")
        if signal.min() < 0:
            raise ValueError(f"BSA: expected a signal >= 0, got {signal.min()}; subtract its minimum")
        sample_numbers("BSA", index, signal.shape[1])
        seed_number("BSA", seed)
        left = signal.astype(np.float64)
        n, taps = len(self.taps), np.reshape(self.taps, (-1, *(1,) * (signal.ndim - 1)))
        spikes = np.zeros_like(signal, order="C")
        for t in range(len(signal) - n + 1):
            ahead = left[t : t + n]
            gained = np.abs(ahead).sum(axis=0) - np.abs(ahead - taps).sum(axis=0)
            fired = gained > self.threshold if self.threshold == 0 else gained >= self.threshold
            spikes[t] = fired
            ahead -= taps * fired
        return spikes

    def decode(self, spikes: npt.ArrayLike) -> Array:
        """The signal that spikes (steps, batch, ...) make through the filter, of the same shape."""
        array = batch("BSA.decode", spikes, axes=("steps", "batch"))
        signal = np.zeros(array.shape, np.float64)
        for k, tap in enumerate(self.taps[: len(array)]):
            signal[k:] += tap * array[: len(array) - k]
        return signal.astype(array.dtype)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
