"""Recordings, which bring their own time: samples with steps inside become sequences with time first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array

Code = Callable[[Array], Array]


@dataclass(frozen=True)
class Recorded:
    """(batch, steps, ...) to (steps, batch, ...), through a code for time series where one is given.

    code: StepForward(...), Delta(..., signed=True), AdaptiveDelta(...) or another that takes (steps, batch, ...); what
          it gives as 1 and -1 becomes two channels, up and down, one after the other along the last axis
    """

    code: Code | None = None

    def __post_init__(self) -> None:
        if self.code is not None and (not callable(self.code) or isinstance(self.code, type)):
            raise TypeError(f"Recorded: code: expected an encoder such as StepForward(0.1), got {self.code!r:.60}")

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) in x's float type, for recordings x (batch, steps, ...) of finite numbers."""
        given = batch("Recorded", x, axes=("batch", "steps"))
        sample_numbers("Recorded", index, len(given))
        seed_number("Recorded", seed)
        signal = np.ascontiguousarray(np.moveaxis(given, 1, 0))
        if self.code is None:
            return signal
        spikes = self.code(signal)
        return np.concatenate([spikes > 0, spikes < 0], axis=-1).astype(given.dtype)

    def config(self) -> dict[str, Any]:
        """What it was made of, for reports: the code by its name and its own arguments."""
        if self.code is None:
            return {"code": None}
        inner: dict[str, Any] = self.code.config() if hasattr(self.code, "config") else {}
        return {"code": {"kind": type(self.code).__name__, **inner}}
