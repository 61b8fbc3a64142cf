"""Deep R: a net that is sparse throughout training, its connections taken out and put in as learning goes.

Every connection has a sign that never changes and a size that follows the gradient and a random walk; one whose size
falls below 0 goes silent, and another, drawn at random, takes its place: their number stays.
Source: Bellec et al. 2017 (arXiv:1711.05136), algorithm 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, positive, within
from spikenet.graph import Tensor
from spikenet.graph.held import held, keep_within_bounds


@dataclass(frozen=True)
class DeepR:
    """An optimiser for nets of which a share `density` of each weight (two axes or more) is connected.

    learning_rate: of gradient descent;  shrink: L1 pull towards 0 per step and rate;  temperature: of the random walk
    density      : in (0, 1);  seed: of signs, first connections, walk and rewiring
    Other parameters (biases) follow plain gradient descent.
    """

    learning_rate: float = 0.05
    density: float = 0.1
    shrink: float = 1e-4
    temperature: float = 1e-7
    seed: int = 0

    def __post_init__(self) -> None:
        positive("DeepR: learning_rate", self.learning_rate)
        within("DeepR: shrink", self.shrink, 0, np.inf)
        within("DeepR: temperature", self.temperature, 0, np.inf)
        if not 0 < self.density < 1:
            raise ValueError(f"DeepR: density: expected a number between 0 and 1, got {self.density}")

    def start(self, params: Mapping[str, Tensor]) -> Any:
        """Draws the first connections; weights beyond them become 0, in place. What pruning holds at 0 gets none."""
        rng, state = np.random.default_rng(self.seed), {"sign": dict[str, Array](), "step": {"": np.zeros(1, np.int64)}}
        for name, p in params.items():
            if p.ndim >= 2:
                sign = rng.choice(np.array([-1, 1], np.int8), p.shape)
                active, free = np.zeros(p.size, bool), rng.permutation(p.size)
                free = free[~held(p).reshape(-1)[free]]
                active[free[: max(1, round(self.density * p.size))]] = True
                gain = 1 / np.sqrt(self.density)  # as much variance from fewer weights
                p.data[...] = np.where(active.reshape(p.shape), sign * np.abs(p.data) * gain, 0)
                keep_within_bounds(p)
                state["sign"][name] = np.where(active.reshape(p.shape), sign, 0).astype(np.int8)
        return state

    def step(self, params: Mapping[str, Tensor], state: Any, rate_scale: float = 1.0) -> Any:
        """One step down, one random step, and rewiring; in place, within the bounds of each parameter."""
        count = state["step"][""]
        count += 1
        rng, rate = np.random.default_rng([self.seed, int(count[0])]), self.learning_rate * rate_scale
        for name, p in params.items():
            if p.grad is None:
                continue
            if name not in state["sign"]:
                p.data -= (rate * p.grad).astype(p.dtype)
                keep_within_bounds(p)
                continue
            sign = state["sign"][name].reshape(-1)
            size, gradient = (p.data.reshape(-1) * sign), p.grad.reshape(-1) * sign
            on = np.flatnonzero(sign)
            walk = np.sqrt(2 * rate * self.temperature) * rng.standard_normal(len(on))
            size[on] += (-rate * (gradient[on] + self.shrink) + walk).astype(p.dtype)
            fixed = held(p).reshape(-1)
            gone = on[(size[on] < 0) | fixed[on]]
            sign[gone] = 0
            size[gone] = 0
            silent = np.flatnonzero((sign == 0) & ~fixed)
            new = rng.choice(silent, min(len(gone), len(silent)), replace=False)
            sign[new] = rng.choice(np.array([-1, 1], np.int8), len(new))
            size[new] = np.finfo(np.float32).eps  # connected, and as good as 0
            state["sign"][name] = sign.reshape(p.shape)
            p.data[...] = (size * sign).reshape(p.shape)
            keep_within_bounds(p)
        return state
