"""Temporal contrast with a threshold taken from the signal itself: from its changes, or from its recent mean.

Source: Petro, Kasabov & Kiss 2020 (IEEE TNNLS 31:358-370), threshold-based representation (TBR) and moving window (MW).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, finite_number, positive, whole


@dataclass(frozen=True)
class ChangeThreshold:
    """+1 or -1 where a channel rose or fell by more than mean + factor * std of its own changes in this sample.

    factor: finite; 0 spikes at every change above the average

    A channel that rises all the time would have a mean that hides it: the mean is of |change|.
    """

    factor: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", finite_number("ChangeThreshold: factor", self.factor))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """-1, 0 and 1 in x's shape and float type, for a signal x (steps >= 2, batch, ...) of finite numbers."""
        signal = _signal("ChangeThreshold", x, index, seed)
        if len(signal) < 2:
            raise ValueError("ChangeThreshold: expected at least 2 steps, between which the signal may change, got 1")
        change = np.diff(signal.astype(np.float64), axis=0)
        size = np.abs(change)
        threshold = size.mean(axis=0) + self.factor * size.std(axis=0)
        spikes = np.zeros_like(signal, order="C")
        spikes[1:] = np.where(size > threshold, np.sign(change), 0)
        return spikes

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)


@dataclass(frozen=True)
class MovingWindow:
    """+1 or -1 where the signal is more than `threshold` above or below its mean over the `window` steps before.

    threshold: > 0, in the signal's own unit
    window   : steps, >= 1; fewer where fewer have been, and the first step never spikes
    """

    threshold: float
    window: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", positive("MovingWindow: threshold", self.threshold))
        object.__setattr__(self, "window", whole("MovingWindow: window", self.window))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """-1, 0 and 1 in x's shape and float type, for a signal x (steps, batch, ...) of finite numbers."""
        signal = _signal("MovingWindow", x, index, seed)
        spikes = np.zeros_like(signal, order="C")
        for t in range(1, len(signal)):
            mean = signal[max(0, t - self.window) : t].mean(axis=0, dtype=np.float64)
            spikes[t] = (signal[t] > mean + self.threshold) * 1.0 - (signal[t] < mean - self.threshold)
        return spikes

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)


def _signal(name: str, x: Any, index: Any, seed: Any) -> Array:
    signal = batch(name, x, axes=("steps", "batch"))
    sample_numbers(name, index, signal.shape[1])
    seed_number(name, seed)
    return signal
