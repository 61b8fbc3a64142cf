"""Normalisations whose scale and shift come from something else: a class, a style, a map of labels.

Each is called with two inputs, layer(x, condition); as part of a net of one's own, not of a Sequential.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import positive, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.convolution import Conv2d
from spikenet.layers.embedding import Embedding
from spikenet.layers.layer import Training, as_input, generator
from spikenet.layers.linear import Linear
from spikenet.layers.memoryless import check_channels
from spikenet.layers.normalisation import Normalisation

Seed = int | np.random.Generator | None


class ConditionalBatchNorm2d:
    """Batch norm of (..., n, height, width) with a scale and a shift for each class: layer(x, labels).

    labels: (batch,) whole numbers in 0 .. n_classes - 1, the batch being the axis before the channels
    Scales start at 1, shifts at 0. Source: Dumoulin et al. 2016 (arXiv:1610.07629), de Vries et al. 2017.
    """

    kind = "ConditionalBatchNorm2d"

    def __init__(self, n: int, n_classes: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        self.n, self.norm = whole(f"{self.kind}: n", n), Normalisation(self.kind, 2, n, 1.0, momentum, eps)
        self.settings = {"n": self.n, "n_classes": n_classes, "momentum": momentum, "eps": eps}
        self.scale, self.shift = (Embedding(n_classes, n) for _ in range(2))
        self.scale.weights["weight"].data[...] = 1
        self.shift.weights["weight"].data[...] = 0
        for fixed in (self.norm.weight, self.norm.bias):
            fixed.requires_grad = False

    def __call__(self, x: TensorLike, labels: TensorLike, *, training: Training | None = None) -> Tensor:
        for fixed in (self.norm.weight, self.norm.bias):  # no parameters of this layer: they follow its others
            fixed.data = fixed.data.astype(self.norm.running_mean.dtype, copy=False)
        y = self.norm(x, training=training)
        scale, shift = self.scale(labels), self.shift(labels)
        if scale.shape != y.shape[:-2][-2:]:
            raise ValueError(
                f"ConditionalBatchNorm2d: expected a label for each of {y.shape[:-3]} samples, got {scale.shape[:-1]}"
            )
        return y * scale.reshape(*scale.shape, 1, 1) + shift.reshape(*shift.shape, 1, 1)

    def parameters(self) -> dict[str, Tensor]:
        moving = {"running_mean": self.norm.running_mean, "running_var": self.norm.running_var}
        return {"scale": self.scale.weights["weight"], "shift": self.shift.weights["weight"]} | moving

    def config(self) -> dict[str, Any]:
        return dict(self.settings)


class AdaIN:
    """Instance norm of (..., n, height, width) with scale and shift from a style (..., n_style): layer(x, style).

    y = (1 + a) (x - mean) / sd + b with a, b linear in the style; mean and sd of every channel of every sample.
    Source: Huang & Belongie 2017 (arXiv:1703.06868); the linear map as in Karras et al. 2018 (arXiv:1812.04948).
    """

    kind = "AdaIN"

    def __init__(self, n: int, n_style: int, *, eps: float = 1e-5, seed: Seed = None) -> None:
        self.n, self.eps = whole("AdaIN: n", n), positive("AdaIN: eps", eps)
        self.style = Linear(n_style, 2 * n, seed=generator("AdaIN", seed))

    def __call__(self, x: TensorLike, style: TensorLike, *, training: Training | None = None) -> Tensor:
        x = as_input("AdaIN", x, self.style.weight.dtype)
        check_channels("AdaIN", x, self.n, 2)
        a, b = graph.split(self.style(style), [self.n, self.n], axis=-1)
        if a.shape != x.shape[:-2]:
            raise ValueError(f"AdaIN: expected a style for each sample, {x.shape[:-3]}, got {a.shape[:-1]}")
        return graph.standardise(x, (-2, -1), self.eps) * (1 + a.reshape(*a.shape, 1, 1)) + b.reshape(*b.shape, 1, 1)

    def parameters(self) -> dict[str, Tensor]:
        return {f"style.{name}": p for name, p in self.style.parameters().items()}

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "n_style": self.style.n_in, "eps": self.eps}


class SPADE:
    """Normalised maps scaled and shifted at every pixel by what a map of labels says there: layer(x, labels).

    x     : (batch, n, height, width), each channel of each sample normalised by itself
    labels: (batch, n_labels, height, width), one-hot maps or any others of the same height and width
    A convolution of `hidden` filters and a rectifier, then one for the scale and one for the shift.
    Source: Park et al. 2019 (arXiv:1903.07291), figure 2.
    """

    kind = "SPADE"

    def __init__(self, n: int, n_labels: int, *, hidden: int = 32, eps: float = 1e-5, seed: Seed = None) -> None:
        rng = generator("SPADE", seed)
        self.n, self.eps = whole("SPADE: n", n), positive("SPADE: eps", eps)
        self.shared = Conv2d(n_labels, hidden, 3, padding=1, seed=rng)
        self.scale, self.shift = (Conv2d(hidden, n, 3, padding=1, seed=rng) for _ in range(2))

    def __call__(self, x: TensorLike, labels: TensorLike, *, training: Training | None = None) -> Tensor:
        x = as_input("SPADE", x, self.shared.weight.dtype)
        check_channels("SPADE", x, self.n, 2)
        seen = graph.relu(self.shared(labels))
        if seen.shape[-2:] != x.shape[-2:] or seen.shape[:-3] not in (x.shape[:-3], (1,), ()):
            came = f"{seen.shape[:-3]} and {seen.shape[-2:]} for x {x.shape}"
            raise ValueError(f"SPADE: expected labels of the batch, height and width of x, got {came}")
        return graph.standardise(x, (-2, -1), self.eps) * (1 + self.scale(seen)) + self.shift(seen)

    def parameters(self) -> dict[str, Tensor]:
        parts: dict[str, Any] = {"shared": self.shared, "scale": self.scale, "shift": self.shift}
        return {f"{name}.{key}": p for name, part in parts.items() for key, p in part.parameters().items()}

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "n_labels": self.shared.n_in, "hidden": self.shared.n_out, "eps": self.eps}
