"""Direct coding: the numbers themselves, the same current at every step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.encode.check import batch, sample_numbers, seed_number
from spikenet.errors import Array, whole


@dataclass(frozen=True)
class Constant:
    """x at every step, as a read-only view that takes no memory: layers recognise it and compute once.

    steps: number of steps, >= 1
    """

    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", whole("Constant: steps", self.steps))

    def __call__(self, x: npt.ArrayLike, index: npt.ArrayLike | None = None, seed: int = 0) -> Array:
        """(steps, batch, ...) view of x (batch, ...), finite numbers of any size, with stride 0 over steps."""
        current = batch("Constant", x)
        sample_numbers("Constant", index, len(current))
        seed_number("Constant", seed)
        return np.broadcast_to(current, (self.steps, *current.shape))

    def config(self) -> dict[str, Any]:
        """The constructor's arguments, for checkpoints and reports."""
        return asdict(self)
