"""Nets that write data one number after another: images pixel by pixel, sequences sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spikenet import graph
from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers import CausalConv1d, Conv1d, Layer, MaskedConv2d, ReLU, Residual, Sequential, Training
from spikenet.layers.layer import State, check_training, entering, generator, refuse_state

Seed = int | np.random.Generator | None


def pixel_cnn(levels: int, *, width: int = 32, units: int = 2, kernel_size: int = 5, seed: Seed = None) -> Sequential:
    """Images (batch, 1, height, width) in [0, 1] to scores (batch, levels, height, width) of every grey level.

    Each pixel's scores depend on the pixels above it and to its left alone; so the product over pixels is a proper
    probability of the image. Source: van den Oord et al. 2016 (arXiv:1601.06759).
    """
    rng = generator("pixel_cnn", seed)
    inner: list[Layer] = []
    for _ in range(whole("pixel_cnn: units", units)):
        inner += [Residual(ReLU(), MaskedConv2d(width, width, 3, sees_itself=True, seed=rng))]
    return Sequential(
        MaskedConv2d(1, width, kernel_size, sees_itself=False, seed=rng),
        *inner,
        ReLU(),
        MaskedConv2d(width, whole("pixel_cnn: levels", levels, least=2), 1, sees_itself=True, seed=rng),
    )


def pixel_nats(scores: Tensor, grey: Array) -> Tensor:
    """Mean over the batch of -log p(image), in nats; grey: (batch, height, width) whole numbers below `levels`."""
    if scores.shape[:1] + scores.shape[2:] != grey.shape:
        raise ValueError(f"pixel_nats: expected grey levels {scores.shape[:1] + scores.shape[2:]}, got {grey.shape}")
    chosen = graph.take_along_axis(graph.log_softmax(scores, axis=1), grey[:, None].astype(np.int64), axis=1)
    return -chosen.sum() / len(grey)


def draw_pixels(net: Layer, shape: tuple[int, int, int], levels: int, rng: np.random.Generator) -> Array:
    """(n, height, width) grey levels drawn pixel by pixel; shape: (n, height, width)."""
    grey = np.zeros(shape, np.int64)
    with no_grad():
        for row in range(shape[1]):
            for column in range(shape[2]):
                seen = (grey[:, None, : row + 1] / (levels - 1)).astype(np.float32)
                p = graph.softmax(net(seen).data[:, :, row, column].astype(np.float64)).data
                grey[:, row, column] = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1).clip(0, levels - 1)
    return grey


class WaveNet:
    """Sequences (batch, n_in, length) to scores (batch, levels, length) of what comes next at every place.

    Dilated causal convolutions, each a tanh times a sigmoid gate, with a shortcut past it and another to the output.
    dilations: of the layers; the net sees 1 + (kernel_size - 1) * (1 + their sum) places, a causal layer being in front
    Source: van den Oord et al. 2016 (arXiv:1609.03499), section 2.3-2.4.
    """

    kind, makes_layers = "WaveNet", True

    def __init__(
        self,
        n_in: int,
        levels: int,
        *,
        width: int = 16,
        dilations: Sequence[int] = (1, 2, 4, 8),
        kernel_size: int = 2,
        seed: Seed = None,
    ) -> None:
        rng = generator("WaveNet", seed)
        if not len(dilations):
            raise ValueError("WaveNet: dilations: expected that of at least one layer")
        self.width, self.dilations, self.kernel_size = whole("WaveNet: width", width), tuple(dilations), kernel_size
        self.sizes = {"n_in": n_in, "levels": levels}
        self.first = CausalConv1d(n_in, width, kernel_size, seed=rng)
        self.gated = [CausalConv1d(width, 2 * width, kernel_size, dilation=d, seed=rng) for d in self.dilations]
        self.onward = [Conv1d(width, 2 * width, 1, seed=rng) for _ in self.dilations]
        self.read = Sequential(ReLU(), Conv1d(width, width, 1, seed=rng), ReLU(), Conv1d(width, levels, 1, seed=rng))

    @property
    def reach(self) -> int:
        """Places of the input, the last one included, that an output depends on."""
        return 1 + (self.kernel_size - 1) * (1 + sum(self.dilations))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        check_training(self.kind, training)
        x = self.first(entering(self, x))
        skipped: Tensor | None = None
        for gated, onward in zip(self.gated, self.onward, strict=True):
            shape, gate = graph.split(gated(x), [self.width] * 2, axis=-2)
            past, to_output = graph.split(onward(graph.tanh(shape) * graph.sigmoid(gate)), [self.width] * 2, axis=-2)
            x, skipped = x + past, to_output if skipped is None else skipped + to_output
        assert skipped is not None
        return self.read(skipped)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    @property
    def layers(self) -> tuple[Layer, ...]:
        return (self.first, *self.gated, *self.onward, self.read)

    def parameters(self) -> dict[str, Tensor]:
        names = ["first", *(f"{part}.{k}" for part in ("gated", "onward") for k in range(len(self.dilations))), "read"]
        named = zip(names, self.layers, strict=True)
        return {f"{name}.{key}": p for name, layer in named for key, p in layer.parameters().items()}

    def config(self) -> dict[str, Any]:
        sizes = {"width": self.width, "dilations": self.dilations, "kernel_size": self.kernel_size}
        return self.sizes | sizes

    def __repr__(self) -> str:
        return f"WaveNet({self.sizes['n_in']}, {self.sizes['levels']}, dilations={self.dilations})"
