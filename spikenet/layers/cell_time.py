"""The time loop of a conventional recurrent unit as one operation of the graph, beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, outputs
from spikenet.kernels import blas, gated_loop, memory
from spikenet.kernels.threads import enough_threads
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
    n, width, dtype = recurrent_weight.shape[0], cell.gates * recurrent_weight.shape[0], x.dtype
    w, u = (memory.read_only(np.ascontiguousarray(p.data)) for p in (weight, recurrent_weight))
    held = x.repeated is not None
    seen = np.ascontiguousarray(x.data[:1] if held else x.data)
    rows = seen.reshape(-1, n_in)
    z = memory.empty((steps, batch, width), dtype)
    if held:
        z[...] = blas.multiply(rows, w, bias.data).reshape(1, batch, width)
    states = [memory.empty((steps + 1, batch, n), dtype) for _ in before]
    for whole, part in zip(states, before, strict=True):
        whole[0] = part.data
    h, c = states[0], states[-1]
    inner = memory.empty((steps, batch, n) if inner_bias is not None or c is not h else (steps, batch, 0), dtype)
    if inner_bias is not None:
        inner[...] = inner_bias.data
    portion, call = gated_loop.portion_of(batch), blas.gemm_address(u)
    tasks = -(-batch // portion)
    work_ns = 2.0 * z.size * (1 + n * blas.NS_PER_MULTIPLY_ADD)
    entering = seen[..., :0].copy() if held else seen
    start = np.ascontiguousarray(bias.data)
    with blas.one_blas_thread(), enough_threads(work_ns):
        gated_loop.forward(
            tasks, cell.code, call, entering, w, start, u, z, inner, int(inner_bias is not None), h, c, portion
        )

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_y = np.zeros((steps, batch, n), dtype) if arrived[0] is None else np.ascontiguousarray(arrived[0], dtype)
        g_states = [memory.zeros((batch, n), dtype) for _ in before]
        for into, g in zip(g_states, arrived[1:], strict=True):
            if g is not None:
                into[...] = g
        g_z = memory.empty(z.shape, dtype)
        g_r = memory.empty(z.shape, dtype) if inner_bias is not None else g_z
        g_h, g_c = g_states[0], g_states[-1]
        with blas.one_blas_thread(), enough_threads(work_ns):
            gated_loop.backward(tasks, cell.code, call, u, z, inner, h, c, g_y, g_h, g_c, g_z, g_r, portion)
        g_rows = (g_z.sum(axis=0) if held else g_z).reshape(len(rows), width)
        g_columns = g_r.reshape(steps * batch, width)
        hidden = h[:-1].reshape(steps * batch, n)
        return [
            blas.multiply_transposed(g_rows, w).reshape(seen.shape) if x.requires_grad else None,
            blas.transposed_multiply(rows, g_rows) if weight.requires_grad else None,
            blas.transposed_multiply(hidden, g_columns) if recurrent_weight.requires_grad else None,
            g_rows.sum(axis=0),
            *([] if inner_bias is None else [g_columns[:, -n:].sum(axis=0)]),
            *g_states,
        ]

    inner_parents = () if inner_bias is None else (inner_bias,)
    parents = (x, weight, recurrent_weight, bias, *inner_parents, *before)
    after = [whole[-1].copy() for whole in states]  # a view would hold on to all steps
    return outputs([h[1:], *after], parents, vjp, operation="recurrent cell")
