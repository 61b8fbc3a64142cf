"""How real numbers get onto a chip that takes integers and no spikes: rounded to words of one scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spikenet.errors import real_values

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Entrance:
    """The words of a program's inputs.

    shape    : of one sample
    low, high: the least and the largest word;  scale: words to the input's 1
    timeless : whether samples come as (batch, ...), without steps
    """

    shape: tuple[int, ...]
    low: int
    high: int
    scale: float
    timeless: bool

    def values(self, name: str, inputs: Any) -> Array:
        """(steps, batch, inputs) real numbers, one step where there is no time; ValueError for what does not fit."""
        given = real_values(name, inputs)
        axes, of_one = (1, "batch") if self.timeless else (2, "steps, batch")
        wanted = ", ".join([of_one, *map(str, self.shape)])
        if given.ndim != axes + len(self.shape) or given.shape[axes:] != self.shape:
            raise ValueError(f"{name}: expected ({wanted}), got shape {given.shape}")
        if self.low == 0 and given.size and given.min() < 0:
            raise ValueError(
                f"{name}: expected 0 and more, got {given.min():g}: the chip's inputs have no sign; shift or rectify"
            )
        flat = given.reshape(*given.shape[:axes], math.prod(self.shape))
        return flat[None] if self.timeless else flat

    def integers(self, name: str, inputs: Any) -> Array:
        """The words of `values`, those beyond the ends cut off."""
        words: Array = np.clip(np.rint(self.values(name, inputs) * self.scale), self.low, self.high).astype(np.int32)
        return words

    def beyond(self, inputs: Any) -> int:
        """How many inputs are cut off."""
        wanted = np.rint(np.asarray(inputs, np.float64) * self.scale)
        return int(((wanted < self.low) | (wanted > self.high)).sum())
