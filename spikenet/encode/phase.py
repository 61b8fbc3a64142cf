"""Weighted phase coding: the binary digits of a number, one a step, most significant first, again and again.

Source: Kim et al. 2018, "Deep neural networks with weighted spikes", Neurocomputing 311:373-386.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import UNIT, batch, sample_numbers, seed_number, unit_batch
from spikenet.errors import Array, whole


@dataclass(frozen=True)
class Phase:
    """A spike in phase k of each period, worth 2^-k, where the k-th binary digit of x is 1; k = 1 .. bits.

    steps: number of steps, >= 1; a period takes `bits` of them
    bits : digits, 1 .. 24; what is left of x beyond them is dropped, at most 2^-bits
    """

    steps: int
    bits: int = 8

    domain = UNIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("Phase: steps", self.steps))
        object.__setattr__(self, "bits", whole("Phase: bits", self.bits))
        if self.bits > 24:
            raise ValueError(f"Phase: bits: expected at most 24, the digits of a float32, got {self.bits}")

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) of 0 and 1 in x's float type, for x (batch, ...) in [0, 1 - 2^-bits]."""
        values = unit_batch("Phase", x)
        sample_numbers("Phase", index, len(values))
        seed_number("Phase", seed)
        most = 1 - 2.0**-self.bits
        if values.max() > most:
            raise ValueError(
                f"Phase: expected x in [0, 1 - 2^-{self.bits}] = [0, {most:g}], got {values.max()}; "
                "scale by that, 1 itself would need a digit before the point"
            )
        digits = np.floor(values.astype(np.float64) * 2**self.bits).astype(np.int64)
        period = np.stack([(digits >> (self.bits - 1 - k)) & 1 for k in range(self.bits)]).astype(values.dtype)
        return period[np.arange(self.steps) % self.bits]

    def decode(self, spikes: npt.ArrayLike) -> Array:
        """(batch, ...) the numbers that spikes (steps, batch, ...) stand for, mean over whole periods.

        Raises ValueError unless the steps are those of the encoder and hold a whole period at least.
        """
        array = batch("Phase.decode", spikes, axes=("steps", "batch"))
        periods = self.steps // self.bits
        if len(array) != self.steps or not periods:
            raise ValueError(
                f"Phase.decode: expected {self.steps} steps, at least one period of {self.bits}, got {len(array)}"
            )
        worth = (0.5 ** (1 + np.arange(periods * self.bits) % self.bits)) / periods
        numbers: Array = np.tensordot(worth, array[: periods * self.bits], axes=1).astype(array.dtype)
        return numbers

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
