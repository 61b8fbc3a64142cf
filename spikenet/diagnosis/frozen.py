"""A net of smooth twins in which everything detached keeps the values of one run: what finite differences can see.

The gradient that a net's code computes is that of no function: spikes are jumps, and what is detached is differentiated
as a constant though it changes. Here spikes are their smooth twins and detached values are those recorded at the point
looked at, so central differences must give what the derived adjoint of the smooth twin gives, to rounding. Written with
numpy from the step's expressions, not with the compiled loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikenet.derive.evaluate import evaluate
from spikenet.derive.expression import ordered
from spikenet.derive.trace import smoothed, undetached
from spikenet.errors import Array
from spikenet.graph import Tensor, no_grad
from spikenet.layers import Layer, Recurrent, Residual, Sequential
from spikenet.layers.spiking import Spiking

Notes = dict[tuple[str, int], dict[int, Any]]
"""(place of a layer, step) -> value of each detached expression, by its id."""


def smooth(layer: Any, walked: bool = True) -> None:
    """Every spike in `layer` becomes its smooth twin, every other step in a function that of its gradient.

    Layers that are no step function have a twin of their own. It differentiates a detached reset, too, and so do
    neurons within layers that `run` does not walk through, where nothing could be held.
    """
    if isinstance(layer, Spiking):
        if any(e.operation == "uniform" for e in ordered((*layer.model.after, layer.model.output))):
            raise ValueError(
                f"check_gradient: {layer.kind}: expected neurons that do the same each time, these draw random "
                "numbers; sn.log_probability has the gradient of their chances"
            )
        layer.runs = smoothed(layer.model if walked else undetached(layer.model), layer.surrogate)
    elif hasattr(layer, "smooth"):
        layer.smooth = True
        if hasattr(layer, "reset"):
            layer.reset = getattr(layer.reset, "detaches", layer.reset)
    elif getattr(layer, "twin", None) is not None:
        layer.function = layer.twin
    for inner in getattr(layer, "layers", ()):
        smooth(inner, walked and isinstance(layer, Sequential | Residual | Recurrent))


def run(layer: Layer, x: Array, notes: Notes, recording: bool, place: str = "") -> Array:
    """The output (steps, batch, ...) of a net of smooth twins from rest; detached values are noted, or as noted."""
    if isinstance(layer, Sequential | Residual):
        y = x
        for k, inner in enumerate(layer.layers):
            y = run(inner, y, notes, recording, f"{place}{k}.")
        return x + y if isinstance(layer, Residual) else y
    if isinstance(layer, Spiking):
        return _neurons(layer, x, None, notes, recording, place)
    if isinstance(layer, Recurrent):
        weight = layer.recurrent_weight.data
        if not layer.self_connections:
            weight = weight * (1 - np.eye(layer.n))
        return _neurons(layer.layers[0], x, weight, notes, recording, place)
    with no_grad():
        return layer(Tensor(np.ascontiguousarray(x))).data


def _neurons(neurons: Spiking, x: Array, weight: Array | None, notes: Notes, recording: bool, place: str) -> Array:
    model = neurons.runs
    names: dict[str, Any] = {f"p_{key}": value.data.astype(x.dtype) for key, value in neurons.values.items()}
    roots = (*model.after, model.output)
    held = [e for e in ordered(roots) if e.operation == "stop_gradient"]
    rows = x if model.states else x.reshape(1, -1, x.shape[-1])
    states: list[Any] = [s.data for s in neurons._before(Tensor(rows), None)] if model.states else []
    out = np.empty(rows.shape, x.dtype)
    for t in range(len(rows)):
        current = rows[t] if weight is None or not t else rows[t] + out[t - 1] @ weight
        given = names | {f"s_{s}": a for s, a in zip(model.states, states, strict=True)} | {"current": current}
        if recording:
            values = evaluate(tuple(held), given, x.dtype)
            notes[place, t] = {id(e): value for e, value in zip(held, values, strict=True)}
        *states, sent = evaluate(roots, given, x.dtype, fixed=notes[place, t])
        out[t] = sent
    return out.reshape(x.shape)
