"""Blocks of transformers: attention and a small net for each token, normalised before and added to what came in.

The normalisation stands in front of each part (pre-norm, Xiong et al. 2020, arXiv:2002.04745), which trains without
warming up the learning rate. Source of the rest: Vaswani et al. 2017 (arXiv:1706.03762).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.graph import Tensor, TensorLike
from spikenet.layers import GELU, Dropout, Layer, LayerNorm, Linear, MultiHeadAttention, Residual, Training
from spikenet.layers.layer import State, entering, generator, refuse_state

Seed = int | np.random.Generator | None


class EncoderBlock:
    """(..., tokens, n) to the same shape: attention among all tokens, then a net with `hidden` GELU units for each.

    causal: a token sees only those before it and itself, as a model that continues sequences needs

    block(x, mask=m) hides tokens from others, see MultiHeadAttention: m (batch, 1, 1, tokens) hides padding from all.
    """

    kind, makes_layers = "EncoderBlock", True

    def __init__(
        self, n: int, heads: int, hidden: int, *, dropout: float = 0.0, causal: bool = False, seed: Seed = None
    ) -> None:
        rng = generator(self.kind, seed)
        attend = MultiHeadAttention(n, heads, causal=causal, seed=rng)
        self.settings = {"n": n, "heads": heads, "hidden": hidden, "dropout": dropout, "causal": causal}
        self.layers = Residual(LayerNorm(n), attend, Dropout(dropout)), _each(n, hidden, dropout, rng)

    def __call__(self, x: TensorLike, *, mask: Any = None, training: Training | None = None) -> Tensor:
        attends, each = self.layers
        return each(_attended(attends, entering(self, x), mask, training), training=training)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": p for k, layer in enumerate(self.layers) for name, p in layer.parameters().items()}

    def config(self) -> dict[str, Any]:
        return dict(self.settings)

    def __repr__(self) -> str:
        return f"EncoderBlock({self.settings['n']}, {self.settings['heads']}, {self.settings['hidden']})"


class DecoderBlock:
    """A causal block that looks at a context too: `block(x, context)`, x (..., tokens, n), context (..., others, n)."""

    kind, makes_layers = "DecoderBlock", True

    def __init__(self, n: int, heads: int, hidden: int, *, dropout: float = 0.0, seed: Seed = None) -> None:
        rng = generator(self.kind, seed)
        attend = MultiHeadAttention(n, heads, causal=True, seed=rng)
        self.settings = {"n": n, "heads": heads, "hidden": hidden, "dropout": dropout}
        self.own, self.norm = Residual(LayerNorm(n), attend, Dropout(dropout)), LayerNorm(n)
        self.cross, self.dropout = MultiHeadAttention(n, heads, seed=rng), Dropout(dropout)
        self.each = _each(n, hidden, dropout, rng)

    def __call__(
        self,
        x: TensorLike,
        context: TensorLike,
        *,
        mask: Any = None,
        own_mask: Any = None,
        training: Training | None = None,
    ) -> Tensor:
        """mask: booleans that broadcast to (..., heads, tokens, others), True where a token may look at the context.

        own_mask: likewise (..., heads, tokens, tokens) for looking at each other, besides being causal. A token that
        may look nowhere gets the attention's bias alone
        """
        y = _attended(self.own, entering(self, x), own_mask, training)
        looked = self.cross(self.norm(y), context=context, mask=mask, training=training)
        return self.each(y + self.dropout(looked, training=training), training=training)

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.own, self.norm, self.cross, self.each

    def parameters(self) -> dict[str, Tensor]:
        parts = zip(("own", "norm", "cross", "each"), self.layers, strict=True)
        return {f"{name}.{key}": p for name, part in parts for key, p in part.parameters().items()}

    def config(self) -> dict[str, Any]:
        return dict(self.settings)


def _each(n: int, hidden: int, dropout: float, rng: np.random.Generator) -> Residual:
    """The net for each token."""
    return Residual(LayerNorm(n), Linear(n, hidden, seed=rng), GELU(), Linear(hidden, n, seed=rng), Dropout(dropout))


def _attended(attends: Residual, x: Tensor, mask: Any, training: Training | None) -> Tensor:
    """attends(x), its attention under a mask."""
    norm, attend, dropout = attends.layers
    assert isinstance(attend, MultiHeadAttention)
    return x + dropout(attend(norm(x), mask=mask), training=training)
