"""Memoryless: a layer that is one function of its input and its weights, with which most are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spikenet.graph import Tensor, TensorLike
from spikenet.layers.layer import State, Training, check_training, entering, refuse_state
from spikenet.layers.pointwise import apply_once

Function = Callable[[Tensor, Mapping[str, Tensor], Training | None], Tensor]


class Memoryless:
    """y = function(x, weights, training); made by LayerNorm(), PReLU(), ... in the files around this one.

    function : of module level (or functools.partial of one), so that a net can be pickled
    weights  : by name; those that require a gradient are learnt
    config   : the arguments with which the function named `kind` makes the layer again
    axes     : how many of the last axes the function mixes; input that repeats in time is computed once
    is_random: whether the function draws random numbers while training, so that it must see time itself
    twin     : where the function's gradient is by intent another's, that function, for gradient checks
    """

    def __init__(
        self,
        kind: str,
        function: Function,
        weights: dict[str, Tensor] | None = None,
        config: dict[str, Any] | None = None,
        *,
        axes: int = 1,
        is_random: bool = False,
        twin: Function | None = None,
    ) -> None:
        self.twin = twin
        self.kind, self.function, self.weights = kind, function, dict(weights or {})
        self._config, self._axes, self._is_random = config or {}, axes, is_random

    def __call__(self, x: TensorLike, *, training: Training | None = None) -> Tensor:
        x = entering(self, x)
        check_training(self.kind, training)
        if self._is_random and training is not None:
            return self.function(x, self.weights, training)
        return apply_once(lambda held: self.function(held, self.weights, training), x, self._axes)

    def run(
        self, x: TensorLike, state: State | None = None, *, training: Training | None = None
    ) -> tuple[Tensor, State]:
        return self(x, training=training), refuse_state(self.kind, state)

    def parameters(self) -> dict[str, Tensor]:
        return dict(self.weights)

    def config(self) -> dict[str, Any]:
        return dict(self._config)

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(f'{k}={v}' for k, v in self._config.items())})"


def learnt(name: str, values: Any) -> Tensor:
    """A float32 parameter called `name` that training changes."""
    from spikenet.kernels import memory  # when first used

    return Tensor(memory.aligned(values.astype("float32")), requires_grad=True, name=name)


def check_channels(kind: str, x: Tensor, n: int, n_axes: int) -> None:
    """ValueError unless x is (..., n, and `n_axes` axes)."""
    if x.ndim <= n_axes or x.shape[-n_axes - 1] != n:
        wanted = ", ".join([str(n), *("length", "height, width")[n_axes - 1 : n_axes]] if n_axes else [str(n)])
        raise ValueError(f"{kind}: expected input (..., {wanted}), got {x.shape}")
