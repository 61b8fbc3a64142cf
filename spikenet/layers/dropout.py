"""Dropout: while training, each unit is silenced at random and the others are scaled up to make good for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spikenet.errors import Array, finite_number
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.layer import State, Training, as_input, check_training, refuse_state
from spikenet.layers.pointwise import apply_once


class Dropout:
    """Units are 0 with probability p, else divided by 1 - p; only when `training` is passed.

    p: in [0, 1)

    In a net with memory one mask holds for a whole sequence: a mask drawn anew at each step would be averaged away by
    the membranes. A Sequential sees to that; called on its own, Dropout cannot know whether axis 0 is time, and draws
    a mask for every value unless `Training(rng, over_time=True)` says that it is. Each call draws anew, so a sequence
    cut in pieces gets a mask for each piece. Source: Srivastava et al. 2014, JMLR 15:1929-1958.
    """

    kind = "Dropout"

    def __init__(self, p: float) -> None:
        self.p = finite_number("Dropout: p", p)
        if not 0 <= self.p < 1:
            raise ValueError(f"Dropout: p: expected a probability in [0, 1), got {self.p}")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = as_input("Dropout", x)
        check_training("Dropout", training)
        if training is None or self.p == 0:
            return x
        if not training.over_time:
            return x * self._mask(x.shape, x.dtype, training)
        mask = self._mask(x.shape[1:], x.dtype, training)
        y = apply_once(lambda values: values * mask, x)
        if x.events is not None:  # no new ones, but their values are no longer 1
            y.events = replace(x.events, binary=False)
        return y

    def _mask(self, shape: tuple[int, ...], dtype: np.dtype[Any], training: Training) -> Array:
        kept = training.uniform(shape) >= self.p
        mask: Array = np.divide(kept, 1 - self.p, dtype=dtype)
        return mask

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state("Dropout", state)

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return {"p": self.p}

    def __repr__(self) -> str:
        return f"Dropout({self.p})"
