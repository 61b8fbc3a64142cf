"""Temporal contrast: a signal spikes when it changes, as the pixels of an event camera do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, flag, positive, whole


@dataclass(frozen=True)
class Delta:
    """1 at steps where a signal rose by `threshold` or more since the step before, else 0.

    threshold: smallest change that spikes, > 0, in the signal's own unit
    signed   : True also gives -1 where the signal fell by `threshold` or more
    padded   : False compares the first step with zero; True with itself, so it never spikes
    steps    : number of steps the signal must have; None takes any

    snnTorch's spikegen.delta, where signed is off_spike and padded is padding.
    """

    threshold: float
    signed: bool = False
    padded: bool = False
    steps: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", positive("Delta: threshold", self.threshold))
        object.__setattr__(self, "signed", flag("Delta: signed", self.signed))
        object.__setattr__(self, "padded", flag("Delta: padded", self.padded))
        object.__setattr__(self, "steps", None if self.steps is None else whole("Delta: steps", self.steps))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """Spikes of x's shape and float type, for a signal x (steps, batch, ...) of finite numbers.

        The signal changes over time, so unlike in the other encoders its first axis is time already.
        """
        signal = batch("Delta", x, axes=("steps", "batch"))
        if self.steps is not None and len(signal) != self.steps:
            raise ValueError(f"Delta: expected a signal ({self.steps}, batch, ...), time first, got {signal.shape}")
        sample_numbers("Delta", index, signal.shape[1])
        seed_number("Delta", seed)
        with np.errstate(over="ignore"):  # a change too large for the float type is infinite, and still a change
            threshold = signal.dtype.type(self.threshold)
            change = np.diff(signal, axis=0, prepend=signal[:1] if self.padded else np.zeros_like(signal[:1]))
        if not 0 < threshold < np.inf:
            raise ValueError(f"Delta: expected a threshold that {signal.dtype} can hold, got {self.threshold}")
        spikes: Array = (change >= threshold).astype(signal.dtype)
        if self.signed:
            spikes -= change <= -threshold
        return spikes

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
