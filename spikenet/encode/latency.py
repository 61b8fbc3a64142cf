"""Latency coding: each input spikes once, and the larger it is the sooner.

Times are scaled by a fixed range, never by the extremes of the batch (as snnTorch does), so a sample's spikes do not
depend on its neighbours. Times are rounded to the nearest step, halves to even. An input at or below the threshold
stays silent: the comparison is strict, as everywhere in spikenet, and made in x's float type.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import UNIT, sample_numbers, seed_number, unit_batch
from spikenet.errors import Array, finite_number, positive, whole


@dataclass(frozen=True)
class LatencyLinear:
    """One spike at step round((steps - 1) * (1 - x)) where x > threshold, else none.

    steps    : number of steps, >= 1; x = 1 fires at the first
    threshold: in [0, 1)

    The formula of SpikingJelly's and Spyx's latency encoders, and of snnTorch's spikegen.latency with linear,
    normalize and clip; silence at x = threshold is Spyx's.
    """

    steps: int
    threshold: float = 0.01

    domain = UNIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("LatencyLinear: steps", self.steps))
        object.__setattr__(self, "threshold", _threshold("LatencyLinear", self.threshold))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) of 0 and 1 in x's float type, for x (batch, ...) in [0, 1]."""
        values = unit_batch("LatencyLinear", x)
        sample_numbers("LatencyLinear", index, len(values))
        seed_number("LatencyLinear", seed)
        times = (self.steps - 1) * (1.0 - values.astype(np.float64))
        return _one_spike(times, values > values.dtype.type(self.threshold), self.steps, values.dtype)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)


@dataclass(frozen=True)
class LatencyLog:
    """One spike when a leaky membrane driven by x would reach the threshold; none where it never does.

    A membrane of time constant tau reaches `threshold` after tau ln(x / (x - threshold)). tau is chosen so that
    x = threshold + least_excess fires at the last step; whatever is nearer to the threshold fires there too.

    steps       : number of steps, >= 1
    threshold   : in (0, 1); a higher one spreads the times more evenly
    least_excess: > 0, with threshold + least_excess <= 1; by default one grey level of an 8-bit image

    The formula of snnTorch's spikegen.latency with normalize and clip, where the batch maximum takes the place of the
    fixed last time; the two agree when the batch holds a value <= threshold and least_excess is snnTorch's 1e-7,
    except that x = threshold itself is silent here.
    """

    steps: int
    threshold: float = 0.01
    least_excess: float = 1 / 255

    domain = UNIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("LatencyLog: steps", self.steps))
        threshold = _threshold("LatencyLog", positive("LatencyLog: threshold", self.threshold))
        least = positive("LatencyLog: least_excess", self.least_excess)
        if threshold + least > 1:
            raise ValueError(
                f"LatencyLog: expected threshold + least_excess <= 1, the largest input, got {threshold} + {least}"
            )
        object.__setattr__(self, "threshold", threshold)
        object.__setattr__(self, "least_excess", least)

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) of 0 and 1 in x's float type, for x (batch, ...) in [0, 1]."""
        values = unit_batch("LatencyLog", x)
        sample_numbers("LatencyLog", index, len(values))
        seed_number("LatencyLog", seed)
        excess = np.maximum(values.astype(np.float64) - self.threshold, self.least_excess)
        times = np.log1p(self.threshold / excess)  # ln(x / (x - threshold)), without the cancellation
        times *= (self.steps - 1) / np.log1p(self.threshold / self.least_excess)
        return _one_spike(times, values > values.dtype.type(self.threshold), self.steps, values.dtype)

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)


def _threshold(name: str, value: float) -> float:
    number = finite_number(f"{name}: threshold", value)
    if not 0 <= number < 1:
        raise ValueError(f"{name}: threshold: expected a number >= 0 and < 1, the largest input, got {number}")
    return number


def _one_spike(times: Array, fires: Array, steps: int, dtype: np.dtype[Any]) -> Array:
    """(steps, *times.shape) with a 1 at the step nearest to times where `fires`, 0 elsewhere."""
    spikes = np.zeros((steps, times.size), dtype)
    where = np.flatnonzero(fires)
    spikes[np.rint(times.ravel()[where]).astype(np.intp), where] = 1
    return spikes.reshape(steps, *times.shape)
