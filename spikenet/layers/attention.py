"""Multi-head attention, of tokens to each other or to those of a context."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from spikenet import graph
from spikenet.errors import flag, whole
from spikenet.graph import Tensor, TensorLike, attention
from spikenet.layers.layer import State, Training, as_input, check_training, entering, generator, refuse_state
from spikenet.layers.linear import linear
from spikenet.layers.memoryless import learnt


class MultiHeadAttention:
    """Attention in `heads` subspaces of (..., tokens, n) at once; each token becomes a mean of all, mapped linearly.

    n     : features of a token, divided by `heads`
    causal: a token sees only those before it and itself
    weight: (n, 3 n), columns for queries, keys and values, bias (3 n,); out_weight (n, n), out_bias (n,). Weights start
            Glorot-uniform (as one matrix of 3 n columns, as torch's), biases 0

    layer(x, context=c) takes queries from x and keys and values from c (..., others, n): a decoder that looks at what
    an encoder says; a causal layer refuses it, as the places of x and c have nothing to do with each other.
    layer(x, mask=m) with booleans that broadcast to (..., heads, tokens, others) hides tokens where False; a token that
    may look nowhere gets out_bias. Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.
    """

    kind = "MultiHeadAttention"
    side_by_side: ClassVar = {"weight": 3, "out_weight": 1}

    def __init__(
        self, n: int, heads: int, *, causal: bool = False, seed: int | np.random.Generator | None = None
    ) -> None:
        self.n, self.heads, self.causal = (
            whole(f"{self.kind}: n", n),
            whole(f"{self.kind}: heads", heads),
            flag(f"{self.kind}: causal", causal),
        )
        if self.n % self.heads:
            raise ValueError(f"{self.kind}: heads: expected a divisor of n {n}, got {heads}")
        rng, inner, outer = generator(self.kind, seed), math.sqrt(6 / (4 * n)), math.sqrt(6 / (2 * n))
        self.weights = {
            "weight": learnt("weight", rng.uniform(-inner, inner, (n, 3 * n))),
            "bias": learnt("bias", np.zeros(3 * n)),
            "out_weight": learnt("out_weight", rng.uniform(-outer, outer, (n, n))),
            "out_bias": learnt("out_bias", np.zeros(n)),
        }

    def __call__(
        self,
        x: TensorLike,
        *,
        context: TensorLike | None = None,
        mask: Any = None,
        training: Training | None = None,
    ) -> Tensor:
        x, w = entering(self, x), self.weights
        check_training(self.kind, training)
        self._check("input", x)
        if context is not None and self.causal:
            raise ValueError(
                f"{self.kind}: causal=True is about places of the input itself; for a context make a layer without it "
                "and say by a mask what each token may look at"
            )
        if context is None:
            mapped = linear(x, w["weight"], w["bias"])
            query, key, value = graph.split(mapped, [self.n] * 3, axis=-1)
        else:
            seen = as_input(f"{self.kind}: context", context, x.dtype)
            self._check("context", seen)
            n = self.n
            query = linear(x, w["weight"][:, :n], w["bias"][:n])
            key, value = graph.split(linear(seen, w["weight"][:, n:], w["bias"][n:]), [n, n], axis=-1)
        y = attention(self._apart(query), self._apart(key), self._apart(value), mask=mask, causal=self.causal)
        together = y.swapaxes(-2, -3)
        return linear(together.reshape(*together.shape[:-2], self.n), w["out_weight"], w["out_bias"])

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return dict(self.weights)

    def config(self) -> dict[str, Any]:
        return {"n": self.n, "heads": self.heads, "causal": self.causal}

    def __repr__(self) -> str:
        return f"MultiHeadAttention({self.n}, heads={self.heads}{', causal=True' if self.causal else ''})"

    def _check(self, what: str, x: Tensor) -> None:
        if x.ndim < 2 or x.shape[-1] != self.n:
            raise ValueError(f"{self.kind}: expected {what} (..., tokens, {self.n}), got {x.shape}")

    def _apart(self, x: Tensor) -> Tensor:
        """(..., tokens, n) as (..., heads, tokens, n / heads)."""
        return x.reshape(*x.shape[:-1], self.heads, self.n // self.heads).swapaxes(-2, -3)
