"""Latency through a neuron: the value is a constant current into a LIF, whose first spike is sent."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, positive, whole


@dataclass(frozen=True)
class LatencyLIF:
    """One spike at the step at which v <- leak v + gain x first exceeds the threshold; none where it never does.

    steps          : number of steps, >= 1
    gain           : current at x = 1, > 0, in units of the threshold a step
    tau_mem_s, dt_s: > 0, seconds; leak = exp(-dt_s / tau_mem_s)
    threshold      : > 0

    The step is that of `sn.LIF` under the same current, in x's float type. Norse's spike_latency_lif_encode.
    """

    steps: int
    gain: float = 0.2
    tau_mem_s: float = 20e-3
    dt_s: float = 1e-3
    threshold: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("LatencyLIF: steps", self.steps))
        for name in ("gain", "tau_mem_s", "dt_s", "threshold"):
            object.__setattr__(self, name, positive(f"LatencyLIF: {name}", getattr(self, name)))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) of 0 and 1 in x's float type, for finite x (batch, ...); x <= 0 is silent."""
        values = batch("LatencyLIF", x)
        sample_numbers("LatencyLIF", index, len(values))
        seed_number("LatencyLIF", seed)
        kind = values.dtype.type
        with np.errstate(over="ignore"):
            current = values * kind(self.gain)
        leak, threshold = kind(math.exp(-self.dt_s / self.tau_mem_s)), kind(self.threshold)
        v, silent = np.zeros_like(current), np.ones(current.shape, bool)
        spikes = np.zeros((self.steps, *values.shape), values.dtype)
        for t in range(self.steps):
            with np.errstate(over="ignore", invalid="ignore"):  # of those that have fired already
                v = leak * v + current
            fired = (v > threshold) & silent
            spikes[t] = fired
            silent &= ~fired
        return spikes

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
