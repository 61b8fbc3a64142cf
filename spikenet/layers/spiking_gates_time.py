"""The time loop of a spiking LSTM as one operation of the graph, beside its vjp."""

from __future__ import annotations

import numpy as np

from spikenet.errors import Array
from spikenet.graph import Tensor, outputs
from spikenet.kernels import blas, gated_loop, memory, products, spiking_gates
from spikenet.kernels.threads import enough_threads
from spikenet.neurons.reset import Reset, no_reset, subtract, to_zero
from spikenet.neurons.surrogate import Surrogate

KINDS: dict[Reset, int] = {
    subtract: spiking_gates.SUBTRACT,
    to_zero: spiking_gates.TO_ZERO,
    no_reset: spiking_gates.KEEP,
}


def is_compiled(reset: Reset) -> bool:
    """Whether the loop knows this reset, detached or not."""
    return attached(reset) in KINDS


def attached(reset: Reset) -> Reset:
    """The reset itself, without what detaches its gradient."""
    inner: Reset = getattr(reset, "detaches", reset)
    return inner


def spiking_gates_over_time(
    x: Tensor, weights: dict[str, Tensor], h: Tensor, c: Tensor, threshold: float, reset: Reset, surrogate: Surrogate
) -> tuple[Tensor, Tensor, Tensor]:
    """(spikes (steps, batch, n), hidden state and cell after the last step (batch, n)).

    x      : (steps, batch, n_in); one that repeats in time is multiplied once
    weights: weight (n_in, 4 n), recurrent_weight (n, 4 n) and bias (4 n,)
    h, c   : (batch, n) before the first step
    """
    weight, recurrent_weight, bias = (weights[name] for name in ("weight", "recurrent_weight", "bias"))
    steps, batch, n_in = x.shape
    n, width, dtype = len(recurrent_weight), weight.shape[1], x.dtype
    held = x.repeated is not None
    rows = np.ascontiguousarray(x.data[:1] if held else x.data).reshape(-1, n_in)
    events = None if held else x.events
    w = np.ascontiguousarray(weight.data, dtype)
    kind, detached = KINDS[attached(reset)], int(attached(reset) is not reset)
    u = memory.read_only(np.ascontiguousarray(recurrent_weight.data, dtype))
    product = products.multiply(lambda: rows, w, bias.data, events).reshape(-1, batch, width)
    z = np.ascontiguousarray(np.broadcast_to(product, (steps, batch, width))) if held else product
    inner, v, fired = (memory.empty((steps, batch, n), dtype) for _ in range(3))
    hidden, cell = (memory.empty((steps + 1, batch, n), dtype) for _ in range(2))
    hidden[0], cell[0] = h.data, c.data
    limit, call, portion = np.full(1, threshold, dtype), blas.gemm_address(u), gated_loop.portion_of(batch)
    work_ns = 2.0 * z.size * (1 + n * blas.NS_PER_MULTIPLY_ADD)
    with blas.one_blas_thread(), enough_threads(work_ns):
        spiking_gates.forward(-(-batch // portion), kind, call, limit, u, z, inner, v, fired, hidden, cell, portion)

    def vjp(arrived: tuple[Array | None, ...]) -> list[Array | None]:
        g_fired = np.zeros_like(fired) if arrived[0] is None else np.ascontiguousarray(arrived[0], dtype)
        g_h, g_c = (memory.zeros((batch, n), dtype) for _ in range(2))
        for into, g in zip((g_h, g_c), arrived[1:], strict=True):
            if g is not None:
                into[...] = g
        slope = np.ascontiguousarray(surrogate.derivative(v - limit), dtype)
        g_z = memory.empty(z.shape, dtype)
        with blas.one_blas_thread(), enough_threads(work_ns):
            spiking_gates.backward(
                -(-batch // portion), kind, detached, call, limit, u, z, inner, v, fired, slope, hidden, cell, g_fired,
                g_h, g_c, g_z, portion,
            )  # fmt: skip
        before, columns = hidden[:-1].reshape(-1, n), g_z.reshape(-1, width)
        g_rows = g_z.sum(axis=0) if held else columns
        return [
            products.multiply_transposed(g_rows, w, None).reshape(-1, batch, n_in) if x.requires_grad else None,
            products.transposed_multiply(lambda: rows, g_rows, events) if weight.requires_grad else None,
            blas.transposed_multiply(before, columns) if recurrent_weight.requires_grad else None,
            columns.sum(axis=0),
            g_h,
            g_c,
        ]

    made = [fired, hidden[-1].copy(), cell[-1].copy()]  # a view would hold on to all steps
    results = outputs(made, (x, weight, recurrent_weight, bias, h, c), vjp, operation="spiking LSTM")
    return results[0], results[1], results[2]
