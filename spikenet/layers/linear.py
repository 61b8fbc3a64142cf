"""Linear: every output a weighted sum of all inputs, plus a bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Factored, Tensor, TensorLike, matmul, repeat
from spikenet.kernels import products
from spikenet.kernels.complement import around_usual
from spikenet.layers.layer import State, Training, entering, refuse_state
from spikenet.layers.weighted import uniform_weights

FEW = 32  # outputs up to which multiplying anew for each neuron costs less than writing the product to memory


class Linear:
    """y = x @ weight + bias over the last axis; all leading axes (steps, batch, ...) are carried along.

    n_in, n_out: sizes, >= 1
    bias       : whether there is one
    seed       : an int, a numpy Generator, or None for fresh entropy
    weight     : (n_in, n_out), bias: (n_out,); both start uniform in +-1/sqrt(n_in), as torch's do
    """

    kind = "Linear"

    def __init__(
        self, n_in: int, n_out: int, *, bias: bool = True, seed: int | np.random.Generator | None = None
    ) -> None:
        self.n_in, self.n_out = whole("Linear: n_in", n_in), whole("Linear: n_out", n_out)
        self.weight, self.bias = uniform_weights("Linear", (n_in, n_out), n_in, n_out, bias, seed)

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = entering(self, x)
        if x.ndim < 1 or x.shape[-1] != self.n_in:
            raise ValueError(f"Linear: expected input (..., {self.n_in}), got {x.shape}")
        return linear(x, self.weight, self.bias)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x), refuse_state("Linear", state)

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": self.weight} | ({} if self.bias is None else {"bias": self.bias})

    def config(self) -> dict[str, Any]:
        return {"n_in": self.n_in, "n_out": self.n_out, "bias": self.bias is not None}

    def __repr__(self) -> str:
        return f"Linear({self.n_in}, {self.n_out})"


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x @ weight + bias for x (..., n_in); input that repeats in time once, mostly silent input by its events."""
    if x.repeated is not None and x.ndim > 1:
        return repeat(linear(x.repeated, weight, bias), len(x))
    if x.dtype != weight.dtype or x.dtype.kind == "c":
        return matmul(x, weight) if bias is None else matmul(x, weight) + bias
    n_in, n_out = weight.shape
    w = np.ascontiguousarray(weight.data)

    def rows() -> Array:
        return np.ascontiguousarray(x.data.reshape(-1, n_in))

    events = x.events
    if events is not None and events.columns.shape != (x.size // n_in, n_in):
        events = None  # listed for whole populations, of which each row here is a part
    elif events is None and x.vjp is None and not x.requires_grad:
        events = products.events_in(rows(), n_out)  # data: black pixels, silent channels
    listed: products.Listed | None = events
    if events is not None and not x.operation and not x.requires_grad and x.ndim > 2:
        listed = around_usual(events, len(x)) or events  # data: bright pixels fire at most steps
    y = products.multiply(rows, w, None if bias is None else bias.data, listed)

    def vjp(g: Any) -> tuple[Any, ...]:
        g_rows = np.ascontiguousarray(g.reshape(-1, n_out))
        g_x = _input_gradient(g_rows, w, x) if x.requires_grad else None
        if bias is None:
            return g_x, products.transposed_multiply(rows, g_rows, listed) if weight.requires_grad else None
        if not weight.requires_grad:
            return g_x, None, g_rows.sum(axis=0)
        return g_x, *products.transposed_multiply_and_sum(rows, g_rows, listed)

    parents = (x, weight) if bias is None else (x, weight, bias)
    return Tensor(y.reshape(*x.shape[:-1], n_out), parents, vjp, operation="linear")


def _input_gradient(g_rows: Array, w: Array, x: Tensor) -> Any:
    """g @ weight.T in the shape of x; left as factors where few outputs send it to many neurons."""
    if x.takes_factors and w.shape[1] <= FEW:
        return Factored(g_rows.reshape(*x.shape[:-1], w.shape[1]), w)
    return products.multiply_transposed(g_rows, w, x.wanted).reshape(x.shape)
