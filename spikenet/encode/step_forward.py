"""Step-forward coding: spikes move a baseline that follows the signal, so the signal can be had back.

Source: Kasabov et al. 2016, Neural Networks 78:1-14; compared in Petro, Kasabov & Kiss 2020 (IEEE TNNLS 31:358-370).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, finite_values, positive, whole


@dataclass(frozen=True)
class StepForward:
    """+1 where the signal exceeds the baseline by more than `threshold`, which then rises by it; -1 and down likewise.

    threshold: > 0, in the signal's own unit
    steps    : number of steps the signal must have; None takes any

    The baseline starts at the signal's first value, whose step never spikes. A signal that changes by less than two
    thresholds a step is followed within two thresholds.
    """

    threshold: float
    steps: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", positive("StepForward: threshold", self.threshold))
        object.__setattr__(self, "steps", None if self.steps is None else whole("StepForward: steps", self.steps))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """-1, 0 and 1 in x's shape and float type, for a signal x (steps, batch, ...) of finite numbers."""
        signal = batch("StepForward", x, axes=("steps", "batch"))
        if self.steps is not None and len(signal) != self.steps:
            raise ValueError(
                f"StepForward: expected a signal ({self.steps}, batch, ...), time first, got {signal.shape}"
            )
        sample_numbers("StepForward", index, signal.shape[1])
        seed_number("StepForward", seed)
        spikes = np.zeros_like(signal, order="C")
        base = signal[0].astype(np.float64)
        for t in range(1, len(signal)):
            moved = (signal[t] > base + self.threshold) * 1.0 - (signal[t] < base - self.threshold)
            spikes[t] = moved
            base += self.threshold * moved
        return spikes

    def decode(self, spikes: npt.ArrayLike, start: npt.ArrayLike = 0.0) -> Array:
        """The baseline after each step, (steps, batch, ...); start: the signal's first value, or one a channel."""
        array = batch("StepForward.decode", spikes, axes=("steps", "batch"))
        base = finite_values("StepForward.decode: start", start)
        if (
            base.dtype.kind != "f"
            or base.ndim > array.ndim - 1
            or any(b not in (1, a) for b, a in zip(base.shape[::-1], array.shape[::-1], strict=False))
        ):
            raise ValueError(
                f"StepForward.decode: start: expected one real number or those of {array.shape[1:]}, "
                f"got {base.dtype} of shape {base.shape}"
            )
        signal: Array = base + self.threshold * np.cumsum(array, axis=0, dtype=np.float64)
        return signal.astype(array.dtype)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
