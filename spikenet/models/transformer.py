"""Transformers: an encoder and a decoder of sequences of symbols, and a classifier of images.

Source: Vaswani et al. 2017 (arXiv:1706.03762), with blocks that are normalised before instead of behind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.layers import (
    Embedding,
    LayerNorm,
    LearntPositions,
    Linear,
    Patches,
    Sequential,
    SinusoidalPositions,
    TokenMean,
    Training,
    Unflatten,
)
from spikenet.layers.layer import generator
from spikenet.models.attention_blocks import DecoderBlock, EncoderBlock

Seed = int | np.random.Generator | None


class Transformer:
    """Encoder and decoder: `net(source, target)` gives scores (batch, tokens, symbols) of the symbol after each.

    n_source, n_target: how many symbols there are on either side
    n, heads, hidden  : features of a token, heads of attention, units of the net for each token
    blocks            : of the encoder and as many of the decoder
    source, target    : (batch, tokens) whole numbers

    Sequences of several lengths are filled up with any symbol and told by masks: source_mask (batch, tokens) and
    target_mask alike, False where a token is only filling. Nobody looks there, so no score of a true token depends on
    it; what stands at the filling means nothing and has to be left out of the loss. Of a source that is filling alone
    nothing is seen.
    """

    kind, makes_layers = "Transformer", True

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
        rng = generator(self.kind, seed)
        count = whole("Transformer: blocks", blocks)
        self.settings: dict[str, Any] = {"n_source": n_source, "n_target": n_target, "n": n}
        self.settings |= {"heads": heads, "hidden": hidden, "blocks": count, "dropout": dropout}
        self.begin = Sequential(Embedding(n_source, n, seed=rng), SinusoidalPositions())
        self.encoder = [EncoderBlock(n, heads, hidden, dropout=dropout, seed=rng) for _ in range(count)]
        self.embed = Sequential(Embedding(n_target, n, seed=rng), SinusoidalPositions())
        self.decoder = [DecoderBlock(n, heads, hidden, dropout=dropout, seed=rng) for _ in range(count)]
        self.norm, self.read = LayerNorm(n), Sequential(LayerNorm(n), Linear(n, n_target, seed=rng))

    def __call__(
        self,
        source: TensorLike,
        target: TensorLike,
        *,
        source_mask: Any = None,
        target_mask: Any = None,
        training: Training | None = None,
    ) -> Tensor:
        shapes = [np.shape(getattr(tokens, "data", tokens)) for tokens in (source, target)]
        if shapes[0][:-1] != shapes[1][:-1]:
            raise ValueError(f"Transformer: expected as many sources as targets, got {shapes[0]} and {shapes[1]}")
        seen = _of_tokens("source", source, source_mask)
        context = self.begin(source, training=training)
        for block in self.encoder:
            context = block(context, mask=seen, training=training)
        context, own = self.norm(context), _of_tokens("target", target, target_mask)
        y = self.embed(target, training=training)
        for after in self.decoder:
            y = after(y, context, mask=seen, own_mask=own, training=training)
        return self.read(y, training=training)

    @property
    def layers(self) -> tuple[Any, ...]:
        return self.begin, *self.encoder, self.norm, self.embed, *self.decoder, self.read

    def parameters(self) -> dict[str, Tensor]:
        count = range(len(self.encoder))
        names = ["begin", *(f"encoder.{k}" for k in count), "norm", "embed", *(f"decoder.{k}" for k in count), "read"]
        named = zip(names, self.layers, strict=True)
        return {f"{name}.{key}": p for name, part in named for key, p in part.parameters().items()}

    def config(self) -> dict[str, Any]:
        return dict(self.settings)

    def generate(self, source: Array, first: int, n_tokens: int, *, source_mask: Any = None) -> Array:
        """(batch, n_tokens) symbols, each the likeliest after those before it; `first` stands before the first."""
        written = np.full((len(source), 1), first, np.int64)
        with no_grad():
            for _ in range(whole("generate: n_tokens", n_tokens)):
                scores = self(source, written, source_mask=source_mask).data[:, -1]
                written = np.concatenate([written, scores.argmax(axis=-1)[:, None]], axis=1)
        return written[:, 1:]


def _of_tokens(name: str, tokens: TensorLike, mask: Any) -> Array | None:
    """A mask (batch, tokens) as attention takes it, the same for all heads and for whoever looks."""
    if mask is None:
        return None
    given, shape = np.asarray(mask), np.shape(getattr(tokens, "data", tokens))
    if given.dtype != np.bool_:
        raise TypeError(f"Transformer: {name}_mask: expected booleans, False where filling stands, got {given.dtype}")
    if given.shape != shape:
        raise ValueError(f"Transformer: {name}_mask: expected a mask {shape}, as the tokens, got {given.shape}")
    return given[..., None, None, :]


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
    inner = [EncoderBlock(n, heads, hidden, dropout=dropout, seed=rng) for _ in range(blocks)]
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
