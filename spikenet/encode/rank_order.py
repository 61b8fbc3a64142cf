"""Rank order coding: within a sample the larger input spikes first; what counts is the order."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import UNIT, sample_numbers, seed_number, unit_batch
from spikenet.errors import Array, flag, whole


@dataclass(frozen=True)
class RankOrder:
    """One spike for each input > 0 of a sample, the larger the sooner; 0 is silent.

    steps : number of steps, >= 1
    ranked: True spreads the places evenly: of m different values > 0 the k-th largest fires at step
            floor(k steps / m), k = 0 .. m - 1 (Thorpe & Gautrais 1998). False keeps proportions: at step
            ceil(steps * least / x) - 1, with `least` the smallest x > 0 of the sample (BindsNET's rank_order)
    """

    steps: int
    ranked: bool = True

    domain = UNIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("RankOrder: steps", self.steps))
        object.__setattr__(self, "ranked", flag("RankOrder: ranked", self.ranked))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) of 0 and 1 in x's float type, for x (batch, ...) in [0, 1]."""
        values = unit_batch("RankOrder", x)
        sample_numbers("RankOrder", index, len(values))
        seed_number("RankOrder", seed)
        flat = values.reshape(len(values), -1)
        spikes = np.zeros((self.steps, *flat.shape), values.dtype)
        for b, sample in enumerate(flat):
            where = np.flatnonzero(sample > 0)
            if where.size:
                spikes[self._steps_of(sample[where].astype(np.float64)), b, where] = 1
        return spikes.reshape(self.steps, *values.shape)

    def _steps_of(self, positive: Array) -> npt.NDArray[np.int64]:
        if self.ranked:
            different, place = np.unique(-positive, return_inverse=True)
            at: npt.NDArray[np.int64] = place * self.steps // len(different)
            return at
        times: npt.NDArray[np.int64] = np.ceil(self.steps * (positive.min() / positive)).astype(np.int64) - 1
        return times

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
