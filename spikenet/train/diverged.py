"""The error of a training run whose numbers stopped being finite."""

from __future__ import annotations

from typing import Any


class TrainingDiverged(ValueError):
    """Loss, gradient, weights or test loss became NaN or infinite.

    epoch, step: of the step that failed, 1 for the first; of the epoch's last step for the test loss
    place      : where it was seen first: a layer's output, a parameter or its gradient
    kept       : the checkpoint that is there
    holds      : which weights the net has now
    """

    def __init__(
        self, what: str, epoch: int, step: int, place: str, kept: str | None, holds: str = "from before this step"
    ) -> None:
        self.epoch, self.step, self.place = epoch, step, place
        self._arguments = what, epoch, step, place, kept, holds
        remedy = "lower the learning rate or clip the gradients (clip_norm=1.0)"
        where = f"fit: epoch {epoch}, step {step}: {what}, first seen in {place}"
        checkpoint = f"; the checkpoint {kept} is untouched" if kept else ""
        super().__init__(f"{where}; {remedy}. The net holds the weights {holds}{checkpoint}")

    def __reduce__(self) -> tuple[Any, ...]:
        """As it was made: it has to pass from one process to another."""
        return type(self), self._arguments
