"""Spike-rate regularisers: penalties on how often a layer fires, added to the loss for every spiking layer.

A rate is a mean over steps and batch, in spikes per step, one per neuron; a penalty is a mean over neurons, so that
its strength does not depend on the size of the layer. Each is called with one layer's spikes, (steps, batch, n...).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spikenet.errors import finite_number, positive, within
from spikenet.graph import Tensor


@dataclass(frozen=True)
class RateL1:
    """strength * mean rate: every spike costs the same."""

    strength: float

    def __post_init__(self) -> None:
        _check_strength(self)

    def __call__(self, spikes: Tensor) -> Tensor:
        return spikes.mean() * self.strength


@dataclass(frozen=True)
class RateL2:
    """strength * mean of the squared rates: busy neurons cost more."""

    strength: float

    def __post_init__(self) -> None:
        _check_strength(self)

    def __call__(self, spikes: Tensor) -> Tensor:
        return _rates(spikes).square().mean() * self.strength


@dataclass(frozen=True)
class RateFloor:
    """strength * mean of max(0, minimum - rate)^2: wakes silent neurons.

    minimum: spikes per step, in (0, 1]
    """

    minimum: float
    strength: float

    def __post_init__(self) -> None:
        _check_strength(self)
        positive("RateFloor: minimum", within("RateFloor: minimum", self.minimum, 0, 1))

    def __call__(self, spikes: Tensor) -> Tensor:
        return (self.minimum - _rates(spikes)).relu().square().mean() * self.strength


@dataclass(frozen=True)
class RateCeiling:
    """strength * mean of max(0, rate - maximum)^2: quietens busy neurons.

    maximum: spikes per step, in [0, 1]
    """

    maximum: float
    strength: float

    def __post_init__(self) -> None:
        _check_strength(self)
        within("RateCeiling: maximum", self.maximum, 0, 1)

    def __call__(self, spikes: Tensor) -> Tensor:
        return (_rates(spikes) - self.maximum).relu().square().mean() * self.strength


@dataclass(frozen=True)
class RateCeilingHuber:
    """strength * mean of huber(max(0, rate - maximum)): as RateCeiling near it, linear for wild neurons.

    maximum: spikes per step, in [0, 1]
    delta  : > 0, excess beyond which the cost grows linearly. Source: Spyx, sparsity_reg
    """

    maximum: float
    strength: float
    delta: float = 1.0

    def __post_init__(self) -> None:
        _check_strength(self)
        within("RateCeilingHuber: maximum", self.maximum, 0, 1)
        positive("RateCeilingHuber: delta", self.delta)

    def __call__(self, spikes: Tensor) -> Tensor:
        excess = (_rates(spikes) - self.maximum).relu()
        inside = excess.clip(high=self.delta)
        return (inside * (excess - inside * 0.5)).mean() * self.strength


@dataclass(frozen=True)
class LayerRateCeiling:
    """strength * max(0, rate of the whole layer - maximum)^2: single neurons may fire as they like.

    maximum: spikes per step and neuron, in [0, 1]. Source: lava-dl, SparsityEnforcer
    """

    maximum: float
    strength: float

    def __post_init__(self) -> None:
        _check_strength(self)
        within("LayerRateCeiling: maximum", self.maximum, 0, 1)

    def __call__(self, spikes: Tensor) -> Tensor:
        return (spikes.abs().mean() - self.maximum).relu().square() * self.strength


@dataclass(frozen=True)
class SpikeCount:
    """strength * number of spikes of a sample, all neurons and steps together: what energy is paid for."""

    strength: float

    def __post_init__(self) -> None:
        _check_strength(self)

    def __call__(self, spikes: Tensor) -> Tensor:
        _rates(spikes)
        return spikes.sum() * (self.strength / spikes.shape[1])


def _rates(spikes: Tensor) -> Tensor:
    if spikes.ndim < 3:
        raise ValueError(f"rate regulariser: expected spikes (steps, batch, n...), got shape {spikes.shape}")
    return spikes.mean(axis=(0, 1))


def _check_strength(regulariser: Any) -> None:
    name = f"{type(regulariser).__name__}: strength"
    if finite_number(name, regulariser.strength) < 0:
        raise ValueError(f"{name}: expected a number >= 0, got {regulariser.strength}")
