"""All derivatives of a neuron's step at every step of a run: what rules that go forward in time are made of.

They come from the derived adjoint: its gradients for one unit of one result at a time are the rows of the Jacobian.
Spikes are differentiated by the surrogate, what the model detaches stays detached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikenet.derive.adjoint import adjoint
from spikenet.derive.evaluate import evaluate
from spikenet.derive.expression import constant, symbol
from spikenet.derive.trace import rewritten
from spikenet.errors import Array
from spikenet.graph import Tensor, no_grad
from spikenet.kernels import neuron_pass
from spikenet.layers import DelayedRecurrent, Recurrent
from spikenet.layers.over_time import parameter_rows
from spikenet.layers.spiking import Spiking


@dataclass(frozen=True)
class Jacobians:
    """Derivatives at every step, arrays (steps, batch, n) or what broadcasts to that.

    states   : states[a][b], of state a after the step in state b before it
    current  : current[a], of state a after the step in the current
    values   : values[a][name], of state a after the step in a learnt parameter
    output_states, output_current, output_values: likewise of the output
    output   : (steps, batch, n) the neurons' output itself
    """

    states: list[list[Array]]
    current: list[Array]
    values: list[dict[str, Array]]
    output_states: list[Array]
    output_current: Array
    output_values: dict[str, Array]
    output: Array


def jacobians(layer: Spiking | Recurrent, x: Tensor) -> Jacobians:
    """The derivatives of the layer's neurons while they receive x (steps, batch, n) from rest.

    Those of a recurrent layer take what comes back as given: they are derivatives in the whole current.
    """
    neurons = layer.layers[0] if isinstance(layer, Recurrent) else layer
    with no_grad():
        out = layer(Tensor(x.data)).data
        current = whole_current(layer, x.data, out)
        before = states_before(neurons, current)
    return _derivatives(neurons, current, before, out)


def whole_current(layer: Spiking | Recurrent | DelayedRecurrent, x: Array, out: Array) -> Array:
    """What the neurons receive at each step: x, and with recurrence what earlier outputs bring back."""
    if isinstance(layer, DelayedRecurrent):
        with no_grad():
            back: Array = layer.back(Tensor(out)).data
        return x + back
    if not isinstance(layer, Recurrent):
        return x
    weight = layer.recurrent_weight.data
    if not layer.self_connections:
        weight = weight * (1 - np.eye(layer.n, dtype=weight.dtype))
    current = np.array(x)
    current[1:] += out[:-1] @ weight
    return current


def states_before(neurons: Spiking, current: Array) -> list[Array]:
    """Each state before every step, (steps, batch, n)."""
    steps, batch, *shape = current.shape
    rows = parameter_rows(neurons.values, tuple(shape), current.dtype)
    n = int(np.prod(shape))
    if not neurons.states:
        return []
    start = np.stack([one.data.reshape(batch, n) for one in neurons._before(Tensor(current), None)])
    flat = np.ascontiguousarray(current).reshape(steps, batch, n)
    kept = neuron_pass.forward(neurons.runs, rows, flat, start, steps, span=1)[2].kept
    before = kept.reshape(steps, len(neurons.states), batch, *shape)
    return [before[:, k] for k in range(len(neurons.states))]


def _derivatives(neurons: Spiking, current: Array, before: list[Array], out: Array) -> Jacobians:
    model, kind = neurons.runs, current.dtype
    names: dict[str, Any] = {f"p_{name}": value.data.astype(kind) for name, value in neurons.values.items()}
    names |= {f"s_{s}": value for s, value in zip(model.states, before, strict=True)}
    names["current"] = current
    rules = adjoint(model, neurons.surrogate, neurons.learn)
    roots = (*rules.g_before, rules.g_current, *(g for _, g in rules.g_parameters))
    arriving = [*(f"g_after_{s}" for s in model.states), "g_output"]
    rows = []
    for one in arriving:
        unit = {id(symbol(name)): constant(float(name == one)) for name in arriving}
        rows.append(evaluate(rewritten(roots, unit), names, kind))
    m = len(model.states)
    return Jacobians(
        [row[:m] for row in rows[:m]],
        [row[m] for row in rows[:m]],
        [dict(zip(neurons.learn, row[m + 1 :], strict=True)) for row in rows[:m]],
        rows[m][:m],
        rows[m][m],
        dict(zip(neurons.learn, rows[m][m + 1 :], strict=True)),
        out,
    )
