"""Normalising flows: data turned step by step into independent normal numbers, so that their likelihood is exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers.layer import entering, generator
from spikenet.models.couplings import (
    AdditiveCoupling,
    AffineCoupling,
    ConvCoupling,
    InvertibleConv1x1,
    Scaling,
    Step,
)

Seed = int | np.random.Generator | None


class Flow:
    """Invertible steps one after another; what comes out has a standard normal distribution when trained.

    shape: of one sample, such as (64,) or (1, 8, 8)
    """

    kind = "Flow"

    def __init__(self, steps: Sequence[Step], shape: tuple[int, ...]) -> None:
        self.steps, self.shape = tuple(steps), tuple(shape)

    def __call__(self, x: TensorLike) -> tuple[Tensor, Tensor]:
        """(z in the shape of x, log |det dz/dx| (batch,))."""
        x = self._checked(x)
        total = Tensor(np.zeros(len(x), x.dtype))
        for step in self.steps:
            x, volume = step(x)
            total = total + volume
        return x, total

    def log_likelihood(self, x: TensorLike) -> Tensor:
        """(batch,) log-densities of x in nats: log N(z; 0, 1) + log |det dz/dx|."""
        z, volume = self(x)
        flat = z.reshape(len(z), -1)
        return (flat * flat).sum(axis=-1) * -0.5 - 0.5 * math.log(2 * math.pi) * flat.shape[1] + volume

    def inverse(self, z: Array) -> Array:
        """The x that gives z, in the shape of z."""
        x = self._checked(z).data
        for step in reversed(self.steps):
            x = step.inverse(x)
        return x

    def sample(self, n: int, rng: np.random.Generator, temperature: float = 1.0) -> Array:
        """(n, ...) samples; temperature < 1 stays nearer to the likeliest."""
        return self.inverse((temperature * rng.standard_normal((n, *self.shape))).astype(np.float32))

    def start(self, x: Array) -> None:
        """Sets every Scaling so that what reaches it from x has mean 0 and variance 1, in order (Glow's actnorm).

        x: (samples, ...), at least one; a number that is the same in all is scaled as if it varied by 1e-6
        """
        now = self._checked(x)
        if not len(now):
            raise ValueError(f"Flow: start: expected at least one sample, got {now.shape}")
        with no_grad():
            for step in self.steps:
                if isinstance(step, Scaling):
                    step.fit_to(now.data)
                now, _ = step(now)

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": p for k, step in enumerate(self.steps) for name, p in step.parameters().items()}

    @property
    def layers(self) -> tuple[Step, ...]:
        return self.steps

    def _checked(self, x: TensorLike) -> Tensor:
        given = entering(self, x, name="Flow")
        if given.shape[1:] != self.shape:
            raise ValueError(f"Flow: expected input (batch, {', '.join(map(str, self.shape))}), got {given.shape}")
        return given

    @classmethod
    def of_layers(cls, *steps: Step, shape: tuple[int, ...]) -> Flow:
        return cls(steps, shape)

    def config(self) -> dict[str, Any]:
        return {"shape": self.shape}


class Squeeze:
    """Blocks of 2 x 2 pixels as four channels: (batch, n, height, width) to (batch, 4 n, height / 2, width / 2)."""

    kind = "Squeeze"

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        batch, n, height, width = x.shape
        if height % 2 or width % 2:
            raise ValueError(f"Squeeze: expected an even height and width, got {x.shape}")
        apart = x.reshape(batch, n, height // 2, 2, width // 2, 2).transpose(0, 1, 3, 5, 2, 4)
        return apart.reshape(batch, 4 * n, height // 2, width // 2), Tensor(np.zeros(batch, x.dtype))

    def inverse(self, z: Array) -> Array:
        batch, n, height, width = z.shape
        apart = z.reshape(batch, n // 4, 2, 2, height, width).transpose(0, 1, 4, 2, 5, 3)
        return apart.reshape(batch, n // 4, 2 * height, 2 * width)

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return {}


def nice(n: int, *, couplings: int = 4, hidden: tuple[int, ...] = (64,), seed: Seed = None) -> Flow:
    """Additive couplings of (batch, n), then a scaling. Source: Dinh et al. 2014 (arXiv:1410.8516)."""
    rng = generator("nice", seed)
    steps = [AdditiveCoupling(n, k, hidden=hidden, seed=rng) for k in range(whole("nice: couplings", couplings))]
    return Flow([*steps, Scaling(n)], (n,))


def real_nvp(n: int, *, couplings: int = 4, hidden: tuple[int, ...] = (64,), seed: Seed = None) -> Flow:
    """Affine couplings of (batch, n), scalings between. Source: Dinh et al. 2016 (arXiv:1605.08803)."""
    rng, steps = generator("real_nvp", seed), list[Step]()
    for k in range(whole("real_nvp: couplings", couplings)):
        steps += [Scaling(n), AffineCoupling(n, k, hidden=hidden, seed=rng)]
    return Flow([*steps, Scaling(n)], (n,))


def glow(
    shape: tuple[int, int, int], *, levels: int = 2, couplings: int = 2, hidden: int = 32, seed: Seed = None
) -> Flow:
    """Scaling, invertible 1 x 1 convolution and coupling, again and again, on maps squeezed at each level.

    shape: (channels, height, width), height and width divisible by 2^levels. All channels stay until the end (no
    multi-scale split). Source: Kingma & Dhariwal 2018 (arXiv:1807.03039).
    """
    if len(shape) != 3:
        raise ValueError(f"glow: expected a shape (channels, height, width), got {shape}")
    rng, steps, (n, height, width) = generator("glow", seed), list[Step](), shape
    levels = whole("glow: levels", levels)
    if height % 2**levels or width % 2**levels:
        raise ValueError(f"glow: expected height and width divisible by {2**levels}, got {shape}")
    for _ in range(levels):
        steps.append(Squeeze())
        n *= 4
        for _ in range(couplings):
            steps += [Scaling(n), InvertibleConv1x1(n, seed=rng), ConvCoupling(n, hidden=hidden, seed=rng)]
    return Flow([*steps, Unsqueezed(levels)], shape)


class Unsqueezed:
    """Back to full size: the inverse of `levels` Squeeze, so that z has the shape of x."""

    kind = "Unsqueezed"

    def __init__(self, levels: int) -> None:
        self.levels = levels

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for _ in range(self.levels):
            batch, n, height, width = x.shape
            x = x.reshape(batch, n // 4, 2, 2, height, width).transpose(0, 1, 4, 2, 5, 3)
            x = x.reshape(batch, n // 4, 2 * height, 2 * width)
        return x, Tensor(np.zeros(len(x), x.dtype))

    def inverse(self, z: Array) -> Array:
        with no_grad():
            now = Tensor(z)
            for _ in range(self.levels):
                now, _ = Squeeze()(now)
        return now.data

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return {"levels": self.levels}
