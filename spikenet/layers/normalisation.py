"""Batch normalisation over time and batch: every channel shifted and scaled to a common mean and spread."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikenet.errors import Array, positive, whole, within
from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.layers.layer import State, Training, entering, refuse_state


class Normalisation:
    """y = weight * scale * (x - mean) / sqrt(var + eps) + bias for each channel; made by BatchNorm() and others below.

    n_axes: axes after the channels': 0, 1 or 2
    """

    def __init__(self, kind: str, n_axes: int, n: int, scale: float, momentum: float, eps: float) -> None:
        self.kind, self.n_axes, self.n = kind, n_axes, whole(f"{kind}: n", n)
        self.scale, self.eps = positive(f"{kind}: scale", scale), positive(f"{kind}: eps", eps)
        self.momentum = within(f"{kind}: momentum", momentum, 0, 1)
        self.weight = Tensor(np.ones(self.n, np.float32), requires_grad=True, name="weight")
        self.bias = Tensor(np.zeros(self.n, np.float32), requires_grad=True, name="bias")
        self.running_mean = Tensor(np.zeros(self.n, np.float32), name="running_mean")
        self.running_var = Tensor(np.ones(self.n, np.float32), name="running_var")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = entering(self, x)
        if x.ndim <= self.n_axes or x.shape[-self.n_axes - 1] != self.n:
            wanted = (f"{self.n}", f"{self.n}, length", f"{self.n}, height, width")[self.n_axes]
            raise ValueError(f"{self.kind}: expected input (..., {wanted}), got {x.shape}")
        if x.dtype != self.weight.dtype:
            raise TypeError(f"{self.kind}: expected {self.weight.dtype} as the weights are, got {x.dtype}; use sn.cast")
        if training is None:
            mean, var = (p.data.astype(np.float64) for p in (self.running_mean, self.running_var))
            return normalise(x, self.weight, self.bias, mean, var, self, False)
        mean, var, count = self._moments(x)
        unbiased = var * count / (count - 1)
        for buffer, now in ((self.running_mean, mean), (self.running_var, unbiased)):
            moved = (1 - self.momentum) * buffer.data + self.momentum * now
            training.pending.append((buffer, moved.astype(buffer.dtype)))
        return normalise(x, self.weight, self.bias, mean, var, self, True)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        """With the running statistics, which are kept with the weights but not learnt: they require no gradient."""
        named = (self.weight, self.bias, self.running_mean, self.running_var)
        return {str(p.name): p for p in named}

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "scale": self.scale, "momentum": self.momentum, "eps": self.eps}

    def __repr__(self) -> str:
        return f"{self.kind}({self.n}{f', scale={self.scale:.4g}' if self.scale != 1 else ''})"

    def _moments(self, x: Tensor) -> tuple[Array, Array, int]:
        """(mean, variance, how many numbers they are of) of every channel over all other axes."""
        from spikenet.kernels import channels  # when first used: a kernel costs milliseconds to import

        rows = pictures(x if x.repeated is None or x.ndim <= self.n_axes + 1 else x.repeated, self.n_axes)
        count = rows.size // self.n
        if count < 2:
            raise ValueError(f"{self.kind}: expected at least two numbers a channel while training, got {x.shape}")
        mean = channels.sums(rows, rows, np.zeros(self.n))[0] / count
        return mean, np.maximum(channels.sums(rows, rows, mean)[1] / count, 0), count


def BatchNorm(n: int, *, scale: float = 1.0, momentum: float = 0.1, eps: float = 1e-5) -> Normalisation:
    """Normalises the last axis of (steps, batch, n), or of any (..., n): after Linear.

    n       : channels (features), >= 1
    scale   : what the normalised values are multiplied by, > 0. For the threshold-dependent variant pass alpha times
              the threshold of the neurons that follow. Source: Zheng et al. 2021, AAAI 35(12):11062-11070
    momentum: part of the running statistics that a step of training replaces by its own, in [0, 1]
    eps     : added to the variance, > 0
    weight, bias: (n,), learnt, starting at 1 and 0

    While training, mean and variance are those of the input over all axes but the channels', time among them;
    otherwise the running statistics. A forward pass does not change these: it leaves the new ones with `training`,
    and `fit`, or `training.settle()` in a loop of one's own, puts them in place after the step. They are saved with
    the weights. Source: Ioffe & Szegedy 2015 (arXiv:1502.03167).
    """
    return Normalisation("BatchNorm", 0, n, scale, momentum, eps)


def BatchNorm1d(n: int, *, scale: float = 1.0, momentum: float = 0.1, eps: float = 1e-5) -> Normalisation:
    """Normalises the channels of (..., n, length): after Conv1d. Otherwise as BatchNorm."""
    return Normalisation("BatchNorm1d", 1, n, scale, momentum, eps)


def BatchNorm2d(n: int, *, scale: float = 1.0, momentum: float = 0.1, eps: float = 1e-5) -> Normalisation:
    """Normalises the channels of (..., n, height, width): after Conv2d. Otherwise as BatchNorm."""
    return Normalisation("BatchNorm2d", 2, n, scale, momentum, eps)


def normalise(
    x: Tensor, weight: Tensor, bias: Tensor, mean: Array, var: Array, layer: Normalisation, moving: bool
) -> Tensor:
    """The normalised x; `moving`: mean and variance are those of x itself, so that gradients go through them."""
    from spikenet.kernels import channels  # when first used: a kernel costs milliseconds to import

    if x.repeated is not None and x.ndim > layer.n_axes + 1:
        return repeat(normalise(x.repeated, weight, bias, mean, var, layer, moving), len(x))
    rows, spread = pictures(x, layer.n_axes), 1 / np.sqrt(var + layer.eps)
    factor = weight.data * layer.scale * spread
    y = channels.scaled(rows, factor, bias.data - factor * mean)

    def vjp(g: Any) -> tuple[Any, ...]:
        g_rows = np.ascontiguousarray(g.reshape(rows.shape))
        g_bias, along = channels.sums(g_rows, rows, mean)
        g_x = None
        if x.requires_grad and moving:
            count = rows.size // len(mean)
            slope = -factor * spread**2 * along / count
            g_x = channels.scaled(g_rows, factor, -factor * g_bias / count - slope * mean, rows, slope)
        elif x.requires_grad:
            g_x = channels.scaled(g_rows, factor, np.zeros_like(mean))
        return None if g_x is None else g_x.reshape(x.shape), layer.scale * spread * along, g_bias

    return Tensor(y.reshape(x.shape), (x, weight, bias), vjp, operation="normalise")


def pictures(x: Tensor, n_axes: int) -> Array:
    """x as (rows, channels * pixels)."""
    rows = math.prod(x.shape[: x.ndim - n_axes - 1])
    return np.ascontiguousarray(
        x.data.reshape(rows, -1) if rows else x.data.reshape(0, math.prod(x.shape[-n_axes - 1 :]))
    )
