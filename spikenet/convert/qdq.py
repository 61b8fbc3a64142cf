"""Training that already sees the rounding: weights and activations pass through grids, gradients go straight on."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from spikenet.convert.levels import fake_quantise, grid_of, limits, quantise_weights
from spikenet.errors import within
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import Convolution, Layer, Linear, Sequential, Training
from spikenet.layers.layer import State, as_input, check_training, dtype_of, refuse_state


class QdqConnection:
    """A Linear or convolution whose weights are rounded on the way in; the weights themselves stay float and learn.

    layer: the one it stands for, whose parameters it shares;  bits, per_channel, symmetric: of the weights' grid
    """

    kind = "QdqConnection"

    def __init__(
        self, layer: Linear | Convolution, *, bits: int = 8, per_channel: bool = True, symmetric: bool = True
    ) -> None:
        if not isinstance(layer, (Linear, Convolution)):
            raise TypeError(f"QdqConnection: expected a Linear or a convolution, got {layer!r:.60}")
        limits(bits, symmetric)
        self.layers = (layer,)
        self.bits, self.per_channel, self.symmetric = bits, per_channel, symmetric

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        layer = self.layers[0]
        levels = quantise_weights(
            layer.weight.data, bits=self.bits, axis=channel_axis(layer) if self.per_channel else None,
            symmetric=self.symmetric,
        )  # fmt: skip
        twin = copy.copy(layer)
        twin.weight = fake_quantise(layer.weight, levels.scale, levels.zero, levels.low, levels.high)
        return twin(x, training=training)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {f"0.{name}": p for name, p in self.layers[0].parameters().items()}

    def config(self) -> dict[str, Any]:
        return {"bits": self.bits, "per_channel": self.per_channel, "symmetric": self.symmetric}

    def __repr__(self) -> str:
        return f"QdqConnection({self.layers[0]!r}, bits={self.bits})"


class QdqActivation:
    """Activations rounded to a grid whose range follows what passes while training, by a running mean.

    momentum: part of the range that a step of training replaces, in [0, 1];  bits, symmetric: of the grid
    range   : (2,) low and high, kept with the weights; before the first step [0, 0], and nothing is rounded
    """

    kind = "QdqActivation"

    def __init__(self, *, bits: int = 8, symmetric: bool = False, momentum: float = 0.05) -> None:
        limits(bits, symmetric)
        self.bits, self.symmetric = bits, symmetric
        self.momentum = within("QdqActivation: momentum", momentum, 0, 1)
        self.range = Tensor(np.zeros(2, np.float32), name="range")

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = as_input(self.kind, x, dtype_of({}))
        check_training(self.kind, training)
        low, high = (float(v) for v in self.range.data)
        if training is not None:
            seen = np.array([x.data.min(), x.data.max()], np.float32)
            part = self.momentum if high > low else 1.0
            low, high = (float(v) for v in (1 - part) * self.range.data + part * seen)
            training.pending.append((self.range, np.array([low, high], np.float32)))
        if not high > low:
            return x
        return fake_quantise(x, *grid_of(low, high, self.bits, self.symmetric), *limits(self.bits, self.symmetric))

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {"range": self.range}

    def config(self) -> dict[str, Any]:
        return {"bits": self.bits, "symmetric": self.symmetric, "momentum": self.momentum}

    def __repr__(self) -> str:
        return f"QdqActivation(bits={self.bits})"


def with_qdq(
    net: Sequential, *, weight_bits: int = 8, activation_bits: int = 8, per_channel: bool = True
) -> Sequential:
    """`net` for training under rounding, its weights shared: every connection and its input pass through grids."""
    if not isinstance(net, Sequential):
        raise TypeError(f"with_qdq: expected a Sequential, got {net!r:.60}")
    layers: list[Layer] = []
    for layer in net.layers:
        if isinstance(layer, (Linear, Convolution)):
            layers.append(QdqActivation(bits=activation_bits))
            layers.append(QdqConnection(layer, bits=weight_bits, per_channel=per_channel))
        elif isinstance(layer, Sequential):
            layers.append(
                with_qdq(layer, weight_bits=weight_bits, activation_bits=activation_bits, per_channel=per_channel)
            )
        else:
            layers.append(layer)
    return Sequential(*layers)


def channel_axis(layer: Linear | Convolution) -> int:
    """The axis of a weight that counts outputs."""
    return 1 if isinstance(layer, Linear) else 0
