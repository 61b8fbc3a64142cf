"""The time loop of an LSTM whose hidden state is a membrane that fires, forward and backward, compiled.

Laid out as `gated_loop`, whose gates these are: a thread takes rows of the batch through all steps, so results do not
depend on how many threads there are. `kind` says what a spike does to the hidden state: SUBTRACT, TO_ZERO or KEEP.
"""

from __future__ import annotations

from spikenet.derive.compile import compiled
from spikenet.errors import Array
from spikenet.kernels.blas import gemm
from spikenet.kernels.gated_loop import LSTM, N, T, _bent, _unbent
from spikenet.kernels.tasks import shared

SUBTRACT, TO_ZERO, KEEP = range(3)


@compiled()
def _fire(kind: int, threshold: Array, h: Array, v: Array, fired: Array) -> None:
    """v: the hidden state before its reset, found in h; fired: 1 where it is above the threshold, strictly."""
    limit, zero, one = threshold[0], h.dtype.type(0), h.dtype.type(1)
    for j in range(h.size):
        v[j] = h[j]
        fired[j] = one if h[j] > limit else zero
        if kind == SUBTRACT:
            h[j] = v[j] - limit * fired[j]
        elif kind == TO_ZERO:
            h[j] = v[j] * (one - fired[j])


@compiled()
def _unfire(
    kind: int, detached: int, threshold: Array, v: Array, fired: Array, slope: Array, g_fired: Array, g_h: Array
) -> None:
    """g_h goes from after the reset to before it; slope: the surrogate's, where the spike is decided."""
    limit, zero, one = threshold[0], v.dtype.type(0), v.dtype.type(1)
    for j in range(v.size):
        kept = one - fired[j] if kind == TO_ZERO else one
        taken = zero if detached or kind == KEEP else (limit if kind == SUBTRACT else v[j])
        g_h[j] = g_h[j] * kept + (g_fired[j] - g_h[j] * taken) * slope[j]


@shared
def forward(
    task: int, kind: int, blas: int, threshold: Array, u: Array, z: Array, inner: Array, v: Array, fired: Array,
    h: Array, c: Array, portion: int,
) -> None:  # fmt: skip
    """Fills z (gates), inner (tanh of c), v (h before the reset), fired, h[1:] and c[1:].

    blas: address of ?gemm;  threshold: (1,);  u: (n, 4 n)
    z   : (steps, batch, 4 n), which holds the input's product and the bias;  inner, v, fired: (steps, batch, n)
    h, c: (steps + 1, batch, n), from the states before the first step on
    """
    steps, batch, width = z.shape
    n, size, one = u.shape[0], u.itemsize, u.dtype.type(1)
    low = task * portion
    rows = min(portion, batch - low)
    for t in range(steps):
        place = t * batch + low
        gemm(blas, N, N, width, rows, n, one, u.ctypes.data, width, h.ctypes.data + place * n * size, n, one,
             z.ctypes.data + place * width * size, width)  # fmt: skip
        for r in range(rows):
            b = low + r
            _bent(LSTM, z[t, b], inner[t, b], h[t, b], c[t, b], h[t + 1, b], c[t + 1, b])
            _fire(kind, threshold, h[t + 1, b], v[t, b], fired[t, b])


@shared
def backward(
    task: int, kind: int, detached: int, blas: int, threshold: Array, u: Array, z: Array, inner: Array, v: Array,
    fired: Array, slope: Array, h: Array, c: Array, g_fired: Array, g_h: Array, g_c: Array, g_z: Array, portion: int,
) -> None:  # fmt: skip
    """Fills g_z, as `forward` ran; g_h and g_c go from after the last step to before the first one.

    g_fired: (steps, batch, n) of the spikes;  g_h, g_c: (batch, n)
    """
    steps, batch, width = z.shape
    n, size, one = u.shape[0], u.itemsize, u.dtype.type(1)
    low = task * portion
    rows = min(portion, batch - low)
    for back in range(steps):
        t = steps - 1 - back
        for r in range(rows):
            b = low + r
            _unfire(kind, detached, threshold, v[t, b], fired[t, b], slope[t, b], g_fired[t, b], g_h[b])
            _unbent(LSTM, z[t, b], inner[t, b], h[t, b], c[t, b], h[t + 1, b], g_h[b], g_c[b], g_z[t, b], g_z[t, b])
        gemm(blas, T, N, n, rows, width, one, u.ctypes.data, width,
             g_z.ctypes.data + (t * batch + low) * width * size, width, one,
             g_h.ctypes.data + low * n * size, n)  # fmt: skip


@shared
def step_forward(
    b: int, kind: int, threshold: Array, z: Array, inner: Array, v: Array, fired: Array, h_before: Array,
    c_before: Array, h: Array, c: Array,
) -> None:  # fmt: skip
    """One step of `forward` from the whole sums z (batch, 4 n), as a convolution makes them; the others (batch, n)."""
    _bent(LSTM, z[b], inner[b], h_before[b], c_before[b], h[b], c[b])
    _fire(kind, threshold, h[b], v[b], fired[b])


@shared
def step_backward(
    b: int, kind: int, detached: int, threshold: Array, z: Array, inner: Array, v: Array, fired: Array, slope: Array,
    h_before: Array, c_before: Array, g_fired: Array, g_h: Array, g_c: Array, g_z: Array,
) -> None:  # fmt: skip
    """One step of `backward`: fills g_z; g_h and g_c go to before the step, but for what comes through the product."""
    _unfire(kind, detached, threshold, v[b], fired[b], slope[b], g_fired[b], g_h[b])
    _unbent(LSTM, z[b], inner[b], h_before[b], c_before[b], v[b], g_h[b], g_c[b], g_z[b], g_z[b])
