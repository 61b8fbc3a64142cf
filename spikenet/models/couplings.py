"""The invertible steps flows are made of. Each gives (z, log |det dz/dx| of every sample) and can be run backwards.

A step is called with a Tensor (batch, ...) and differentiated; `inverse` takes and gives arrays.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from spikenet import graph
from spikenet.errors import Array, whole
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Conv2d, Layer
from spikenet.layers.layer import generator
from spikenet.models.feed_forward import mlp

Seed = int | np.random.Generator | None


class Step(Protocol):
    """One invertible step."""

    @property
    def kind(self) -> str: ...
    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]: ...
    def inverse(self, z: Array) -> Array: ...
    def parameters(self) -> dict[str, Tensor]: ...
    def config(self) -> dict[str, Any]: ...


class AdditiveCoupling:
    """Half of the features shifted by a net of the other half: volumes stay. Source: Dinh et al. 2014, NICE.

    n   : features, (batch, n);  turn: which half is shifted, 0 or 1;  hidden: sizes of the net's hidden layers
    """

    kind = "AdditiveCoupling"

    def __init__(self, n: int, turn: int, *, hidden: tuple[int, ...] = (64,), seed: Seed = None) -> None:
        self.mask, self.settings = _halves(n, turn), {"n": n, "turn": turn, "hidden": tuple(hidden)}
        self.net = mlp((n, *hidden, n), seed=seed)
        _silent(self.net.layers[-1])

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mask = self.mask.astype(x.dtype)
        return x + self.net(x * mask) * (1 - mask), Tensor(np.zeros(len(x), x.dtype))

    def inverse(self, z: Array) -> Array:
        mask = self.mask.astype(z.dtype)
        with no_grad():
            return np.asarray(z - self.net(z * mask).data * (1 - mask))

    def parameters(self) -> dict[str, Tensor]:
        return self.net.parameters()

    def config(self) -> dict[str, Any]:
        return dict(self.settings)


class AffineCoupling:
    """Half of the features scaled by exp(s) and shifted by t, both from a net of the other half.

    s is kept within +-limit by a tanh. Source: Dinh et al. 2016, RealNVP (arXiv:1605.08803), eq. 4-8.
    """

    kind = "AffineCoupling"

    def __init__(
        self, n: int, turn: int, *, hidden: tuple[int, ...] = (64,), limit: float = 2.0, seed: Seed = None
    ) -> None:
        self.mask, self.limit = _halves(n, turn), float(limit)
        self.settings = {"n": n, "turn": turn, "hidden": tuple(hidden), "limit": self.limit}
        self.net = mlp((n, *hidden, 2 * n), seed=seed)
        _silent(self.net.layers[-1])

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        s, t, free = self._scale_and_shift(x)
        return x * graph.exp(s) + t * free, s.sum(axis=-1)

    def inverse(self, z: Array) -> Array:
        with no_grad():
            s, t, free = self._scale_and_shift(Tensor(z))
            return np.asarray((z - t.data * free) * np.exp(-s.data))

    def parameters(self) -> dict[str, Tensor]:
        return self.net.parameters()

    def config(self) -> dict[str, Any]:
        return dict(self.settings)

    def _scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor, Array]:
        mask = self.mask.astype(x.dtype)
        s, t = graph.split(self.net(x * mask), [x.shape[-1]] * 2, axis=-1)
        return graph.tanh(s) * self.limit * (1 - mask), t, 1 - mask


class Scaling:
    """Every feature (or channel of maps) scaled by exp(log_scale) and shifted: NICE's last layer, Glow's actnorm.

    n: features of (batch, n) or channels of (batch, n, height, width). Start them with `fit_to`.
    Source: Kingma & Dhariwal 2018 (arXiv:1807.03039), section 3.1.
    """

    kind = "Scaling"

    def __init__(self, n: int) -> None:
        size = whole("Scaling: n", n)
        self.log_scale = Tensor(np.zeros(size, np.float32), requires_grad=True, name="log_scale")
        self.shift = Tensor(np.zeros(size, np.float32), requires_grad=True, name="shift")

    def fit_to(self, x: Array) -> None:
        """Sets scale and shift so that every channel of x gets mean 0 and variance 1."""
        axes = tuple(k for k in range(x.ndim) if k != 1)
        self.shift.data[...] = x.mean(axis=axes)
        self.log_scale.data[...] = -np.log(x.std(axis=axes) + 1e-6)

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        tail = (1,) * (x.ndim - 2)
        n = len(self.shift)
        z = (x - self.shift.reshape(n, *tail)) * graph.exp(self.log_scale).reshape(n, *tail)
        ones = Tensor(np.ones(len(x), x.dtype))
        return z, ones * self.log_scale.sum() * math.prod(x.shape[2:])

    def inverse(self, z: Array) -> Array:
        shape = (-1, *(1,) * (z.ndim - 2))
        return np.asarray(z * np.exp(-self.log_scale.data).reshape(shape) + self.shift.data.reshape(shape))

    def parameters(self) -> dict[str, Tensor]:
        return {"log_scale": self.log_scale, "shift": self.shift}

    def config(self) -> dict[str, Any]:
        return {"n": len(self.shift)}


class InvertibleConv1x1:
    """All channels of each pixel through one learnt matrix, which starts as a rotation.

    Raises ValueError when training has made it singular. Source: Kingma & Dhariwal 2018 (arXiv:1807.03039), eq. 9-10.
    """

    kind = "InvertibleConv1x1"

    def __init__(self, n: int, *, seed: Seed = None) -> None:
        size = whole("InvertibleConv1x1: n", n)
        q, _ = np.linalg.qr(generator("InvertibleConv1x1", seed).normal(size=(size, size)))
        self.weight = Tensor(q.astype(np.float32), requires_grad=True, name="weight")

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        batch, n, height, width = x.shape
        z = graph.matmul(self.weight, x.reshape(batch, n, height * width)).reshape(x.shape)
        ones = Tensor(np.ones(batch, x.dtype))
        return z, ones * self._log_volume() * (height * width)

    def inverse(self, z: Array) -> Array:
        with no_grad():
            self._log_volume()  # says so when it is singular
        back = np.linalg.inv(self.weight.data.astype(np.float64)).astype(z.dtype)
        batch, n, *size = z.shape
        return (back @ z.reshape(batch, n, -1)).reshape(batch, n, *size)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight}

    def config(self) -> dict[str, Any]:
        return {"n": len(self.weight)}

    def _log_volume(self) -> Tensor:
        try:
            return graph.log_abs_det(self.weight)
        except ValueError as error:
            what = f"InvertibleConv1x1({len(self.weight)}): the weight cannot be inverted, {error}"
            raise ValueError(f"{what}; start anew with a lower learning rate, or clip gradients") from None


class ConvCoupling:
    """AffineCoupling of maps: the second half of the channels by a convolutional net of the first."""

    kind, makes_layers = "ConvCoupling", True

    def __init__(self, n: int, *, hidden: int = 32, limit: float = 2.0, seed: Seed = None) -> None:
        if whole("ConvCoupling: n", n) % 2:
            raise ValueError(f"ConvCoupling: n: expected an even number of channels, got {n}")
        rng, self.half, self.limit = generator("ConvCoupling", seed), n // 2, float(limit)
        self.layers = [
            Conv2d(self.half, hidden, 3, padding=1, seed=rng),
            Conv2d(hidden, hidden, 1, seed=rng),
            Conv2d(hidden, n, 3, padding=1, seed=rng),
        ]
        _silent(self.layers[-1])

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = graph.split(x, [self.half] * 2, axis=1)
        s, t = self._scale_and_shift(kept)
        return graph.concatenate([kept, moved * graph.exp(s) + t], axis=1), s.sum(axis=(1, 2, 3))

    def inverse(self, z: Array) -> Array:
        kept, moved = z[:, : self.half], z[:, self.half :]
        with no_grad():
            s, t = self._scale_and_shift(Tensor(np.ascontiguousarray(kept)))
        return np.concatenate([kept, (moved - t.data) * np.exp(-s.data)], axis=1)

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": p for k, layer in enumerate(self.layers) for name, p in layer.parameters().items()}

    def config(self) -> dict[str, Any]:
        return {"n": 2 * self.half, "hidden": self.layers[0].n_out, "limit": self.limit}

    def _scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        first, second, last = self.layers
        s, t = graph.split(last(graph.relu(second(graph.relu(first(kept))))), [self.half] * 2, axis=1)
        return graph.tanh(s) * self.limit, t


def _halves(n: int, turn: int) -> Array:
    """1 for the features that stay, every other one."""
    return np.asarray(np.arange(whole("coupling: n", n)) % 2 == turn % 2, np.float32)


def _silent(layer: Layer) -> None:
    """All weights 0: a step that begins as the identity."""
    for p in layer.parameters().values():
        p.data[...] = 0
