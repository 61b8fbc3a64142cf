"""A net run layer by layer: to reach the spikes inside, and to find where numbers stopped being finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from spikenet.graph import Tensor, no_grad
from spikenet.layers import Layer, Residual, Sequential, Training
from spikenet.layers.sequential import has_memory

Visit: TypeAlias = Callable[[str, Layer, Tensor], None]


def run_layers(net: Layer, x: Tensor, training: Training | None, visit: Visit) -> Tensor:
    """net(x, training=training), calling visit(name, layer, output) after every layer inside, in order.

    name: place and kind, as "1 LIF"; inside a container "2 Residual, 0 Linear"
    """
    if training is not None and has_memory(net):
        training = training.with_time()
    return _run("", net, x, training, visit)


def spikes_inside(net: Layer, x: Tensor, training: Training | None) -> tuple[Tensor, list[Tensor]]:
    """(output, the output of every layer whose neurons fire)."""
    spikes: list[Tensor] = []

    def visit(name: str, layer: Layer, y: Tensor) -> None:
        if _fires(layer):
            spikes.append(y)

    return run_layers(net, x, training, visit), spikes


def has_spikes(layer: Layer) -> bool:
    """Whether any layer inside has neurons that fire."""
    return _fires(layer) or any(has_spikes(inner) for inner in getattr(layer, "layers", ()))


def first_not_finite_output(net: Layer, x: Tensor, training: Training | None) -> str | None:
    """Name of the first layer whose output holds NaN or infinity, "the input" when x does, None when all are finite."""
    if not np.isfinite(x.data).all():
        return "the input"
    names: list[str] = []

    def visit(name: str, layer: Layer, y: Tensor) -> None:
        if not names and not np.isfinite(y.data).all():
            names.append(f"layer {name}")

    with no_grad(), np.errstate(all="ignore"):
        run_layers(net, x, training, visit)
    return names[0] if names else None


def _run(place: str, layer: Layer, x: Tensor, training: Training | None, visit: Visit) -> Tensor:
    if not isinstance(layer, (Sequential, Residual)):
        y = layer(x, training=training)
        visit(place or _name(layer), layer, y)
        return y
    y = x
    for k, inner in enumerate(layer.layers):
        y = _run(f"{place}{', ' if place else ''}{k} {_name(inner)}", inner, y, training, visit)
    return x + y if isinstance(layer, Residual) else y


def _name(layer: Any) -> str:
    return str(getattr(layer, "name", layer.kind))


def _fires(layer: Any) -> bool:
    return bool(getattr(getattr(layer, "model", None), "spikes", False))
