"""Temporal contrast whose threshold adapts: each spike raises it, silence lowers it again.

Busy signals then spike less and quiet ones more than with a fixed threshold, as in the eye and in event cameras with a
limited event rate.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, finite_number, positive, whole


@dataclass(frozen=True)
class AdaptiveDelta:
    """+1 or -1 where the signal differs from its value at the last spike by the threshold or more.

    threshold: where the threshold returns to, > 0, in the signal's own unit
    jump     : what each spike adds to it, >= 0; 0 is send-on-delta with a fixed threshold
    tau_s    : time constant of its return, > 0, seconds
    dt_s     : length of a step, > 0
    steps    : number of steps the signal must have; None takes any

    A channel starts at its first value, whose step never spikes.
    """

    threshold: float
    jump: float
    tau_s: float = 0.1
    dt_s: float = 1e-3
    steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("threshold", "tau_s", "dt_s"):
            object.__setattr__(self, name, positive(f"AdaptiveDelta: {name}", getattr(self, name)))
        if finite_number("AdaptiveDelta: jump", self.jump) < 0:
            raise ValueError(f"AdaptiveDelta: jump: expected a number >= 0, got {self.jump}")
        object.__setattr__(self, "jump", float(self.jump))
        object.__setattr__(self, "steps", None if self.steps is None else whole("AdaptiveDelta: steps", self.steps))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """-1, 0 and 1 in x's shape and float type, for a signal x (steps, batch, ...) of finite numbers."""
        signal = batch("AdaptiveDelta", x, axes=("steps", "batch"))
        if self.steps is not None and len(signal) != self.steps:
            raise ValueError(
                f"AdaptiveDelta: expected a signal ({self.steps}, batch, ...), time first, got {signal.shape}"
            )
        sample_numbers("AdaptiveDelta", index, signal.shape[1])
        seed_number("AdaptiveDelta", seed)
        keep = math.exp(-self.dt_s / self.tau_s)
        spikes = np.zeros_like(signal, order="C")
        last = signal[0].astype(np.float64)
        extra = np.zeros_like(last)
        for t in range(1, len(signal)):
            extra *= keep
            change = signal[t] - last
            fired = np.abs(change) >= self.threshold + extra
            spikes[t] = np.where(fired, np.sign(change), 0)
            last = np.where(fired, signal[t], last)
            extra += self.jump * fired
        return spikes

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
