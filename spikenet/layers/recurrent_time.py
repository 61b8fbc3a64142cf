"""The time loop of a recurrent population as one operation of the graph, beside its vjp."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from spikenet.derive.adjoint import adjoint
from spikenet.derive.trace import Trace
from spikenet.errors import Array
from spikenet.graph import Late, Tensor, is_recording, outputs, unbroadcast
from spikenet.kernels import blas
from spikenet.layers.over_time import as_factors, parameter_rows
from spikenet.neurons.surrogate import Surrogate


def recurrent_over_time(
    model: Trace,
    surrogate: Surrogate,
    learn: tuple[str, ...],
    x: Tensor,
    weight: Tensor,
    before: tuple[Tensor, ...],
    last: Tensor,
    values: Mapping[str, Tensor],
) -> tuple[Tensor, ...]:
    """(output (steps, batch, n), states after the last step (batch, n) each, last output (batch, n)).

    x     : (steps, batch, n) current from outside; one that repeats in time is read once
    weight: (n, n), from the neuron of the row to that of the column
    before: states before the first step, last: the output before it, (batch, n) each
    values: parameters, broadcast to (n,); `learn` names those that get a gradient
    """
    from spikenet.kernels import recurrent_pass  # when first used: a kernel costs milliseconds to import

    steps, batch, n = x.shape
    learnt = tuple(values[name] for name in learn)
    parents = (x, weight, *before, last, *learnt)
    keep = is_recording() and any(parent.requires_grad for parent in parents)
    repeated = x.repeated is not None
    state = np.empty((len(before), batch, n), x.dtype)
    for k, part in enumerate(before):
        state[k] = part.data
    rules = adjoint(model, surrogate, learn)
    compact = keep and model.distance is not None and math.isfinite(surrogate.support)
    after, sent, one = recurrent_pass.forward(
        model,
        parameter_rows(values, (n,), x.dtype),
        x.data[:1] if repeated else x.data,
        weight.data,
        state,
        last.data,
        steps,
        rules=rules if keep else None,
        surrogate=surrogate if compact else None,
    )

    x.spent = not one.x.size and not repeated

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_out, w = as_factors(arrived[0], (steps, batch, n), x.dtype)
        g_after = np.zeros((len(before) + 1, batch, n), x.dtype)
        for k, g in enumerate(arrived[1:]):
            if g is not None:
                g_after[k] = g
        g_x, g_before, g_p = recurrent_pass.adjoint(rules, one, g_out, g_after[:-1], g_after[-1], w)
        return [
            g_x.sum(axis=0, keepdims=True) if repeated else g_x,
            recurrent_pass.weight_gradient(one, g_x) if weight.requires_grad else None,
            *g_before,
            blas.multiply_transposed(g_x[0], one.w) if last.requires_grad else None,
            *(unbroadcast(g.sum(axis=0), value.shape) for g, value in zip(g_p, learnt, strict=True)),
        ]

    spikes = one.events
    sent_on: Array | Late
    if spikes is None:
        assert one.out is not None
        sent_on = one.out
    else:
        shape, dtype = x.shape, x.dtype  # an array only for whoever asks: products take the events
        sent_on = Late(shape, dtype, lambda: spikes.written_out(dtype).reshape(shape))
    results = outputs([sent_on, *after, sent], parents, vjp, operation=f"recurrent {model.name}")
    results[0].events, results[0].wanted = spikes, one.wanted
    results[0].takes_factors = True
    return results
