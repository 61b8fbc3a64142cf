"""Layers without memory or parameters that treat all leading axes alike: activations and Flatten."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from spikenet import graph
from spikenet.errors import whole
from spikenet.graph import Tensor, TensorLike, repeat
from spikenet.layers.layer import State, Training, as_input, refuse_state


def apply_once(function: Callable[[Tensor], Tensor], x: Tensor, axes: int = 1) -> Tensor:
    """`function(x)`; for input that repeats in time, computed once and repeated.

    axes: how many of the last axes `function` mixes; time must not be among them
    """
    if x.repeated is not None and x.ndim > axes:
        return repeat(function(x.repeated), len(x))
    return function(x)


class Pointwise:
    """A layer that applies one function of the graph to the last `axes` axes; made by ReLU(), Tanh(), ... below.

    keeps_shape: whether the output has the shape of the input
    """

    def __init__(
        self,
        kind: str,
        function: Callable[[Tensor], Tensor],
        config: dict[str, Any] | None = None,
        *,
        axes: int = 1,
        keeps_shape: bool = True,
    ) -> None:
        self.kind, self.function, self._config, self._axes = kind, function, config or {}, axes
        self.keeps_shape = keeps_shape

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        return apply_once(self.function, as_input(self.kind, x), self._axes)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return {}

    def config(self) -> dict[str, Any]:
        return dict(self._config)

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{k}={v}' for k, v in self._config.items())})"


def ReLU() -> Pointwise:
    """max(x, 0)."""
    return Pointwise("ReLU", graph.relu)


def Sigmoid() -> Pointwise:
    """1 / (1 + exp(-x))."""
    return Pointwise("Sigmoid", graph.sigmoid)


def Tanh() -> Pointwise:
    """tanh(x)."""
    return Pointwise("Tanh", graph.tanh)


def Softplus() -> Pointwise:
    """log(1 + exp(x))."""
    return Pointwise("Softplus", graph.softplus)


def GELU() -> Pointwise:
    """x times the normal distribution function at x. Source: Hendrycks & Gimpel 2016 (arXiv:1606.08415)."""
    return Pointwise("GELU", graph.gelu)


def Softmax() -> Pointwise:
    """exp(x) / sum of exp(x) over the last axis."""
    return Pointwise("Softmax", partial(graph.softmax, axis=-1))


def Flatten(n_axes: int) -> Pointwise:
    """The last `n_axes` axes as one: Flatten(2) makes (steps, batch, 28, 28) into (steps, batch, 784)."""
    n_axes = whole("Flatten: n_axes", n_axes)
    return Pointwise("Flatten", partial(_flattened, n_axes), {"n_axes": n_axes}, axes=n_axes, keeps_shape=False)


def _flattened(n_axes: int, x: Tensor) -> Tensor:
    if x.ndim < n_axes:
        raise ValueError(f"Flatten: expected at least {n_axes} axes, got shape {x.shape}")
    y = graph.reshape(x, (*x.shape[: x.ndim - n_axes], -1))
    if x.events is not None and y.shape[-1] == x.events.columns.shape[1]:
        y.events = x.events  # whole populations flattened: the same rows
    return y
