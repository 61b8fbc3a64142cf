"""Learning-rate schedules: records called with the number of steps taken, returning the factor of the learning rate.

A step is one update of the parameters, not an epoch: an epoch has ceil(samples / batch_size) steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from spikenet.errors import positive, whole, within


@dataclass(frozen=True)
class Constant:
    """Always `factor`."""

    factor: float = 1.0

    def __post_init__(self) -> None:
        positive("Constant: factor", self.factor)

    def __call__(self, step: int) -> float:
        return self.factor


@dataclass(frozen=True)
class StepDecay:
    """factor^k after k times `every` steps."""

    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        whole("StepDecay: every", self.every)
        positive("StepDecay: factor", self.factor)

    def __call__(self, step: int) -> float:
        return self.factor ** (step // self.every)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 down to `floor` over `steps` steps, then `floor` (Loshchilov and Hutter 2017, eq. 5)."""

    steps: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        whole("Cosine: steps", self.steps)
        within("Cosine: floor", self.floor, 0, 1)

    def __call__(self, step: int) -> float:
        return self.floor + (1 - self.floor) * (1 + math.cos(math.pi * min(step / self.steps, 1))) / 2


@dataclass(frozen=True)
class WarmUp:
    """A straight line up to 1 over `steps` steps, 1/steps at the first; then the schedule `then`, from its step 0."""

    steps: int
    then: Callable[[int], float] = field(default_factory=Constant)

    def __post_init__(self) -> None:
        whole("WarmUp: steps", self.steps)
        if not callable(self.then):
            raise TypeError(f"WarmUp: expected a schedule in then, got {self.then!r}")

    def __call__(self, step: int) -> float:
        return (step + 1) / self.steps if step < self.steps else self.then(step - self.steps)
