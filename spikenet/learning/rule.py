"""What a rule that takes the place of backpropagation through time is: it fills the gradients, and says what came out.

`rule(net, x, targets, loss, training)` runs `net` on x (steps, batch, ...), adds its gradient of `loss(y, targets)` to
the `.grad` of the net's parameters, and returns `Learnt`. `sn.fit(..., rule=...)` trains with one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, TensorLike
from spikenet.layers import Layer, Training
from spikenet.layers.layer import entering
from spikenet.layers.sequential import has_memory

Loss: TypeAlias = Callable[[Tensor, Array], Tensor]


class Learnt(NamedTuple):
    """output: (steps, batch, ...) of the net;  loss: its value, as the rule takes it."""

    output: Tensor
    loss: float


class Rule(Protocol):
    def __call__(
        self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None
    ) -> Learnt: ...


def sequence(name: str, net: Any, x: TensorLike) -> Tensor:
    """The net's input as a tensor; TypeError when net is no layer, ValueError without time or without steps."""
    if isinstance(net, type) or not isinstance(net, Layer):
        raise TypeError(f"{name}: net: expected a layer such as sn.Sequential(...), got {net!r:.60}")
    if not has_memory(net):
        raise ValueError(f"{name}: net: expected a net with neurons or another memory, found none: use backward()")
    given = entering(net, x, name=name)
    if given.ndim < 3 or not given.size:
        raise ValueError(f"{name}: expected input (steps, batch, ...) without empty axes, got shape {given.shape}")
    return given


def add_gradients(parameters: Mapping[str, Tensor], found: Mapping[str, Array | None], scale: float = 1.0) -> None:
    """Adds scale * found[name] to each parameter's `.grad`."""
    for name, gradient in found.items():
        p = parameters[name]
        if gradient is None or not p.requires_grad:
            continue
        more = np.asarray(gradient.reshape(p.shape) * p.dtype.type(scale), p.dtype)
        p.grad = more if p.grad is None else p.grad + more


def taken(parameters: Mapping[str, Tensor]) -> dict[str, Array | None]:
    """The parameters' gradients, taken away from them."""
    found = {name: p.grad for name, p in parameters.items()}
    for p in parameters.values():
        p.grad = None
    return found


def scalar(name: str, value: Any) -> Tensor:
    """The loss as a Tensor of shape (); TypeError for anything else a loss function returned."""
    if not isinstance(value, Tensor) or value.shape != ():
        raise TypeError(f"{name}: expected the loss to return a Tensor of shape (), got {value!r:.60}")
    return value
