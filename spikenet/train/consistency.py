"""Losses that ask a net to agree with itself: there and back again, in the latent space, under augmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike

Map = Callable[[Any], Tensor]


def cycle(there: Map, back: Map, x: TensorLike) -> Tensor:
    """Mean of |back(there(x)) - x|: what two maps between two kinds of data must undo of each other.

    Source: Zhu et al. 2017 (arXiv:1703.10593), eq. 2. Raises ValueError naming both shapes when they differ.
    """
    x = graph.as_tensor(x)
    return _mean_distance("cycle", back(there(x)), x, graph.abs)


def latent(encode: Map, decode: Map, z: TensorLike) -> Tensor:
    """Mean of (encode(decode(z)) - z)^2: codes that survive being made into data and read again.

    Source: Zhu et al. 2017 (arXiv:1711.11586), section 3.3.
    """
    z = graph.as_tensor(z)
    return _mean_distance("latent", encode(decode(z)), z, graph.square)


def augmentation(
    net: Map, x: Array, augment: Callable[[Array, np.random.Generator], Array], rng: np.random.Generator
) -> Tensor:
    """Mean divergence, in nats, of the class probabilities of augmented from those of plain samples.

    augment: gives changed copies of x whose class is the same (shifted, noisy)
    The plain side is taken as truth: no gradient goes through it. Source: Xie et al. 2019 (arXiv:1904.12848), eq. 1.
    """
    wanted = graph.log_softmax(net(x)).detach()
    given = graph.log_softmax(net(augment(x, rng)))
    if given.shape != wanted.shape:
        raise ValueError(f"augmentation: expected scores {wanted.shape} as without it, got {given.shape}")
    return (graph.exp(wanted) * (wanted - given)).sum(axis=-1).mean()


def _mean_distance(name: str, y: Tensor, x: Tensor, size: Callable[[Tensor], Tensor]) -> Tensor:
    if y.shape != x.shape:
        raise ValueError(f"{name}: expected to come back to shape {x.shape}, got {y.shape}")
    return size(y - x).mean()
