"""The neuron's time loop as one operation of the graph, beside its vjp."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikenet.derive.adjoint import adjoint
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.graph import Factored, Late, Tensor, is_recording, outputs, unbroadcast
from spikenet.kernels import memory, neuron_pass
from spikenet.kernels.events import Events
from spikenet.neurons.surrogate import Surrogate


def over_time(
    model: Trace,
    surrogate: Surrogate,
    learn: tuple[str, ...],
    x: Tensor,
    before: tuple[Tensor, ...],
    values: Mapping[str, Tensor],
) -> tuple[Tensor, ...]:
    """(output (steps, batch, neurons...), states after the last step (batch, neurons...) each).

    x     : (steps, batch, neurons...); one that repeats in time is read once, its gradient summed over time
    before: states before the first step, (batch, neurons...) each
    values: parameters, broadcast to (neurons...); `learn` names those that get a gradient
    """
    steps, batch, *neurons = x.shape
    shape, n = tuple(neurons), math.prod(neurons)
    learnt = tuple(values[name] for name in learn)
    parents = (x, *before, *learnt)
    keep = is_recording() and any(parent.requires_grad for parent in parents)
    repeated = x.repeated is not None
    current = (x.data[:1] if repeated else x.data).reshape(1 if repeated else steps, batch, n)
    rows = parameter_rows(values, shape, x.dtype)
    state = memory.empty((len(before), batch, n), x.dtype)
    for of_state, part in zip(state, before, strict=True):
        of_state.reshape(part.shape)[...] = part.data
    compact = keep and model.distance is not None and math.isfinite(surrogate.support)
    out, after, one = neuron_pass.forward(
        model,
        rows,
        current,
        state,
        steps,
        span=neuron_pass.whole_span(steps) if keep else 0,
        surrogate=surrogate if compact else None,
        rules=adjoint(model, surrogate, learn) if compact else None,
    )

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        rules = adjoint(model, surrogate, learn)
        g_out, w = as_factors(arrived[0], (steps, batch, n), x.dtype)
        g_state = memory.zeros((len(before), batch, n), x.dtype)
        for of_state, g in zip(g_state, arrived[1:], strict=True):
            if g is not None:
                of_state[...] = g.reshape(batch, n)
        g_x, g_before, g_p = neuron_pass.adjoint(rules, one, g_out, g_state, repeated, w)
        return [
            g_x.reshape(len(g_x), batch, *shape),
            *(g.reshape(batch, *shape) for g in g_before),
            *(unbroadcast(g.sum(axis=0).reshape(shape), value.shape) for g, value in zip(g_p, learnt, strict=True)),
        ]

    x.spent = not one.x.size and not repeated
    sent = _late(one.events, x) if out is None else out.reshape(x.shape)
    results = outputs([sent, *(s.reshape(batch, *shape) for s in after)], parents, vjp, operation=model.name)
    results[0].events, results[0].wanted = one.events, one.wanted
    results[0].takes_factors = n >= neuron_pass.NARROW and len(shape) == 1
    return results


def _late(events: Events | None, x: Tensor) -> Late:
    """Spikes as an array only for whoever asks: products take their events."""
    assert events is not None
    shape, dtype = x.shape, x.dtype
    return Late(shape, dtype, lambda: events.written_out(dtype).reshape(shape))


def parameter_rows(values: Mapping[str, Tensor], shape: tuple[int, ...], dtype: np.dtype[Any]) -> dict[str, Array]:
    """Every parameter spread over the neurons, as one row each; a single number stays one."""
    rows = {name: value.data.astype(dtype, copy=False) for name, value in values.items()}
    return {
        name: row.reshape(()) if row.size == 1 else np.broadcast_to(row, shape).reshape(-1)
        for name, row in rows.items()
    }


def as_factors(
    g: Array | Factored | None, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> tuple[Array, Array | None]:
    """The output's gradient in three axes, and its second factor if it is a product.

    One that is the same at every step stays a view with stride 0.
    """
    if g is None:
        return np.broadcast_to(np.zeros((), dtype), shape), None
    if isinstance(g, Factored):
        return g.g, g.w
    if g.strides[0] == 0:
        return np.broadcast_to(g[0].reshape(shape[1:]), shape), None
    return g.reshape(shape), None
