"""The error of a training run whose numbers stopped being finite."""

from __future__ import annotations


class TrainingDiverged(ValueError):
    """Loss or gradient became NaN or infinite; the net holds the weights from before that step.

    epoch, step: of the step that failed, 1 for the first
    place      : where it was seen first: a layer's output, or a parameter's gradient
    """

    def __init__(self, what: str, epoch: int, step: int, place: str, kept: str | None) -> None:
        self.epoch, self.step, self.place = epoch, step, place
        remedy = "lower the learning rate or clip the gradients (clip_norm=1.0)"
        where = f"fit: epoch {epoch}, step {step}: {what}, first seen in {place}"
        checkpoint = f"; the checkpoint {kept} is untouched" if kept else ""
        super().__init__(f"{where}; {remedy}. The net holds the weights from before this step{checkpoint}")
