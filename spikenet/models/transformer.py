"""Transformers: blocks of attention and a small net for each token, normalised before and added to what came in.

The normalisation stands in front of each part (pre-norm, Xiong et al. 2020, arXiv:2002.04745), which trains without
warming up the learning rate. Source of the rest: Vaswani et al. 2017 (arXiv:1706.03762).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers import (
    GELU,
    Dropout,
    Embedding,
    LayerNorm,
    LearntPositions,
    Linear,
    MultiHeadAttention,
    Patches,
    Residual,
    Sequential,
    SinusoidalPositions,
    TokenMean,
    Training,
    Unflatten,
)
from spikenet.layers.layer import generator

Seed = int | np.random.Generator | None


def encoder_block(
    n: int, heads: int, hidden: int, *, dropout: float = 0.0, causal: bool = False, seed: Seed = None
) -> Sequential:
    """(..., tokens, n) to the same shape: attention among all tokens, then a net with `hidden` GELU units for each.

    causal: a token sees only those before it and itself, as a model that continues sequences needs
    """
    rng = generator("encoder_block", seed)
    attend = MultiHeadAttention(n, heads, causal=causal, seed=rng)
    return Sequential(
        Residual(LayerNorm(n), attend, Dropout(dropout)),
        Residual(LayerNorm(n), Linear(n, hidden, seed=rng), GELU(), Linear(hidden, n, seed=rng), Dropout(dropout)),
    )


class DecoderBlock:
    """A causal block that looks at a context too: `block(x, context)`, x (..., tokens, n), context (..., others, n)."""

    def __init__(self, n: int, heads: int, hidden: int, *, dropout: float = 0.0, seed: Seed = None) -> None:
        rng = generator("DecoderBlock", seed)
        attend = MultiHeadAttention(n, heads, causal=True, seed=rng)
        self.own, self.norm = Residual(LayerNorm(n), attend, Dropout(dropout)), LayerNorm(n)
        self.cross, self.dropout = MultiHeadAttention(n, heads, seed=rng), Dropout(dropout)
        feed = Linear(n, hidden, seed=rng), GELU(), Linear(hidden, n, seed=rng)
        self.each = Residual(LayerNorm(n), *feed, Dropout(dropout))

    def __call__(
        self, x: TensorLike, context: TensorLike, *, mask: Any = None, training: Training | None = None
    ) -> Tensor:
        """mask: booleans that broadcast to (..., heads, tokens, others), True where a token may look at the context."""
        y = self.own(x, training=training)
        looked = self.cross(self.norm(y), context=context, mask=mask, training=training)
        return self.each(y + self.dropout(looked, training=training), training=training)

    def parameters(self) -> dict[str, Tensor]:
        parts: dict[str, Any] = {"own": self.own, "norm": self.norm, "cross": self.cross, "each": self.each}
        return {f"{name}.{key}": p for name, part in parts.items() for key, p in part.parameters().items()}


class Transformer:
    """Encoder and decoder: `net(source, target)` gives scores (batch, tokens, symbols) of the symbol after each.

    n_source, n_target: how many symbols there are on either side
    n, heads, hidden  : features of a token, heads of attention, units of the net for each token
    blocks            : of the encoder and as many of the decoder
    source, target    : (batch, tokens) whole numbers
    """

    def __init__(
        self,
        n_source: int,
        n_target: int,
        *,
        n: int = 64,
        heads: int = 4,
        hidden: int = 128,
        blocks: int = 2,
        dropout: float = 0.0,
        seed: Seed = None,
    ) -> None:
        rng = generator("Transformer", seed)
        count = whole("Transformer: blocks", blocks)
        inner = [encoder_block(n, heads, hidden, dropout=dropout, seed=rng) for _ in range(count)]
        self.encoder = Sequential(Embedding(n_source, n, seed=rng), SinusoidalPositions(), *inner, LayerNorm(n))
        self.embed = Sequential(Embedding(n_target, n, seed=rng), SinusoidalPositions())
        self.decoder = [DecoderBlock(n, heads, hidden, dropout=dropout, seed=rng) for _ in range(count)]
        self.read = Sequential(LayerNorm(n), Linear(n, n_target, seed=rng))

    def __call__(self, source: TensorLike, target: TensorLike, *, training: Training | None = None) -> Tensor:
        context = self.encoder(source, training=training)
        y = self.embed(target, training=training)
        for block in self.decoder:
            y = block(y, context, training=training)
        return self.read(y, training=training)

    def parameters(self) -> dict[str, Tensor]:
        parts: dict[str, Any] = {"encoder": self.encoder, "embed": self.embed, "read": self.read}
        parts |= {f"decoder.{k}": block for k, block in enumerate(self.decoder)}
        return {f"{name}.{key}": p for name, part in parts.items() for key, p in part.parameters().items()}

    def generate(self, source: Array, first: int, n_tokens: int) -> Array:
        """(batch, n_tokens) symbols, each the likeliest after those before it; `first` stands before the first."""
        written = np.full((len(source), 1), first, np.int64)
        with no_grad():
            for _ in range(whole("generate: n_tokens", n_tokens)):
                scores = self(source, written).data[:, -1]
                written = np.concatenate([written, scores.argmax(axis=-1)[:, None]], axis=1)
        return written[:, 1:]


def image_transformer(
    shape: tuple[int, int, int],
    classes: int,
    *,
    patch: int = 4,
    n: int = 64,
    heads: int = 4,
    hidden: int = 128,
    blocks: int = 2,
    dropout: float = 0.0,
    seed: Seed = None,
) -> Sequential:
    """Class scores of flat images (..., channels * height * width): patches as tokens, their mean read out.

    shape: (channels, height, width);  patch: edge of a patch in pixels, divides height and width
    Source: Dosovitskiy et al. 2020 (arXiv:2010.11929), with a mean in place of the class token.
    """
    rng, (channels, height, width) = generator("image_transformer", seed), shape
    tokens = height // patch * (width // patch)
    inner = [encoder_block(n, heads, hidden, dropout=dropout, seed=rng) for _ in range(blocks)]
    return Sequential(
        Unflatten(shape),
        Patches(patch),
        Linear(channels * patch * patch, n, seed=rng),
        LearntPositions(tokens, n, seed=rng),
        *inner,
        LayerNorm(n),
        TokenMean(),
        Linear(n, classes, seed=rng),
    )
