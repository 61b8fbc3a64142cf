"""Two nets against each other: one makes samples, the other tells them from real ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet import graph
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import (
    BatchNorm,
    BatchNorm2d,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Unflatten,
)
from spikenet.layers.initialise import connections
from spikenet.layers.layer import generator

Seed = int | np.random.Generator | None


def critic_loss(real: TensorLike, made: TensorLike) -> Tensor:
    """Mean of -log sigmoid(real) - log(1 - sigmoid(made)) for logits: what the discriminator minimises, in nats.

    Source: Goodfellow et al. 2014 (arXiv:1406.2661), eq. 1.
    """
    return graph.mean(graph.softplus(-1 * graph.as_tensor(real))) + graph.mean(graph.softplus(made))


def maker_loss(made: TensorLike) -> Tensor:
    """Mean of -log sigmoid(made): non-saturating, its gradient is largest where the discriminator sees through it.

    Source: Goodfellow et al. 2014 (arXiv:1406.2661), section 3.
    """
    return graph.mean(graph.softplus(-1 * graph.as_tensor(made)))


def dcgan_generator(size: int, n_noise: int, *, channels: int = 1, width: int = 16, seed: Seed = None) -> Sequential:
    """(batch, n_noise) to images (batch, channels, size, size) in (0, 1); size divisible by 4.

    Transposed convolutions from size / 4, each doubling it, batch norm and rectifiers between; weights normal with
    standard deviation 0.02 as in Radford et al. 2015 (arXiv:1511.06434); their tanh is a sigmoid here.
    """
    rng, start = generator("dcgan_generator", seed), _quarter("dcgan_generator", size)
    n = 2 * width * start * start
    net = Sequential(
        Linear(n_noise, n, bias=False, seed=rng),
        BatchNorm(n),
        ReLU(),
        Unflatten((2 * width, start, start)),
        ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False, seed=rng),
        BatchNorm2d(width),
        ReLU(),
        ConvTranspose2d(width, channels, 4, stride=2, padding=1, seed=rng),
        Sigmoid(),
    )
    return _small_weights(net, rng)


def dcgan_discriminator(size: int, *, channels: int = 1, width: int = 16, seed: Seed = None) -> Sequential:
    """Images (batch, channels, size, size) to logits (batch, 1) of being real; size divisible by 4."""
    rng, end = generator("dcgan_discriminator", seed), _quarter("dcgan_discriminator", size)
    net = Sequential(
        Conv2d(channels, width, 4, stride=2, padding=1, seed=rng),
        LeakyReLU(0.2),
        Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False, seed=rng),
        BatchNorm2d(2 * width),
        LeakyReLU(0.2),
        Flatten(3),
        Linear(2 * width * end * end, 1, seed=rng),
    )
    return _small_weights(net, rng)


def _quarter(name: str, size: int) -> int:
    if not isinstance(size, int) or size < 4 or size % 4:
        raise ValueError(f"{name}: size: expected a multiple of 4, got {size!r}")
    return size // 4


def _small_weights(net: Sequential, rng: np.random.Generator) -> Sequential:
    layer: Any
    for layer in connections(net):
        layer.weight.data[...] = rng.normal(0, 0.02, layer.weight.shape)
    return net
