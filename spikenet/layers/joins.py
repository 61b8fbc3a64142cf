"""How the outputs of two branches become one: sums, channels side by side, and the logic of spikes."""

from __future__ import annotations

from spikenet import graph
from spikenet.graph import Tensor


def added(a: Tensor, b: Tensor) -> Tensor:
    """a + b: the shortcut of a residual net; of spikes, how many arrive."""
    return a + b


def averaged(a: Tensor, b: Tensor) -> Tensor:
    """(a + b) / 2."""
    return (a + b) * 0.5


def both(a: Tensor, b: Tensor) -> Tensor:
    """a AND b of spikes: their product. Source: Fang et al. 2021 (arXiv:2102.04159), table 1."""
    return a * b


def and_not(a: Tensor, b: Tensor) -> Tensor:
    """(NOT a) AND b of spikes, (1 - a) b: a silent branch lets b through. Source: as `both`, there IAND."""
    return (1 - a) * b


def side_by_side(a: Tensor, b: Tensor) -> Tensor:
    """The features of a before those of b: along the last axis."""
    return graph.concatenate([a, b], axis=-1)


def stacked_maps(a: Tensor, b: Tensor) -> Tensor:
    """The channels of a before those of b: (..., channels, height, width)."""
    return graph.concatenate([a, b], axis=-3)


ALL = (added, averaged, both, and_not, side_by_side, stacked_maps)
