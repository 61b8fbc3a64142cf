"""A transformer in which everything that is sent is a spike: attention by spikes that meet, shortcuts of currents.

Source: Yao et al. 2023, Spike-driven Transformer (arXiv:2307.01694), figure 2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spikenet.layers import (
    LIF,
    BatchNorm,
    Layer,
    LearntPositions,
    Linear,
    Patches,
    Residual,
    Sequential,
    SpikeDrivenAttention,
    TokenMean,
    Unflatten,
)
from spikenet.layers.layer import generator

Seed = int | np.random.Generator | None


def spiking_block(n: int, hidden: int, *, neuron: Callable[[], Layer] = LIF, seed: Seed = None) -> Sequential:
    """(steps, batch, tokens, n) currents to the same: attention by spikes, then two layers for each token.

    n, hidden: features of a token, units between;  neuron: makes each layer of neurons
    """
    rng = generator("spiking_block", seed)

    def spikes(n_in: int, n_out: int) -> Sequential:
        return Sequential(Linear(n_in, n_out, seed=rng), BatchNorm(n_out), neuron())

    attend = SpikeDrivenAttention(spikes(n, n), spikes(n, n), spikes(n, n), neuron())
    back = Linear(hidden, n, seed=rng), BatchNorm(n)
    return Sequential(
        Residual(neuron(), attend, Linear(n, n, seed=rng), BatchNorm(n)),
        Residual(neuron(), Linear(n, hidden, seed=rng), BatchNorm(hidden), neuron(), *back),
    )


def spiking_transformer(
    shape: tuple[int, int, int],
    classes: int,
    *,
    patch: int = 4,
    n: int = 64,
    hidden: int = 128,
    blocks: int = 2,
    neuron: Callable[[], Layer] = LIF,
    readout: Callable[[], Layer] | None = None,
    seed: Seed = None,
) -> Sequential:
    """Class scores over time of flat images (steps, batch, channels * height * width).

    shape: (channels, height, width);  patch: edge of a patch in pixels, divides height and width
    readout: what the last layer's neurons are; None for currents, the mean over tokens of spikes times weights
    """
    rng, (channels, height, width) = generator("spiking_transformer", seed), shape
    tokens = height // patch * (width // patch)
    layers: list[Layer] = [
        Unflatten(shape),
        Patches(patch),
        Linear(channels * patch * patch, n, seed=rng),
        BatchNorm(n),
        LearntPositions(tokens, n, seed=rng),
        *(spiking_block(n, hidden, neuron=neuron, seed=rng) for _ in range(blocks)),
        neuron(),
        TokenMean(),
        Linear(n, classes, seed=rng),
    ]
    return Sequential(*layers, *([] if readout is None else [readout()]))
