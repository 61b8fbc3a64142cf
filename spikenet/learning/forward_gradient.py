"""Forward gradients: the derivative along a random direction, computed on the way forward, times that direction.

Its mean over directions is the gradient, and nothing runs backwards. Source: Baydin et al. 2022, "Gradients without
backpropagation" (arXiv:2202.08587).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.errors import Array, whole
from spikenet.graph import Tensor, TensorLike, no_grad
from spikenet.graph.backward import reverse_pass
from spikenet.graph.recording import recording
from spikenet.layers import Layer, Linear, Pointwise, Recurrent, Sequential, Training
from spikenet.layers.convolution import Convolution
from spikenet.layers.spiking import Spiking
from spikenet.learning.jacobians import jacobians
from spikenet.learning.rule import Learnt, Loss, add_gradients, scalar, sequence


@dataclass(frozen=True)
class ForwardGradient:
    """The rule for a Sequential of Linear, convolutions, elementwise layers, Flatten, spiking layers and Recurrent.

    directions: random directions, >= 1, over which the estimate is averaged; a standard normal number for each weight
    seed      : of the directions, with the number of the step where `fit` trains; whole number >= 0

    Spikes are differentiated by their surrogates and resets as the layers say, so its mean is the gradient that
    backpropagation through time gives.
    """

    directions: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        whole("ForwardGradient: directions", self.directions)
        whole("ForwardGradient: seed", self.seed, least=0)

    def __call__(self, net: Layer, x: TensorLike, targets: Any, loss: Loss, training: Training | None = None) -> Learnt:
        """Adds the estimate for loss(y, targets); returns the output and the loss."""
        given = sequence("ForwardGradient", net, x)
        parameters = {name: p for name, p in net.parameters().items() if p.requires_grad}
        rng = np.random.default_rng(self.seed if training is None else [self.seed, int(training.rng.integers(2**31))])
        found: dict[str, Array | None] = {}
        for _ in range(self.directions):
            along = {name: rng.standard_normal(p.shape).astype(p.dtype) for name, p in parameters.items()}
            y, dy = tangent(net, given, along)
            end = Tensor(y, requires_grad=True)
            with recording():
                value = scalar("ForwardGradient", loss(end, targets))
            slope = 0.0
            for node, g, _ in reverse_pass(value) if value.requires_grad else ():
                if node is end:
                    slope = float((np.asarray(g) * dy).sum(dtype=np.float64)) / self.directions
            for name, e in along.items():
                before = found.get(name)
                found[name] = e * e.dtype.type(slope) if before is None else before + e * e.dtype.type(slope)
        add_gradients(parameters, found)
        return Learnt(Tensor(y), value.item())


def tangent(net: Layer, x: Tensor, along: dict[str, Array]) -> tuple[Array, Array]:
    """(output, its derivative when each parameter moves `along` its direction): a Jacobian-vector product.

    along: name -> array of the parameter's shape; parameters left out stay. Raises TypeError for a layer that has no
    forward derivative here.
    """
    return _of_layer(net, x.data, np.zeros_like(x.data), along)


def _of_layer(layer: Layer, x: Array, dx: Array, along: dict[str, Array]) -> tuple[Array, Array]:
    if isinstance(layer, Sequential):
        for k, one in enumerate(layer.layers):
            inside = {name.split(".", 1)[1]: e for name, e in along.items() if name.startswith(f"{k}.")}
            x, dx = _of_layer(one, x, dx, inside)
        return x, dx
    if isinstance(layer, Linear):
        return _of_linear(layer, x, dx, along)
    if isinstance(layer, Convolution):
        return _of_convolution(layer, x, dx, along)
    if isinstance(layer, Pointwise) and layer.keeps_shape and layer.kind != "Softmax":
        return _of_pointwise(layer, x, dx)
    if isinstance(layer, Pointwise) and layer.kind == "Flatten":
        return layer(x).data, layer(dx).data
    if isinstance(layer, Spiking | Recurrent):
        return _of_neurons(layer, x, dx, along)
    raise TypeError(
        "ForwardGradient: expected Linear, convolutions, elementwise layers, spiking layers and Recurrent in a "
        f"Sequential, got {layer!r:.60}"
    )


def _of_linear(layer: Linear, x: Array, dx: Array, along: dict[str, Array]) -> tuple[Array, Array]:
    w = layer.weight.data
    dy = dx @ w
    if "weight" in along:
        dy = dy + x @ along["weight"]
    if "bias" in along:
        dy = dy + along["bias"]
    with no_grad():
        return layer(Tensor(x)).data, dy


def _of_convolution(layer: Convolution, x: Array, dx: Array, along: dict[str, Array]) -> tuple[Array, Array]:
    """A convolution is linear in input and in weights: differences of two convolutions are exact but for rounding."""
    kept = {name: p.data for name, p in layer.parameters().items()}
    with no_grad():
        y = layer(Tensor(x)).data
        try:
            for name, p in layer.parameters().items():
                p.data = np.zeros_like(kept[name]) if name == "bias" else kept[name]
            dy = layer(Tensor(dx)).data
            for name, p in layer.parameters().items():
                p.data = along.get(name, np.zeros_like(kept[name]))
            dy = dy + layer(Tensor(x)).data
        finally:
            for name, p in layer.parameters().items():
                p.data = kept[name]
    return y, dy


def _of_pointwise(layer: Pointwise, x: Array, dx: Array) -> tuple[Array, Array]:
    given = Tensor(x, requires_grad=True)
    with recording():
        y = layer(given)
    slope = next(np.asarray(g) for node, g, _ in reverse_pass(y, np.ones_like(y.data)) if node is given)
    return y.data, slope * dx


def _of_neurons(layer: Spiking | Recurrent, x: Array, dx: Array, along: dict[str, Array]) -> tuple[Array, Array]:
    found = jacobians(layer, Tensor(x))
    out, m = found.output, len(found.states)
    weight = layer.recurrent_weight.data if isinstance(layer, Recurrent) else None
    if isinstance(layer, Recurrent) and not layer.self_connections:
        assert weight is not None
        weight = weight * (1 - np.eye(layer.n, dtype=weight.dtype))

    def at(a: Array, t: int) -> Any:
        return a[t] if a.ndim == out.ndim and len(a) > 1 else a if a.ndim < out.ndim else a[0]

    dy = np.zeros_like(out)
    states = [np.zeros_like(out[0]) for _ in range(m)]
    for t in range(len(out)):
        drive = dx[t]
        if weight is not None and t:
            drive = drive + dy[t - 1] @ weight
            if "recurrent_weight" in along:
                drive = drive + out[t - 1] @ _allowed(layer, along["recurrent_weight"])
        dy[t] = at(found.output_current, t) * drive
        dy[t] += sum(at(found.output_states[a], t) * states[a] for a in range(m))
        dy[t] += sum(at(found.output_values[name], t) * e for name, e in along.items() if name in found.output_values)
        states = [
            at(found.current[a], t) * drive
            + sum(at(found.states[a][b], t) * states[b] for b in range(m))
            + sum(at(found.values[a][name], t) * e for name, e in along.items() if name in found.values[a])
            for a in range(m)
        ]
    return out, dy


def _allowed(layer: Any, direction: Array) -> Array:
    return direction if layer.self_connections else direction * (1 - np.eye(layer.n, dtype=direction.dtype))
