"""Residual nets for images, conventional and spike-element-wise, and the U-Net."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spikenet.errors import whole
from spikenet.layers import (
    LIF,
    BatchNorm2d,
    Conv2d,
    ConvTranspose2d,
    GlobalAvgPool2d,
    Identity,
    Layer,
    Linear,
    MaxPool2d,
    Parallel,
    ReLU,
    Sequential,
    Unflatten,
)
from spikenet.layers.joins import added, and_not, stacked_maps
from spikenet.layers.layer import generator
from spikenet.layers.parallel import Join

Seed = int | np.random.Generator | None


def residual_unit(
    n_in: int, n_out: int, *, stride: int = 1, activation: Callable[[], Layer] = ReLU, seed: Seed = None
) -> Sequential:
    """activation(two convolutions of x + x); where the size changes, x goes through a 1 x 1 convolution.

    Source: He et al. 2015 (arXiv:1512.03385), figure 2 and option B.
    """
    rng = generator("residual_unit", seed)
    path = Sequential(
        Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False, seed=rng),
        BatchNorm2d(n_out),
        activation(),
        Conv2d(n_out, n_out, 3, padding=1, bias=False, seed=rng),
        BatchNorm2d(n_out),
    )
    return Sequential(Parallel(path, _shortcut(n_in, n_out, stride, [], rng), join=added), activation())


def spiking_unit(
    n_in: int,
    n_out: int,
    *,
    stride: int = 1,
    neuron: Callable[[], Layer] = LIF,
    join: Join = and_not,
    seed: Seed = None,
) -> Parallel:
    """join(spikes of two convolutions, spikes of x): the spike-element-wise unit, whose shortcut carries spikes on.

    join: and_not, both or added of spikenet.layers.joins. With `added` outputs are whole numbers, no longer 0 or 1
    Source: Fang et al. 2021 (arXiv:2102.04159), figure 1c.
    """
    rng = generator("spiking_unit", seed)
    path = Sequential(
        Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False, seed=rng),
        BatchNorm2d(n_out),
        neuron(),
        Conv2d(n_out, n_out, 3, padding=1, bias=False, seed=rng),
        BatchNorm2d(n_out),
        neuron(),
    )
    return Parallel(path, _shortcut(n_in, n_out, stride, [neuron()], rng), join=join)


def resnet(
    shape: tuple[int, int, int], classes: int, *, widths: Sequence[int] = (16, 32), units: int = 1, seed: Seed = None
) -> Sequential:
    """Class scores of flat images (batch, channels * height * width).

    shape : (channels, height, width);  widths: channels of each stage, every one after the first at half the size
    units : residual units in a stage
    """
    rng = generator("resnet", seed)
    stages = [residual_unit(n_in, n_out, stride=stride, seed=rng) for n_in, n_out, stride in _stages(widths, units)]
    stem = Conv2d(shape[0], widths[0], 3, padding=1, bias=False, seed=rng), BatchNorm2d(widths[0]), ReLU()
    return Sequential(Unflatten(shape), *stem, *stages, GlobalAvgPool2d(), Linear(widths[-1], classes, seed=rng))


def spiking_resnet(
    shape: tuple[int, int, int],
    classes: int,
    *,
    widths: Sequence[int] = (16, 32),
    units: int = 1,
    neuron: Callable[[], Layer] = LIF,
    join: Join = and_not,
    seed: Seed = None,
) -> Sequential:
    """Class scores over time of flat images (steps, batch, channels * height * width); arguments as in `resnet`."""
    rng = generator("spiking_resnet", seed)
    stages = [
        spiking_unit(n_in, n_out, stride=stride, neuron=neuron, join=join, seed=rng)
        for n_in, n_out, stride in _stages(widths, units)
    ]
    stem = Conv2d(shape[0], widths[0], 3, padding=1, bias=False, seed=rng), BatchNorm2d(widths[0]), neuron()
    return Sequential(Unflatten(shape), *stem, *stages, GlobalAvgPool2d(), Linear(widths[-1], classes, seed=rng))


def unet(
    n_in: int, n_out: int, *, width: int = 16, depth: int = 2, activation: Callable[[], Layer] = ReLU, seed: Seed = None
) -> Sequential:
    """Maps (..., n_in, height, width) to (..., n_out, height, width), with skips between layers of the same size.

    width: channels at full size, doubled at each of `depth` halvings; height and width must be divisible by 2^depth
    Source: Ronneberger et al. 2015 (arXiv:1505.04597).
    """
    rng, depth = generator("unet", seed), whole("unet: depth", depth, least=0)

    def convolutions(before: int, after: int) -> list[Layer]:
        first = Conv2d(before, after, 3, padding=1, bias=False, seed=rng), BatchNorm2d(after), activation()
        return [*first, Conv2d(after, after, 3, padding=1, bias=False, seed=rng), BatchNorm2d(after), activation()]

    def level(k: int, before: int) -> Sequential:
        n = width * 2**k
        if k == depth:
            return Sequential(*convolutions(before, n))
        lower = Sequential(MaxPool2d(2), level(k + 1, n), ConvTranspose2d(2 * n, n, 2, stride=2, seed=rng))
        skip = Parallel(Identity(), lower, join=stacked_maps)
        return Sequential(*convolutions(before, n), skip, *convolutions(2 * n, n))

    return Sequential(level(0, n_in), Conv2d(width, n_out, 1, seed=rng))


def _stages(widths: Sequence[int], units: int) -> list[tuple[int, int, int]]:
    """(channels before, after, stride) of every unit."""
    units = whole("resnet: units", units)
    made, before = [], widths[0]
    for k, width in enumerate(widths):
        for unit in range(units):
            made.append((before, width, 2 if k and not unit else 1))
            before = width
    return made


def _shortcut(n_in: int, n_out: int, stride: int, end: list[Layer], rng: np.random.Generator) -> Layer:
    if n_in == n_out and stride == 1:
        return Identity()
    return Sequential(Conv2d(n_in, n_out, 1, stride=stride, bias=False, seed=rng), BatchNorm2d(n_out), *end)
