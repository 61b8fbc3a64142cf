"""Self-attention between spikes: no softmax, no products of numbers, only spikes that meet and are counted."""

from __future__ import annotations

from typing import Any

from spikenet.errors import finite_number, whole
from spikenet.graph import Tensor, TensorLike
from spikenet.layers.layer import Layer, State, Training, check_training, entering, state_parts

PARTS = ("query", "key", "value", "fire")


class SpikeDrivenAttention:
    """value masked by the features on which queries and keys meet: fire(sum over tokens of query * key) * value.

    query, key, value: layers that give spikes (steps, batch, tokens, n), such as Sequential(Linear, BatchNorm, LIF)
    fire             : the neurons that turn the counts (steps, batch, 1, n) into the mask

    Linear in the number of tokens; every product is an AND of two spikes. The state is that of the four layers.
    Source: Yao et al. 2023 (arXiv:2307.01694), eq. 6-8.
    """

    kind = "SpikeDrivenAttention"

    def __init__(self, query: Layer, key: Layer, value: Layer, fire: Layer) -> None:
        self.layers = _checked(self.kind, (query, key, value, fire))

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        q, k, v, before, after, training = _mapped(self, x, state, training)
        mask, last = self.layers[3].run((q * k).sum(axis=-2, keepdims=True), before[3], training=training)
        return mask * v, (*after, last)

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": p for k, layer in enumerate(self.layers) for name, p in layer.parameters().items()}

    def config(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.layers))})"


class SpikingSelfAttention:
    """fire(scale * query @ key.T @ value) in `heads` subspaces: counts of meetings weigh the values' spikes.

    heads: divides the features;  scale: > 0, keeps the counts near the threshold
    Other arguments as in SpikeDrivenAttention, but `fire` sees (steps, batch, tokens, n).
    Source: Zhou et al. 2022 (arXiv:2209.15425), eq. 5-6.
    """

    kind = "SpikingSelfAttention"

    def __init__(
        self, query: Layer, key: Layer, value: Layer, fire: Layer, *, heads: int = 1, scale: float = 0.125
    ) -> None:
        self.layers = _checked(self.kind, (query, key, value, fire))
        self.heads, self.scale = whole(f"{self.kind}: heads", heads), finite_number(f"{self.kind}: scale", scale)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return self.run(x, training=training)[0]

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        q, k, v, before, after, training = _mapped(self, x, state, training)
        if q.shape[-1] % self.heads:
            raise ValueError(f"{self.kind}: heads: expected a divisor of {q.shape[-1]} features, got {self.heads}")
        q, k, v = (part.reshape(*part.shape[:-1], self.heads, -1).swapaxes(-2, -3) for part in (q, k, v))
        # no softmax stands between the two products: the smaller of (tokens, tokens) and (features, features) is made
        few_tokens = q.shape[-2] <= q.shape[-1]
        counts = (q @ k.swapaxes(-1, -2)) @ v if few_tokens else q @ (k.swapaxes(-1, -2) @ v)
        together = counts.swapaxes(-2, -3)
        y, last = self.layers[3].run(
            together.reshape(*together.shape[:-2], -1) * self.scale, before[3], training=training
        )
        return y, (*after, last)

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": p for k, layer in enumerate(self.layers) for name, p in layer.parameters().items()}

    def config(self) -> dict[str, Any]:
        return {"heads": self.heads, "scale": self.scale}

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.layers))}, heads={self.heads})"


def _checked(kind: str, layers: tuple[Any, ...]) -> tuple[Layer, ...]:
    for part, layer in zip(PARTS, layers, strict=True):
        if isinstance(layer, type) or not isinstance(layer, Layer):
            raise TypeError(f"{kind}: {part}: expected a layer, got {layer!r:.60}")
    return layers


def _mapped(
    whole_layer: SpikeDrivenAttention | SpikingSelfAttention,
    x: TensorLike,
    state: State | None,
    training: Training | None,
) -> tuple[Tensor, Tensor, Tensor, State, list[State], Training | None]:
    """(query, key, value, states before, the three after, training told of time)."""
    kind, layers = whole_layer.kind, whole_layer.layers
    x = entering(whole_layer, x, state)
    if x.ndim != 4:
        raise ValueError(f"{kind}: expected input (steps, batch, tokens, n), got {x.shape}")
    check_training(kind, training)
    training = None if training is None else training.with_time()
    before = state_parts(kind, state, PARTS) or (None,) * 4
    mapped, after = [], []
    for layer, one in zip(layers[:3], before[:3], strict=True):
        y, last = layer.run(x, one, training=training)
        mapped.append(y)
        after.append(last)
    q, k, v = mapped
    if not q.shape == k.shape == v.shape:
        raise ValueError(f"{kind}: query, key and value must have one shape, they gave {q.shape}, {k.shape}, {v.shape}")
    return q, k, v, before, after, training
