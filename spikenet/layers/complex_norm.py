"""Batch norm of complex numbers, which turns their cloud round as well, and a Linear of quaternions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import Array, positive, whole, within
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.layer import State, Training, check_training, entering, generator, refuse_state
from spikenet.layers.linear import linear
from spikenet.layers.memoryless import Memoryless, check_channels, learnt

QUARTERS = (  # Hamilton product, rows: parts of the input, columns: of the output; (part of the weight, sign)
    ((0, 1), (1, 1), (2, 1), (3, 1)),
    ((1, -1), (0, 1), (3, -1), (2, 1)),
    ((2, -1), (3, 1), (0, 1), (1, -1)),
    ((3, -1), (2, -1), (1, 1), (0, 1)),
)


class ComplexBatchNorm:
    """Whitens real and imaginary part together, every channel by its own 2 x 2 covariance, then scales and shifts.

    n       : channels of complex (..., n);  momentum, eps: as in BatchNorm
    scale   : (3, n) learnt entries rr, ri, ii of a symmetric matrix, starting at 1/sqrt(2), 0, 1/sqrt(2)
    shift   : (2, n) learnt, real and imaginary, starting at 0
    running_mean (2, n), running_cov (3, n): used when not training, moved as BatchNorm's are
    Source: Trabelsi et al. 2017 (arXiv:1705.09792), section 3.5.
    """

    kind = "ComplexBatchNorm"

    def __init__(self, n: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        self.n, self.eps = whole(f"{self.kind}: n", n), positive(f"{self.kind}: eps", eps)
        self.momentum = within(f"{self.kind}: momentum", momentum, 0, 1)
        even = np.array([[math.sqrt(0.5)], [0.0], [math.sqrt(0.5)]]).repeat(self.n, axis=1)
        self.scale, self.shift = learnt("scale", even), learnt("shift", np.zeros((2, self.n)))
        self.running_mean = Tensor(np.zeros((2, self.n), np.float32), name="running_mean")
        self.running_cov = Tensor(even.astype(np.float32) ** 2, name="running_cov")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = entering(self, x)
        check_training(self.kind, training)
        check_channels(self.kind, x, self.n, 0)
        if x.dtype.kind != "c":
            raise TypeError(f"{self.kind}: expected complex input, got {x.dtype}")
        parts = graph.stack([graph.real(x).reshape(-1, self.n), graph.imag(x).reshape(-1, self.n)])
        if training is None:
            mean, cov = self.running_mean, tuple(graph.unstack(self.running_cov))
        else:
            if parts.shape[1] < 2:
                raise ValueError(f"{self.kind}: expected at least two numbers a channel while training, got {x.shape}")
            mean = parts.mean(axis=1)
            u, v = graph.unstack(parts - mean.reshape(2, 1, self.n))
            cov = ((u * u).mean(axis=0), (u * v).mean(axis=0), (v * v).mean(axis=0))
            self._move(training, mean.data, np.stack([c.data for c in cov]))
        u, v = graph.unstack(parts - mean.reshape(2, 1, self.n))
        rr, ri, ii = cov[0] + self.eps, cov[1], cov[2] + self.eps
        s = graph.sqrt(rr * ii - ri * ri)  # inverse square root of a 2 x 2 matrix, by its determinant and trace
        over = 1 / (s * graph.sqrt(rr + ii + s * 2))
        white_u, white_v = ((ii + s) * u - ri * v) * over, ((rr + s) * v - ri * u) * over
        a, b, c = graph.unstack(self.scale)
        p, q = graph.unstack(self.shift)
        return graph.as_complex(a * white_u + b * white_v + p, b * white_u + c * white_v + q).reshape(x.shape)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {str(p.name): p for p in (self.scale, self.shift, self.running_mean, self.running_cov)}

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "momentum": self.momentum, "eps": self.eps}

    def __repr__(self) -> str:
        return f"ComplexBatchNorm({self.n})"

    def _move(self, training: Training, mean: Array, cov: Array) -> None:
        for buffer, now in ((self.running_mean, mean), (self.running_cov, cov)):
            moved = (1 - self.momentum) * buffer.data + self.momentum * now
            training.pending.append((buffer, moved.astype(buffer.dtype)))


def QuaternionLinear(n_in: int, n_out: int, *, seed: int | np.random.Generator | None = None) -> Memoryless:
    """(..., 4 n_in) to (..., 4 n_out): quaternions times quaternion weights, a quarter of a Linear's parameters.

    The last axis holds all real parts, then all i, j and k parts; y = x * w by Hamilton's rules, summed over inputs.
    weight: (4, n_in, n_out), starts uniform in +-1/sqrt(4 n_in);  bias: (4 n_out,)
    Source: Parcollet et al. 2018 (arXiv:1806.04418), eq. 8.
    """
    n_in, n_out = whole("QuaternionLinear: n_in", n_in), whole("QuaternionLinear: n_out", n_out)
    rng, bound = generator("QuaternionLinear", seed), 1 / math.sqrt(4 * n_in)
    weights = {
        "weight": learnt("weight", rng.uniform(-bound, bound, (4, n_in, n_out))),
        "bias": learnt("bias", np.zeros(4 * n_out)),
    }
    return Memoryless("QuaternionLinear", _quaternion_linear, weights, {"n_in": n_in, "n_out": n_out})


def _quaternion_linear(x: Tensor, w: Mapping[str, Tensor], training: Training | None) -> Tensor:
    check_channels("QuaternionLinear", x, 4 * w["weight"].shape[1], 0)
    parts = graph.unstack(w["weight"])
    rows = [graph.concatenate([parts[k] * sign for k, sign in row], axis=1) for row in QUARTERS]
    return linear(x, graph.concatenate(rows, axis=0), w["bias"])
