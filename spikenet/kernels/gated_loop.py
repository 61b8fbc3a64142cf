"""The time loop of conventional recurrent units, forward and backward, compiled: LSTM, GRU and plain ones.

Every thread takes rows of the batch through all steps: no waiting between steps, states stay in its cache. In each step
BLAS multiplies the input and the last outputs by their weights while both and the sums are in that cache; then one pass
bends the gates and moves the states. Backward the same way round. Rows are shared in the same portions on any number of
threads, so results do not depend on it.

Arrays are C-contiguous and of one float type, with axes (steps, batch, ...); a row of gates has blocks of n numbers, of
a weight as many columns. `inner` holds the last block's product with the recurrent weight where a gate multiplies it
(GRU); then `folded` is 1, else 0, and `inner` may hold what the backward pass wants to know (LSTM: tanh(c)).
"""

from __future__ import annotations

from typing import Any

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.blas import gemm
from spikenet.kernels.exponentials import sigmoid, tanh
from spikenet.kernels.tasks import shared

TANH, RELU, LSTM, GRU = range(4)
N, T = 78, 84  # BLAS: as it is, transposed


@compiled()
def _bent(cell: int, z: Array, inner: Array, h_before: Array, c_before: Array, h: Array, c: Array) -> None:
    """One row, one step: from the sums z to the gates (in place), to states and outputs."""
    n = h.size
    if cell == TANH:
        for j in range(n):
            h[j] = tanh(z[j])
    elif cell == RELU:
        for j in range(n):
            h[j] = max(z[j], z.dtype.type(0))
    elif cell == LSTM:
        into, forget, out, candidate = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
        for j in range(3 * n):
            z[j] = sigmoid(z[j])
        for j in range(n):
            candidate[j] = tanh(candidate[j])
            c[j] = forget[j] * c_before[j] + into[j] * candidate[j]
            inner[j] = tanh(c[j])
            h[j] = out[j] * inner[j]
    else:
        reset, update, candidate = z[:n], z[n : 2 * n], z[2 * n :]
        for j in range(2 * n):
            z[j] = sigmoid(z[j])
        for j in range(n):
            candidate[j] = tanh(candidate[j] + reset[j] * inner[j])
            h[j] = candidate[j] + update[j] * (h_before[j] - candidate[j])


@compiled()
def _unbent(
    cell: int, z: Array, inner: Array, h_before: Array, c_before: Array, h: Array, g_h: Array, g_c: Array, g_z: Array,
    g_u: Array,
) -> None:  # fmt: skip
    """Backward through `_bent`: gradients of the sums; g_h and g_c go from after the step to before it.

    g_u: of the recurrent weight's product, for GRU; the others' is g_z. g_h lacks what comes through that product.
    """
    n, one = h.size, h.dtype.type(1)
    zero = h.dtype.type(0)
    if cell == TANH:
        for j in range(n):
            g_z[j] = g_h[j] * (one - h[j] * h[j])
            g_h[j] = zero
    elif cell == RELU:
        for j in range(n):
            g_z[j] = g_h[j] if h[j] > zero else zero
            g_h[j] = zero
    elif cell == LSTM:
        into, forget, out, candidate = z[:n], z[n : 2 * n], z[2 * n : 3 * n], z[3 * n :]
        g_into, g_forget, g_out, g_candidate = g_z[:n], g_z[n : 2 * n], g_z[2 * n : 3 * n], g_z[3 * n :]
        for j in range(n):
            g = g_c[j] + g_h[j] * out[j] * (one - inner[j] * inner[j])
            g_into[j] = g * candidate[j] * (into[j] * (one - into[j]))
            g_forget[j] = g * c_before[j] * (forget[j] * (one - forget[j]))
            g_out[j] = g_h[j] * inner[j] * (out[j] * (one - out[j]))
            g_candidate[j] = g * into[j] * (one - candidate[j] * candidate[j])
            g_c[j] = g * forget[j]
            g_h[j] = zero
    else:
        reset, update, candidate = z[:n], z[n : 2 * n], z[2 * n :]
        for j in range(n):
            g = g_h[j] * (one - update[j]) * (one - candidate[j] * candidate[j])
            g_z[j] = g * inner[j] * (reset[j] * (one - reset[j]))
            g_z[n + j] = g_h[j] * (h_before[j] - candidate[j]) * (update[j] * (one - update[j]))
            g_z[2 * n + j] = g
            g_u[j], g_u[n + j], g_u[2 * n + j] = g_z[j], g_z[n + j], g * reset[j]
            g_h[j] *= update[j]


