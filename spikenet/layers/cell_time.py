"""The time loop of a conventional recurrent unit as one operation of the graph, beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, outputs
from spikenet.layers.cells import Cell


def cell_over_time(
    cell: Cell,
    x: Tensor,
    weight: Tensor,
    recurrent_weight: Tensor,
    bias: Tensor,
    inner_bias: Tensor | None,
    before: tuple[Tensor, ...],
) -> tuple[Tensor, ...]:
    """(outputs (steps, batch, n), states after the last step (batch, n) each).

    x         : (steps, batch, n_in); one that repeats in time is multiplied once
    inner_bias: (n,), of the last block of the recurrent product, for cells that have one
    before    : states before the first step, (batch, n) each
    The input's product is one for all steps; what is kept for the backward pass is every step's gates and states.
    """
    steps, batch, n_in = x.shape
    n = recurrent_weight.shape[0]
    u = recurrent_weight.data
    seen = x.data[:1] if x.repeated is not None else x.data
    rows = np.ascontiguousarray(seen).reshape(-1, n_in)
    pre = (rows @ weight.data + bias.data).reshape(len(seen), batch, -1)
    hidden = np.empty((steps + 1, batch, n), x.dtype)
    hidden[0] = before[0].data
    states, kept = [tuple(part.data for part in before)], []
    for t in range(steps):
        from_h = hidden[t] @ u
        if inner_bias is not None:
            from_h[:, -n:] += inner_bias.data
        after, one = cell.forward(pre[min(t, len(seen) - 1)], from_h, states[-1])
        hidden[t + 1] = after[0]
        states.append(after)
        kept.append(one)

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_states = [np.zeros((batch, n), x.dtype) if g is None else g for g in arrived[1:]]
        g_pre = np.empty((steps, batch, cell.gates * n), x.dtype)
        g_from_h = np.empty_like(g_pre) if cell.inner_bias else g_pre
        for t in range(steps - 1, -1, -1):
            if arrived[0] is not None:
                g_states[0] = g_states[0] + arrived[0][t]
            g_pre[t], g_from_h[t], past = cell.adjoint(tuple(g_states), states[t], states[t + 1], kept[t])
            g_states = list(past)
            g_states[0] = g_states[0] + g_from_h[t] @ u.T
        g_rows = (g_pre.sum(axis=0) if x.repeated is not None else g_pre).reshape(len(rows), -1)
        g_columns = g_from_h.reshape(steps * batch, -1)
        g_u = hidden[:-1].reshape(steps * batch, n).T @ g_columns if recurrent_weight.requires_grad else None
        return [
            (g_rows @ weight.data.T).reshape(seen.shape) if x.requires_grad else None,
            rows.T @ g_rows if weight.requires_grad else None,
            g_u,
            g_rows.sum(axis=0),
            *([] if inner_bias is None else [g_columns[:, -n:].sum(axis=0)]),
            *g_states,
        ]

    inner = () if inner_bias is None else (inner_bias,)
    parents = (x, weight, recurrent_weight, bias, *inner, *before)
    return outputs([hidden[1:], *states[-1]], parents, vjp, operation="recurrent cell")