@shared
def forward(
    task: int, cell: int, blas: int, x: Array, w: Array, bias: Array, u: Array, z: Array, inner: Array, folded: int,
    h: Array, c: Array, portion: int,
) -> None:  # fmt: skip
    """Fills z (gates), inner, h[1:] and c[1:].

    blas : address of ?gemm;  w: (n_in, blocks * n);  u: (n, blocks * n)
    x    : (steps, batch, n_in); with n_in 0, z holds product and bias already
    z    : (steps, batch, blocks * n);  inner: (steps, batch, n), for a GRU its own bias
    h, c : (steps + 1, batch, n), from the states before the first step on; c is h for cells that have none
    """
    steps, batch, width = z.shape
    n, n_in, one = u.shape[0], x.shape[2], u.dtype.type(1)
    size, wide = u.itemsize, width - folded * n
    low = task * portion
    rows = min(portion, batch - low)
    for t in range(steps):
        first = h.ctypes.data + (t * batch + low) * n * size
        place = t * batch + low
        if n_in:
            for r in range(rows):
                row = z[t, low + r]
                for j in range(width):
                    row[j] = bias[j]
            given = x.ctypes.data + place * n_in * size
            gemm(blas, N, N, width, rows, n_in, one, w.ctypes.data, width, given, n_in, one,
                 z.ctypes.data + place * width * size, width)  # fmt: skip
        gemm(blas, N, N, wide, rows, n, one, u.ctypes.data, width, first, n, one,
             z.ctypes.data + place * width * size, width)  # fmt: skip
        if folded:
            gemm(blas, N, N, n, rows, n, one, u.ctypes.data + wide * size, width, first, n, one,
                 inner.ctypes.data + place * n * size, n)  # fmt: skip
        for r in range(rows):
            b = low + r
            _bent(cell, z[t, b], inner[t, b], h[t, b], c[t, b], h[t + 1, b], c[t + 1, b])


@shared
def backward(
    task: int, cell: int, blas: int, u: Array, z: Array, inner: Array, h: Array, c: Array, g_y: Array, g_h: Array,
    g_c: Array, g_z: Array, g_u: Array, portion: int,
) -> None:  # fmt: skip
    """Fills g_z and g_u, the gradients of z and of the recurrent product (for all but GRU one array), as `forward` ran.

    g_y     : (steps, batch, n) of the outputs
    g_h, g_c: (batch, n), of the states after the last step; of those before the first one when it is done
    """
    steps, batch, width = z.shape
    n, one = u.shape[0], u.dtype.type(1)
    size = u.itemsize
    low = task * portion
    rows = min(portion, batch - low)
    for back in range(steps):
        t = steps - 1 - back
        for r in range(rows):
            b = low + r
            arrived, g = g_y[t, b], g_h[b]
            for j in range(n):
                g[j] += arrived[j]
            _unbent(cell, z[t, b], inner[t, b], h[t, b], c[t, b], h[t + 1, b], g, g_c[b], g_z[t, b], g_u[t, b])
        gemm(blas, T, N, n, rows, width, one, u.ctypes.data, width,
             g_u.ctypes.data + (t * batch + low) * width * size, width, one,
             g_h.ctypes.data + low * n * size, n)  # fmt: skip


def portion_of(batch: int) -> Any:
    """Rows a thread takes at once: two portions where rows are few, as many as one product is efficient with else."""
    return min(64, max(8, -(-batch // 2)))
